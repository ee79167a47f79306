/**
 * The supervisor that the model judges: ours, under a virtual clock, with children that do as planned and write down
 * what happens in the model's words.
 */
import { exit } from '../../src/actor/exit-reason.ts';
import type { Process, Self } from '../../src/actor/process.ts';
import type { DynamicSupervisorRef } from '../../src/otp/dynamic-supervisor.ts';
import { ExitError, StartError } from '../../src/otp/errors.ts';
import { chain } from '../../src/otp/sequence.ts';
import type { ProcessOptions, StartResult } from '../../src/otp/start.ts';
import { startSupervisorLink, worker, type SupervisorRef } from '../../src/otp/supervisor.ts';
import { ignore, noReply, stop, type ChildSpec, type GenServer } from '../../src/otp.ts';
import { seededWorld, type World } from '../actor/world.ts';
import { reasonOf, textOf } from '../differential/text.ts';
import { LINGER, type ChildPlan, type End, type Outcome, type Request } from './supervision-model.ts';

/** Whoever is asked until nobody is being restarted any more. */
const LOOKS = 1_000;

export abstract class SupervisorWorld {
  readonly world: World;
  readonly outcomes: Map<string, Outcome[]> = new Map();
  trace: string[] = [];
  /** Everybody who ever ran below the supervisor, with his parent. */
  readonly family: Map<Process, Process> = new Map();
  readonly #names = new Map<unknown, string>();
  readonly #runs = new Map<string, number>();
  readonly #latest = new Map<string, Process>();
  /** They end by themselves: how they take an order does not matter any more. */
  readonly #leaving = new Set<Self>();

  #root: SupervisorRef | DynamicSupervisorRef | undefined;

  /** @param seed of the order in which processes that are ready run; it must not matter. */
  constructor(seed: number) {
    this.world = seededWorld(seed);
    this.world.runtime.onReport((report) => {
      if (report.tag === 'supervisor')
        this.#note(
          `!${report.context} ${this.reported(report.context, report.child)} ${textOf(report.reason)}`,
        );
    });
  }

  /** The answer to a request that is sent at once. */
  abstract ask(request: Request): Promise<unknown>;
  /** `whichChildren` and `countChildren` in the model's words. */
  abstract which(): Promise<string>;
  /** Who is named in a report. */
  reported(_context: string, id: string): string {
    return id;
  }

  async count(): Promise<string> {
    const { specs, active, supervisors, workers } = await this.ref.countChildren();
    return [specs, active, supervisors, workers].join('/');
  }

  get ref(): SupervisorRef | DynamicSupervisorRef {
    if (this.#root === undefined) throw new Error('it has not started');
    return this.#root;
  }

  get root(): Process {
    return this.ref.pid as Process;
  }

  /** The answer to the start of the supervisor. */
  async started(starting: Promise<SupervisorRef | DynamicSupervisorRef>): Promise<string> {
    return this.said(
      this.until(starting).then((ref) => {
        this.#root = ref;
        this.#names.set(this.root, 'root');
        this.#latest.set('root', this.root);
        this.world.runtime.onExit(this.root, (reason) => this.#note(`-root ${textOf(reason)}`));
        return 'ok';
      }),
    );
  }

  /** All of it happens before the supervisor hears of any. */
  async does(items: readonly (End | Request)[]): Promise<string[]> {
    const answers = items.map((item) =>
      item.tag === 'end' ? Promise.resolve(this.#end(item)) : this.said(this.ask(item)),
    );
    const said = await this.until(Promise.all(answers));
    await this.#rest();
    return said;
  }

  get now(): number {
    return this.world.clock.now();
  }

  /** By name. */
  get living(): string[] {
    return [...this.#names].flatMap(([process, name]) =>
      (process as Process).alive && name !== 'root' ? [name] : [],
    );
  }

  get orphans(): readonly string[] {
    return [...this.family].flatMap(([child, parent]) => (child.alive && !parent.alive ? [child.label] : []));
  }

  name(process: unknown): string {
    return this.#names.get(process) ?? '';
  }

  newest(id: string): Process | undefined {
    return this.#latest.get(id);
  }

  #end({ id, reason }: End): string {
    const process = this.#latest.get(id);
    if (process?.alive !== true) return 'none';
    if (reason === 'kill') this.world.runtime.exit(process, 'kill');
    else {
      this.#leaving.add(process);
      this.world.runtime.stop(process, reasonOf(reason));
    }
    return 'done';
  }

  /** An answer in the model's words. */
  async said(answer: Promise<unknown>): Promise<string> {
    try {
      const value = await answer;
      if (typeof value === 'string') return value;
      return value === undefined ? 'ok' : `ok ${this.name(value)}`;
    } catch (error) {
      if (!(error instanceof ExitError || error instanceof StartError)) throw error;
      const { reason } = error;
      if (typeof reason === 'object' && reason !== null && 'already_started' in reason)
        return `error already_started ${this.name(reason.already_started)}`;
      return `error ${textOf(reason)}`;
    }
  }

  /** Lets time pass, no more than it takes, until the promise is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    await this.world.clock.until(() => settled);
    return promise;
  }

  /** Waits until the supervisor has heard of all and restarts nobody, or is dead. */
  async #rest(): Promise<void> {
    const { ref } = this;
    for (let looks = 0; looks < LOOKS; looks++) {
      if (!this.root.alive) return;
      try {
        const children = await this.until<readonly { readonly pid: unknown }[]>(ref.whichChildren());
        if (!children.some(({ pid }) => pid === 'restarting')) return;
      } catch (error) {
        if (!(error instanceof ExitError)) throw error;
      }
    }
    throw new Error('it never comes to rest');
  }

  spec(plan: ChildPlan): ChildSpec {
    const { id, restart, significant, shutdown, style } = plan;
    const options = { restart, significant, shutdown };
    if (style !== 'branch') return { ...worker(id, this.#server(plan), undefined), ...options };
    return { id, type: 'supervisor', ...options, start: (parent) => this.#startBranch(parent, plan) };
  }

  #note(text: string): void {
    this.trace.push(`${this.now} ${text}`);
  }

  #up(id: string, process: Process): void {
    const run = (this.#runs.get(id) ?? 0) + 1;
    const name = `${id}#${run}`;
    this.#runs.set(id, run);
    this.#latest.set(id, process);
    this.#names.set(process, name);
    this.#born(process);
    this.#note(`+${name}`);
    this.world.runtime.onExit(process, (reason) => this.#note(`-${name} ${textOf(reason)}`));
  }

  #born(process: Process): void {
    if (process.parentProcess !== null) this.family.set(process, process.parentProcess);
  }

  async #after(ms: number): Promise<void> {
    await new Promise<void>((done) => void this.world.runtime.timers.after(ms, done));
  }

  #server({ id, style, startup }: ChildPlan): GenServer<undefined, null> {
    const begin = (self: Self): null | ReturnType<typeof stop> | typeof ignore => {
      const outcome = this.outcomes.get(id)?.shift() ?? 'ok';
      if (outcome === 'ok') this.#up(id, self as Process);
      else this.#note(`+${id} ${outcome}`);
      if (outcome === 'crash') exit('bad');
      return outcome === 'ok' ? null : outcome === 'ignore' ? ignore : stop('nope', undefined);
    };
    return {
      trapExit: style !== 'plain',
      init: (_, self) =>
        startup === 0 ? (begin(self) as null) : this.#after(startup).then(() => begin(self) as null),
      handleInfo: (_, state) => noReply(state),
      terminate: (_, __, self) => {
        if (this.#leaving.has(self) || style === 'plain' || style === 'obey') return undefined;
        if (style === 'stubborn') return new Promise(() => {});
        return style === 'linger' ? this.#after(LINGER) : exit('rather not');
      },
    };
  }

  /** A supervisor with one child, of which only orphans are looked for. */
  #startBranch(parent: Self, { id }: ChildPlan): StartResult | Promise<StartResult> {
    const outcome = this.outcomes.get(id)?.shift() ?? 'ok';
    if (outcome !== 'ok') {
      this.#note(`+${id} ${outcome}`);
      if (outcome === 'ignore') return { tag: 'ignore' };
      return { tag: 'error', reason: outcome === 'error' ? 'nope' : 'bad' };
    }
    const leaf: GenServer<undefined, null> = {
      init: (_, self) => {
        this.#born(self as Process);
        return null;
      },
    };
    const started = startSupervisorLink(parent, { children: [worker('leaf', leaf, undefined)] }, {
      id,
    } as ProcessOptions);
    return chain(started, (result) => {
      if (result.tag === 'ok') this.#up(id, result.pid as Process);
      return result;
    });
  }
}
