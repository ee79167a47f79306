/**
 * A pool's threads and the calls that wait for one.
 */
import { Kind } from '../actor/mailbox.ts';
import { Status, type Process } from '../actor/process.ts';
import { report } from './pool-report.ts';
import { counts, lacking, mayRun } from './pool-plan.ts';
import type { CheckedPool } from './pool-options.ts';
import { RestartWindow } from '../otp/restart-intensity.ts';
import { WorkerCall } from './worker-call.ts';
import { Worker, type WorkerOwner } from './worker-process.ts';

export class PoolState implements WorkerOwner {
  readonly options: CheckedPool;
  readonly waiting: Set<WorkerCall> = new Set();
  /** Loaded, without a call; the one that was used last is taken first. */
  readonly idle: Worker[] = [];
  readonly busy: Set<Worker> = new Set();
  readonly starting: Set<Worker> = new Set();
  /** Their processes are dead. */
  readonly ending: Set<Worker> = new Set();
  served = 0;
  refused = 0;
  /** Threads ended because their caller gave up, and threads that ended otherwise. */
  killed = 0;
  crashed = 0;
  readonly #pool: Process;
  readonly #window: RestartWindow;
  #started = 0;
  #closing = false;
  #onFirst: ((failure: unknown) => void) | null = null;
  #onDrained: (() => void) | null = null;
  #onEmpty: (() => void) | null = null;

  constructor(pool: Process, options: CheckedPool) {
    this.#pool = pool;
    this.options = options;
    this.#window = new RestartWindow(options.limit);
  }

  get present(): number {
    return this.idle.length + this.busy.size + this.starting.size + this.ending.size;
  }

  /** Starts all threads; gives undefined when they are loaded, or why the first one failed. */
  begin(): Promise<{ readonly reason: unknown } | undefined> {
    return new Promise((resolve) => {
      this.#onFirst = (failure) => {
        if (failure === LOADED && this.starting.size > 0) return;
        this.#onFirst = null;
        resolve(failure === LOADED ? undefined : { reason: failure });
      };
      this.refill();
    });
  }

  /** Starts what is missing. */
  refill(): void {
    if (this.#closing) return;
    const { size, spare, thread, label } = this.options;
    for (let missing = lacking({ size, spare, present: this.present }); missing > 0; missing--)
      this.starting.add(new Worker(this.#pool, thread, `${label} ${++this.#started}`, this));
  }

  admit(call: WorkerCall): void {
    if (call.settled) return;
    if (this.waiting.size >= this.options.maxQueue && !this.#hasRoom()) {
      this.refused++;
      call.refuse({ tag: 'overloaded', bound: 'queue' });
      return;
    }
    call.abandon = abandon;
    this.waiting.add(call);
    this.#pump();
  }

  /** Calls that came before the order to end and have not had their turn: they are accepted like those before them. */
  admitQueued(): void {
    const queued: WorkerCall[] = [];
    this.#pool.mailbox?.remove((kind, message) => {
      if (kind !== Kind.call || !(message instanceof WorkerCall)) return false;
      queued.push(message);
      return true;
    });
    for (const call of queued) this.admit(call);
  }

  /** The caller gave up while the call waited. */
  forget(call: WorkerCall): void {
    this.waiting.delete(call);
  }

  /** No new thread from now on. Resolves when everything accepted has its answer, or nobody can give one. */
  drained(): Promise<void> {
    this.#closing = true;
    return new Promise((resolve) => {
      this.#onDrained = resolve;
      this.#pump();
    });
  }

  /** Ends all threads and waits until none is left. */
  endAll(reason: unknown): Promise<void> {
    this.#closing = true;
    const { runtime } = this.#pool;
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      for (const worker of [...this.idle, ...this.busy, ...this.starting])
        runtime.exit(worker.process, reason, this.#pool);
      this.#checkEmpty();
    });
  }

  loaded(worker: Worker): void {
    this.starting.delete(worker);
    this.idle.push(worker);
    this.#onFirst?.(LOADED);
    this.#pump();
  }

  free(worker: Worker): void {
    this.busy.delete(worker);
    this.idle.push(worker);
    this.#pump();
  }

  died(worker: Worker, reason: unknown): void {
    const { loaded, abandoned } = worker;
    const busy = this.busy.delete(worker);
    this.starting.delete(worker);
    const at = this.idle.indexOf(worker);
    if (at !== -1) this.idle.splice(at, 1);
    this.ending.add(worker);
    if (abandoned) this.killed++;
    else if (!this.#closing) this.crashed++;
    this.#onFirst?.(reason);
    if (this.#closing) {
      this.#pump();
      return;
    }
    const counted = counts({ loaded, busy, abandoned });
    this.#pool.runtime.work(this.#pool, () => this.#lost(worker, reason, counted));
  }

  gone(worker: Worker): void {
    this.ending.delete(worker);
    this.#checkEmpty();
    if (!this.#closing) this.#pool.runtime.work(this.#pool, () => this.refill());
  }

  /** In the pool's own turn. */
  #lost({ process, abandoned }: Worker, reason: unknown, counted: boolean): void {
    if (counted && this.#window.record(this.#pool.clock.now())) {
      report(this.#pool, process.label, 'shutdown', 'reached_max_restart_intensity', 'the pool gives up');
      this.#pool.runtime.stop(this.#pool, 'shutdown');
      return;
    }
    // its caller knows, and wanted it
    if (!abandoned) report(this.#pool, process.label, 'child_terminated', reason, 'a new thread');
    this.#pump();
  }

  #hasRoom(): boolean {
    return this.idle.length > 0 && mayRun(this.busy.size, this.options.size);
  }

  #pump(): void {
    for (const call of this.waiting) {
      if (!this.#hasRoom()) break;
      this.waiting.delete(call);
      const worker = this.idle.pop() as Worker;
      // before it runs: a call may be told at once that its arguments cannot be cloned, and the next one comes
      this.busy.add(worker);
      if (worker.run(call)) this.served++;
      else {
        this.busy.delete(worker);
        this.idle.push(worker);
      }
    }
    if (this.#onDrained === null || this.busy.size > 0) return;
    if (this.waiting.size > 0 && this.idle.length + this.starting.size > 0) return;
    this.#onDrained();
    this.#onDrained = null;
  }

  #checkEmpty(): void {
    if (this.#onEmpty === null || this.present > 0) return;
    this.#onEmpty();
    this.#onEmpty = null;
  }
}

const LOADED = Symbol('loaded');

/** Of a call that a thread runs, or that waits. */
function abandon(call: WorkerCall, holder: Process): void {
  const { state } = holder;
  if (state instanceof Worker) state.abandon();
  else if (state instanceof PoolState && holder.status !== Status.dead) state.forget(call);
}
