/**
 * What a replay keeps: the clock, who runs under which name, what is planned, what happened.
 */
import { silentLogger } from '../../src/actor/logger.ts';
import type { Process } from '../../src/actor/process.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { DynamicSupervisorRef } from '../../src/otp/dynamic-supervisor.ts';
import { SupervisorRef } from '../../src/otp/supervisor.ts';
import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { Outcome, TreeScript } from './script.ts';
import { textOf } from './text.ts';

export type AnyRef = SupervisorRef | DynamicSupervisorRef;

export const isDynamic = (tree: TreeScript): boolean => tree.strategy === 'simpleOneForOne';

export class World {
  readonly clock: VirtualClock = virtualClock();
  readonly runtime: Runtime;
  readonly plans: Map<string, Outcome[]> = new Map();
  /** Opens the gate where a start waits. */
  gate: ((outcome: Outcome) => void) | undefined;
  /** The worker whose next start waits at the gate. */
  gated: string | undefined;
  events: string[] = [];
  /** Everything that happened so far. */
  happened = 0;
  readonly #counts = new Map<string, number>();
  readonly #names = new Map<unknown, string>();
  readonly #latest = new Map<string, Process>();
  /** Ids of supervisors, and whether they are dynamic. */
  readonly #trees = new Map<string, boolean>();

  constructor(seed: number) {
    this.runtime = new Runtime({
      clock: this.clock,
      random: seededRandom(seed),
      logger: silentLogger,
      budget: { milliseconds: Infinity },
    });
    this.runtime.onReport((report) => {
      if (report.tag === 'supervisor')
        this.event(`!${report.context} ${report.child} ${textOf(report.reason)}`);
    });
  }

  event(text: string): void {
    this.events.push(text);
    this.happened++;
  }

  up(id: string, process: Process, tree?: TreeScript): void {
    const n = (this.#counts.get(id) ?? 0) + 1;
    const name = `${id}#${n}`;
    this.#counts.set(id, n);
    this.#names.set(process, name);
    this.#latest.set(id, process);
    if (tree !== undefined) this.#trees.set(id, isDynamic(tree));
    this.event(`+${name}`);
    this.runtime.onExit(process, (reason) => this.event(`-${name} ${textOf(reason)}`));
  }

  name(process: unknown): string {
    return this.#names.get(process) ?? '';
  }

  /** Its living process. */
  find(id: string): Process | undefined {
    const process = this.#latest.get(id);
    return process?.alive === true ? process : undefined;
  }

  /** The newest of this id, dead or alive. */
  newest(id: string): Process | undefined {
    return this.#latest.get(id);
  }

  ref(id: string): AnyRef | undefined {
    const process = this.find(id);
    if (process === undefined) return undefined;
    return this.#trees.get(id) === true
      ? new DynamicSupervisorRef(this.runtime, process)
      : new SupervisorRef(this.runtime, process);
  }

  /** Living supervisors, in the order of their ids. */
  trees(): readonly (readonly [string, AnyRef])[] {
    return [...this.#trees.keys()].toSorted().flatMap((id) => {
      const ref = this.ref(id);
      return ref === undefined ? [] : [[id, ref] as const];
    });
  }

  outcome(id: string): Outcome | 'gate' {
    if (this.gated === id) {
      this.gated = undefined;
      return 'gate';
    }
    return this.plans.get(id)?.shift() ?? 'ok';
  }
}
