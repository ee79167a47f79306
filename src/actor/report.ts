/**
 * What the runtime reports: crashes and what supervisors decided about them (OTP R1–R5).
 *
 * A report carries reasons and relations, never state, arguments or messages. Orderly ends (`normal`,
 * `shutdown`, `{ shutdown: … }`) are not crashes and make no crash report.
 */
import { describeReason, type ExitReason } from './exit-reason.ts';
import type { Logger } from './logger.ts';
import type { Pid } from './pid.ts';
import type { Process } from './process.ts';
import { pathOf } from './tree.ts';

export type Report =
  | {
      readonly tag: 'crash';
      /** Joins the report with what a remote caller was told. */
      readonly id: string;
      readonly at: number;
      readonly pid: Pid;
      readonly label: string;
      readonly type: string;
      /** Labels from the root down, without the process itself. */
      readonly path: readonly string[];
      readonly reason: ExitReason;
      readonly queued: number;
    }
  | {
      readonly tag: 'supervisor';
      readonly at: number;
      readonly pid: Pid;
      readonly label: string;
      readonly context: 'start_error' | 'child_terminated' | 'shutdown_error' | 'shutdown';
      readonly child: string;
      readonly reason: ExitReason;
      /** What the supervisor does about it. */
      readonly decision: string;
    }
  | {
      readonly tag: 'progress';
      readonly at: number;
      readonly label: string;
      readonly child: string;
      readonly pid: Pid;
    }
  | {
      readonly tag: 'unhandled';
      readonly at: number;
      readonly pid: Pid;
      readonly label: string;
      readonly kind: string;
    };

export type ReportListener = (report: Report) => void;

/** Hands reports to the log and to listeners. Nothing that throws there harms the process that is reported. */
export class Reporter {
  readonly #logger: Logger;
  readonly #listeners = new Set<ReportListener>();
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Until the returned function is called. */
  listen(listener: ReportListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  report(report: Report): void {
    try {
      logReport(this.#logger, report);
    } catch {
      // a logger that throws has nowhere to say so
    }
    for (const listener of this.#listeners) {
      try {
        listener(report);
      } catch (error) {
        this.defect(error);
      }
    }
  }

  defect(error: unknown): void {
    try {
      this.#logger.error(
        { event: 'runtime.defect', reason: describeReason(error), stack: stackOf(error) },
        'a callback of the runtime threw',
      );
    } catch {
      // as above
    }
  }
}

export function crashReport(process: Process, reason: ExitReason, id: string, at: number): Report {
  return {
    tag: 'crash',
    id,
    at,
    pid: process,
    label: process.label,
    type: process.behavior.type,
    path: pathOf(process),
    reason,
    queued: process.queued,
  };
}

/** Writes a report to a logger, with the stack of the reason when it has one. */
export function logReport(logger: Logger, report: Report): void {
  switch (report.tag) {
    case 'crash':
      logger.error(
        {
          event: 'actor.crash',
          id: report.id,
          pid: report.pid.toString(),
          actor: report.label,
          type: report.type,
          path: report.path.join(' > '),
          reason: describeReason(report.reason),
          stack: stackOf(report.reason),
          queued: report.queued,
        },
        `${report.label} crashed`,
      );
      return;
    case 'supervisor':
      logger.error(
        {
          event: `supervisor.${report.context}`,
          pid: report.pid.toString(),
          supervisor: report.label,
          child: report.child,
          reason: describeReason(report.reason),
          decision: report.decision,
        },
        `${report.label}: ${report.child} ${report.context}`,
      );
      return;
    case 'progress':
      logger.info(
        {
          event: 'supervisor.progress',
          supervisor: report.label,
          child: report.child,
          pid: report.pid.toString(),
        },
        `${report.label} started ${report.child}`,
      );
      return;
    case 'unhandled':
      logger.warn(
        { event: 'actor.unhandled', pid: report.pid.toString(), actor: report.label, kind: report.kind },
        `${report.label} got a message it does not handle`,
      );
      return;
  }
}

/** Lines kept of a stack. */
const STACK_LINES = 12;

function stackOf(reason: unknown): string | undefined {
  try {
    if (!(reason instanceof Error) || typeof reason.stack !== 'string') return undefined;
    return reason.stack.split('\n').slice(1, STACK_LINES).join('\n');
  } catch {
    return undefined;
  }
}
