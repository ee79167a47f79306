/**
 * The restarts that the supervisors of one runtime decided, from its reports.
 *
 * What a supervisor may do is asked of itself, but for those of whom it is known from elsewhere.
 */
import { Process } from '../../actor/process.ts';
import type { Report } from '../../actor/report.ts';
import type { RestartLimit } from '../../otp/restart-intensity.ts';
import type { RestartFacts } from './invariants/restarts.ts';

interface Entry {
  readonly supervisor: Process;
  readonly intensity: number;
  readonly period: number;
  readonly at: number[];
}

export class RestartLog {
  readonly #entries = new Map<Process, Entry>();
  readonly #known: ReadonlyMap<string, RestartLimit>;

  /** @param known what supervisors were given, by label. */
  constructor(known: ReadonlyMap<string, RestartLimit>) {
    this.#known = known;
  }

  /** `now`: monotonic milliseconds; the wall clock may jump. */
  add(report: Report, now: number): void {
    if (report.tag !== 'supervisor' || report.context !== 'child_terminated') return;
    const supervisor = report.pid;
    if (!(supervisor instanceof Process) || !report.decision.startsWith('restart')) return;
    let entry = this.#entries.get(supervisor);
    if (entry === undefined) {
      const { intensity, period } =
        this.#known.get(supervisor.label) ?? supervisor.behavior.inspect?.(supervisor) ?? {};
      if (typeof intensity !== 'number' || typeof period !== 'number') return;
      entry = { supervisor, intensity, period, at: [] };
      this.#entries.set(supervisor, entry);
    }
    entry.at.push(now);
  }

  *facts(): Generator<RestartFacts> {
    for (const { supervisor, intensity, period, at } of this.#entries.values()) {
      const { label, serial, alive } = supervisor;
      yield { label, serial, restarts: at, intensity, period, alive };
    }
  }
}
