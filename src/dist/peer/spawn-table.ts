/**
 * Spawns asked of a peer that have no answer yet. Pure.
 */
import type { Call } from '../../actor/call.ts';
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { Monitor } from '../../actor/monitor.ts';
import type { Process } from '../../actor/process.ts';
import type { ReferenceTerm } from '../../codec/etf/identities.ts';
import type { NodePid } from '../node-pid.ts';

/** At once and per peer, at most; they go with the connection. */
export const MAX_SPAWNS = 65_536;

export interface Spawning {
  readonly module: string;
  readonly function: string;
  /** `id`: the reference that the request goes by. */
  readonly args: (id: ReferenceTerm) => readonly unknown[];
  /** Whose link and monitor it is; null: nobody's in particular. */
  readonly from: Process | null;
  readonly link: boolean;
  readonly monitor: boolean;
  /** Told of its end in place of `from`. */
  readonly notify: ((reason: ExitReason, id: ReferenceTerm) => void) | null;
  /** Fails when nothing was started; settled: nobody waits. */
  readonly call: Call;
  /** It runs. `monitor`: when one was asked for. */
  readonly started: (pid: NodePid, monitor: Monitor | undefined) => void;
}

/** Requests that have no answer, by the serials of their references. */
export class Spawns {
  readonly #waiting = new Map<number, Spawning>();

  get room(): boolean {
    return this.#waiting.size < MAX_SPAWNS;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(serial: number, spawning: Spawning): void {
    this.#waiting.set(serial, spawning);
  }

  take(serial: number): Spawning | undefined {
    const spawning = this.#waiting.get(serial);
    this.#waiting.delete(serial);
    return spawning;
  }

  /** All of them; the connection is over. */
  drain(): readonly Spawning[] {
    const all = Array.from(this.#waiting.values());
    this.#waiting.clear();
    return all;
  }
}
