/**
 * What the runtime reports: crashes and what supervisors decided about them (OTP R1–R5).
 *
 * A listener in this process gets reasons, and of a server that failed its state and last message, as its
 * `formatStatus` shows them. The log gets the outline of the reason, never state, arguments or messages. Orderly
 * ends (`normal`, `shutdown`, `{ shutdown: … }`) are not crashes and make no crash report.
 */
import { sentenceOf } from './event-sentence.ts';
import type { EventLevel } from './event.ts';
import type { ExitReason } from './exit-reason.ts';
import { KERNEL_EVENTS, type KernelEventName, type KernelFields } from './kernel-events.ts';
import { isWanted, type LogFields, type Logger } from './logger.ts';
import { framesOf, outlineReason } from './outline.ts';
import type { Pid } from './pid.ts';
import { Process } from './process.ts';
import { crashDetails, type CrashDetails } from './crash-details.ts';
import { formatReason, shownReason } from './shown-reason.ts';
import { pathOf } from './tree.ts';

export type { CrashDetails } from './crash-details.ts';

/** What a report says of a child: its specification, without what it runs and what it is given. */
export interface ReportedChild {
  readonly id: string;
  /** The process that was started, or has ended; undefined when there was none. */
  readonly pid: Pid | undefined;
  readonly restart: string;
  readonly significant: boolean;
  /** Milliseconds, or `brutalKill`. */
  readonly shutdown: number | string;
  readonly type: string;
}

/** Something a runtime tells of; `tag` says what. `at`: milliseconds since 1970. */
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
      /** As `formatStatus` shows it; where that leaves it out, its kind. */
      readonly reason: ExitReason;
      readonly queued: number;
      /** More about it. To be called by the listener at once: later the process is gone. */
      readonly details: () => CrashDetails;
    }
  | {
      /** A server fails (OTP R3); comes right before its crash report. */
      readonly tag: 'terminate';
      readonly at: number;
      readonly pid: Pid;
      readonly label: string;
      readonly class: 'error' | 'exit';
      readonly reason: ExitReason;
      /** What it was handling, as `formatStatus` shows it; undefined when nothing. */
      readonly message: unknown;
      readonly state: unknown;
      /** Its last events while `sys.log` was on, else empty. */
      readonly log: readonly unknown[];
      /** Of a state machine: the events and timeouts it held. */
      readonly machine?: {
        readonly queue: readonly unknown[];
        readonly postponed?: readonly unknown[] | undefined;
        readonly timeouts?: readonly unknown[] | undefined;
      };
    }
  | {
      readonly tag: 'supervisor';
      readonly at: number;
      readonly pid: Pid;
      readonly label: string;
      readonly context: 'start_error' | 'child_terminated' | 'shutdown_error' | 'shutdown';
      readonly child: string;
      /** Absent for what is supervised without a specification. */
      readonly spec?: ReportedChild;
      /** As in the report of the crash. */
      readonly reason: ExitReason;
      /** What the supervisor does about it. */
      readonly decision: string;
      /** Of a child that ended: the supervisor's restarts in its window, with the one that this end leads to. */
      readonly restarts?: number;
    }
  | {
      readonly tag: 'progress';
      readonly at: number;
      readonly label: string;
      readonly child: string;
      readonly spec: ReportedChild;
      readonly pid: Pid;
    }
  | {
      readonly tag: 'unhandled';
      readonly at: number;
      readonly pid: Pid;
      readonly label: string;
      /** Its JavaScript type. */
      readonly kind: string;
      readonly message: unknown;
    }
  | {
      /** The event loop was blocked for `ms` (watchdog). */
      readonly tag: 'blocked';
      readonly at: number;
      /** Whose turn it was; serial 0: no actor's. */
      readonly pid: Pid;
      readonly label: string;
      readonly ms: number;
    };

/** Called for each report, in the turn of whatever is reported: it must be quick. A throw is logged. */
export type ReportListener = (report: Report) => void;

/** Hands reports to the log and to listeners. Nothing that throws there harms the process that is reported. */
export class Reporter {
  readonly #logger: Logger;
  readonly #details: boolean;
  readonly #listeners = new Set<ReportListener>();
  /** @param details whether the log tells name and message of what was thrown. */
  constructor(logger: Logger, details: boolean = false) {
    this.#logger = logger;
    this.#details = details;
  }

  /** Whether anybody would hear of a crash. */
  get hearsCrashes(): boolean {
    return this.#listeners.size > 0 || this.#wants(KERNEL_EVENTS['actor.crash'].level);
  }

  /** Whether anybody sees more than the log does. */
  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** Until the returned function is called. */
  listen(listener: ReportListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether anybody hears of progress: else its reports, one for each start, need not be made. */
  get wantsProgress(): boolean {
    return this.#listeners.size > 0 || this.#wants('debug');
  }

  /** A logger that does not even say what it wants gets nothing, and harms nobody. */
  #wants(level: EventLevel): boolean {
    try {
      return isWanted(this.#logger, level);
    } catch {
      return false;
    }
  }

  report(given: Report): void {
    // while nobody would see more than an outline, nobody is asked what may be seen
    const report = this.#listeners.size > 0 || this.#details ? shown(given) : given;
    try {
      logReport(this.#logger, report, this.#details);
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
      const fields = { reason: outlineReason(error, this.#details), stack: stackOf(error) };
      log(this.#logger, entry('runtime.defect', fields));
    } catch {
      // as above
    }
  }
}

/** The reasons of reports that show them in another form: an outline, which tells nothing of them, is made of these. */
const outlined = new WeakMap<Report, ExitReason>();

/** With its reason as the behavior of whoever ended shows it. */
function shown(report: Report): Report {
  if (report.tag !== 'crash' && report.tag !== 'supervisor') return report;
  const ended = report.tag === 'crash' ? report.pid : report.spec?.pid;
  const reason = ended instanceof Process ? formatReason(ended, report.reason) : shownReason(report.reason);
  if (Object.is(reason, report.reason)) return report;
  const told: Report = { ...report, reason };
  outlined.set(told, report.reason);
  return told;
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
    details: () => crashDetails(process, reason),
  };
}

/** A message that no callback wants is dropped, with a warning (OTP G12). */
export function reportUnhandled(self: Process, message: unknown): void {
  const { label, clock, runtime } = self;
  runtime.report({ tag: 'unhandled', at: clock.wall(), pid: self, label, kind: typeof message, message });
}

/** A report as an event of the catalogue: plain data, without anything of what was thrown but its outline. */
interface ReportEntry<Name extends KernelEventName = KernelEventName> {
  readonly event: Name;
  readonly fields: KernelFields<Name>;
  readonly message: string;
}

const entry = <Name extends KernelEventName>(event: Name, fields: KernelFields<Name>): ReportEntry<Name> => ({
  event,
  fields,
  message: sentenceOf(event, fields),
});

/**
 * Undefined for the report of a failed server: what it adds to the crash report is state and message, for listeners.
 * @param details as `RuntimeOptions.crashDetails`.
 */
export function entryOf(report: Report, details: boolean = false): ReportEntry | undefined {
  const { label } = report;
  const pid = report.pid.toString();
  switch (report.tag) {
    case 'crash': {
      const { id, type, queued } = report;
      const path = report.path.join(' > ');
      const { reason, stack } = toldOf(report, details);
      const fields = { id, pid, actor: label, type, path, reason, stack, queued };
      return entry('actor.crash', fields);
    }
    case 'supervisor': {
      const { context, child, decision } = report;
      const { reason } = toldOf(report, details);
      const fields = { pid, supervisor: label, child, reason, decision };
      return entry(`supervisor.${context}`, fields);
    }
    case 'progress': {
      const fields = { supervisor: label, child: report.child, pid };
      return entry('supervisor.progress', fields);
    }
    case 'terminate':
      return undefined;
    case 'unhandled': {
      const fields = { pid, actor: label, kind: report.kind };
      return entry('actor.unhandled', fields);
    }
    case 'blocked': {
      const who = report.pid.serial === 0 ? {} : { pid, actor: label };
      return entry('runtime.blocked', { ...who, ms: report.ms, over: true });
    }
  }
}

/** What the log tells of a reason, and the places in the code. */
function toldOf(
  report: Extract<Report, { readonly reason: ExitReason }>,
  details: boolean,
): { readonly reason: string; readonly stack: string | undefined } {
  const whole = outlined.has(report) ? outlined.get(report) : report.reason;
  return { reason: outlineReason(details ? report.reason : whole, details), stack: stackOf(whole) };
}

/** Writes a report to a logger, with the places of its stack when what was thrown has one. */
function logReport(logger: Logger, report: Report, details: boolean = false): void {
  // an outline costs more than all the rest: it is not made for a log that drops it
  if (!isWanted(logger, levelOf(report))) return;
  const told = entryOf(report, details);
  if (told !== undefined) log(logger, told);
}

function levelOf(report: Report): EventLevel {
  switch (report.tag) {
    case 'crash':
      return KERNEL_EVENTS['actor.crash'].level;
    case 'supervisor':
      return KERNEL_EVENTS[`supervisor.${report.context}`].level;
    case 'progress':
      return KERNEL_EVENTS['supervisor.progress'].level;
    case 'unhandled':
      return KERNEL_EVENTS['actor.unhandled'].level;
    case 'blocked':
      return KERNEL_EVENTS['runtime.blocked'].level;
    case 'terminate':
      return 'debug';
  }
}

function log(logger: Logger, { event, fields, message }: ReportEntry): void {
  const level: EventLevel = KERNEL_EVENTS[event].level;
  logger[level]({ event, ...fields } satisfies LogFields, message);
}

function stackOf(reason: unknown): string | undefined {
  const frames = framesOf(reason);
  return frames.length === 0 ? undefined : frames.join('\n');
}
