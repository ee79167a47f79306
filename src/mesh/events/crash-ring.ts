/**
 * The last crashes of a node, as plain data: what was thrown and the process it ended live no longer for it (INSPECTOR §2).
 *
 * A crash is told in pieces: first what the actor was handling, then the crash, then what its supervisor does. Who listens hears of it
 * again when more is known.
 */
import { messageType } from '../../actor/current-message.ts';
import { labelText } from '../../actor/format-term.ts';
import { kindOf, type ValueKind } from '../../actor/kind-of.ts';
import { Kind } from '../../actor/mailbox.ts';
import { framesOf, outlineReason } from '../../actor/outline.ts';
import { Process } from '../../actor/process.ts';
import type { Report } from '../../actor/report.ts';

/** Crashes kept. */
const RING = 200;
/** Causes of causes that are told. */
const CAUSES = 8;

export interface Crash {
  /** Joins what a remote caller was told. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly pid: string;
  readonly label: string;
  readonly type: string;
  /** Labels from the root down, without the process itself. */
  readonly path: readonly string[];
  /** Its outline, as in the log. */
  readonly reason: string;
  /** Outlines of what caused it, and of what caused that. */
  readonly cause: readonly string[];
  /** Places in the code, innermost first. */
  readonly stack: readonly string[];
  /** What it was handling: a call or a cast by its handler (`call lookup`), else the kind of value. */
  readonly lastMessage?: ValueKind;
  /** What its supervisor did; absent before, and where nobody supervises it. */
  readonly decision?: 'restarted' | 'not_restarted' | 'given_up';
  /** Who decided. */
  readonly supervisor?: string;
  /** Its restarts in its window then, with the one that this crash led to: more than its intensity is one too many. */
  readonly restarts?: number;
}

type CrashReport = Extract<Report, { tag: 'crash' }>;
type TerminateReport = Extract<Report, { tag: 'terminate' }>;
type SupervisorReport = Extract<Report, { tag: 'supervisor' }>;

export class CrashRing {
  readonly #details: boolean;
  readonly #crashes: Crash[] = [];
  readonly #listeners = new Set<(crash: Crash) => void>();
  /** Whose child it was: that a supervisor gives up is told of the child, no longer of the process. */
  readonly #places = new WeakMap<Crash, string>();
  /** What the actor was handling whose crash is told next. */
  #handling: { readonly pid: string; readonly message: ValueKind } | undefined;
  /** Since the start. */
  count = 0;

  /** @param details whether name and message of what was thrown are told. */
  constructor(details: boolean) {
    this.#details = details;
  }

  /** Oldest first. */
  get all(): readonly Crash[] {
    return [...this.#crashes];
  }

  /** Tells of each crash, and again when more is known of it, until what it gives is called. Must not throw. */
  listen(listener: (crash: Crash) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  take(report: Report): void {
    if (report.tag === 'crash') this.#add(report);
    else if (report.tag === 'supervisor') this.#decided(report);
    else if (report.tag === 'terminate')
      this.#handling =
        report.message === undefined ? undefined : { pid: report.pid.toString(), message: handled(report) };
  }

  #add(report: CrashReport): void {
    const pid = report.pid.toString();
    const handling = this.#handling?.pid === pid ? this.#handling : undefined;
    this.#handling = undefined;
    const { id, at, label, type, path, reason } = report;
    const crash: Crash = {
      id,
      at,
      pid,
      label: labelText(label),
      type,
      path: path.map(labelText),
      reason: outlineReason(reason, this.#details),
      cause: causesOf(reason).map((cause) => outlineReason(cause, this.#details)),
      stack: framesOf(reason),
      ...(handling === undefined ? {} : { lastMessage: handling.message }),
    };
    this.count++;
    if (this.#crashes.push(crash) > RING) this.#crashes.shift();
    this.#tell(crash);
  }

  #decided({ spec, context, decision, label, child, pid: supervisor, restarts }: SupervisorReport): void {
    const pid = spec?.pid?.toString();
    const place = `${supervisor.toString()} ${child}`;
    const at = this.#crashes.findLastIndex((crash) =>
      pid === undefined ? context === 'shutdown' && this.#places.get(crash) === place : crash.pid === pid,
    );
    const known = this.#crashes[at];
    if (known === undefined) return;
    const what =
      context === 'shutdown' ? 'given_up' : decision.startsWith('restart') ? 'restarted' : 'not_restarted';
    const crash: Crash = {
      ...known,
      decision: what,
      supervisor: labelText(label),
      ...(restarts === undefined ? {} : { restarts }),
    };
    this.#crashes[at] = crash;
    this.#places.set(crash, place);
    this.#tell(crash);
  }

  #tell(crash: Crash): void {
    for (const listener of this.#listeners) listener(crash);
  }
}

/** A request is told by the handler it was for; whoever hides messages hides that too. */
function handled({ pid, message }: TerminateReport): ValueKind {
  const { kind, body } = (pid instanceof Process ? pid.failure?.message : undefined) ?? {};
  return kind === Kind.call || kind === Kind.cast
    ? { type: messageType(pid as Process, kind, body) }
    : kindOf(message);
}

function causesOf(reason: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  try {
    for (let next = reason; next instanceof Error && causes.length < CAUSES;) {
      next = next.cause;
      if (next === undefined) break;
      causes.push(next);
    }
  } catch {
    // a getter, or a proxy, that throws: what came before is told
  }
  return causes;
}
