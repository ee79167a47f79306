/**
 * A call on its way into a worker thread: it waits in the pool, then one thread's process holds it.
 *
 * Whoever holds it owes the answer, so the death of the thread's process is the failure of its call. A caller
 * that gives up while the function runs costs the thread: nothing else stops what it does.
 */
import { Call, type CallFailure } from '../actor/call.ts';
import type { Process } from '../actor/process.ts';
import { failureOf, type WorkerFailure } from './worker-error.ts';

/** What to do when the caller gives up: stop the work, or free the place in the queue. */
type Abandon = (call: WorkerCall, holder: Process) => void;

export class WorkerCall extends Call {
  readonly request: unknown = undefined;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly transfer: readonly ArrayBuffer[];
  /** Set by the pool that has admitted it. */
  abandon: Abandon | null = null;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (failure: WorkerFailure) => void;
  #refusal: WorkerFailure | undefined;

  constructor(
    name: string,
    args: readonly unknown[],
    transfer: readonly ArrayBuffer[],
    resolve: (value: unknown) => void,
    reject: (failure: WorkerFailure) => void,
  ) {
    super();
    this.name = name;
    this.args = args;
    this.transfer = transfer;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Ends it with a failure of the pool's own. */
  refuse(failure: WorkerFailure): void {
    this.#refusal = failure;
    this.fail({ tag: 'exit', reason: undefined, holder: null });
  }

  protected override onReply(value: unknown): void {
    this.#resolve(value);
  }
  protected override onFailure(failure: CallFailure): void {
    this.#reject(this.#refusal ?? failureOf(failure));
  }
  protected override onAbandoned(holder: Process | null): void {
    if (holder !== null) this.abandon?.(this, holder);
  }
}
