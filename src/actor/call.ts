/**
 * A request that waits for exactly one answer: message, return address, monitor and deadline in one object.
 *
 * A call is held by one process at a time (`holder`): the server it was sent to, or whoever the server
 * handed it to; by nobody once it is detached. The holder's death, the deadline, a cancellation or the reply settles
 * it; whatever comes later is ignored (Erlang's alias semantics: a late reply shows up nowhere).
 */
import type { ExitReason } from './exit-reason.ts';
import type { Process } from './process.ts';
import { TimerEntry } from './timers.ts';
import { nameAs } from './named.ts';

/** How a call ended without a reply. */
export type CallFailure =
  /** The holder died, or was not alive (`noproc`), or its node is out of reach (`noconnection`). */
  | { readonly tag: 'exit'; readonly reason: ExitReason; readonly holder: Process | null }
  | { readonly tag: 'timeout' }
  /** The holder's mailbox is full. */
  | { readonly tag: 'overloaded'; readonly bound: string }
  /** The caller gave up. */
  | { readonly tag: 'canceled'; readonly reason: unknown };

export abstract class Call extends TimerEntry {
  // set by the constructor: see TimerEntry
  declare settled: boolean;
  /** The process that owes the answer. Only the kernel writes these three. */
  declare holder: Process | null;
  declare previous: Call | null;
  declare next: Call | null;
  constructor() {
    super();
    this.settled = false;
    this.holder = null;
    this.previous = null;
    this.next = null;
  }

  /** The request, as the holder's behavior understands it. */
  abstract readonly request: unknown;

  /** Receives the answer. Called at most once, and not after `onFailure`. */
  protected abstract onReply(value: unknown): void;
  /** Receives the failure. Called at most once, and not after `onReply`. */
  protected abstract onFailure(failure: CallFailure): void;
  /** The caller gave up while `holder` held the call, null after `detach`: a place to stop the work. */
  protected onAbandoned(_holder: Process | null, _failure: CallFailure): void {}

  /** Answers, for its holder. False when it was settled before. */
  reply(value: unknown): boolean {
    if (this.settled) return false;
    if (this.holder !== null) this.holder.sent++;
    this.#settle();
    this.onReply(value);
    return true;
  }

  /** Ends the call without an answer, by decision of the holder or the kernel. False when it was settled before. */
  fail(failure: CallFailure): boolean {
    if (this.settled) return false;
    this.#settle();
    this.onFailure(failure);
    return true;
  }

  /** The caller no longer wants the answer. False when it was settled before. */
  cancel(reason: unknown): boolean {
    return this.#abandon({ tag: 'canceled', reason });
  }

  override onTimer(): void {
    this.#abandon({ tag: 'timeout' });
  }

  /** Makes `process` the one who owes the answer; a dead one fails it with `noproc`. */
  moveTo(process: Process): void {
    if (this.settled) return;
    this.#leave();
    if (!process.alive) {
      this.fail({ tag: 'exit', reason: 'noproc', holder: null });
      return;
    }
    this.holder = process;
    this.next = process.calls;
    if (process.calls !== null) process.calls.previous = this;
    process.calls = this;
  }

  /**
   * Takes it from its holder, whose death then means nothing to it. Whoever does this owes the answer; without one
   * the deadline or a cancellation settles it.
   */
  detach(): void {
    this.#leave();
  }

  #abandon(failure: CallFailure): boolean {
    if (this.settled) return false;
    const holder = this.holder;
    this.#settle();
    this.onAbandoned(holder, failure);
    this.onFailure(failure);
    return true;
  }

  #settle(): void {
    this.settled = true;
    this.unset();
    this.#leave();
  }

  #leave(): void {
    const holder = this.holder;
    if (holder === null) return;
    if (this.previous === null) holder.calls = this.next;
    else this.previous.next = this.next;
    if (this.next !== null) this.next.previous = this.previous;
    this.previous = this.next = null;
    this.holder = null;
  }
}

nameAs(Call, () => '[call]');

/** A call that tells its outcome to two functions, as those of a promise. */
export class PromiseCall extends Call {
  readonly request: unknown;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (failure: CallFailure) => void;
  constructor(request: unknown, resolve: (value: unknown) => void, reject: (failure: CallFailure) => void) {
    super();
    this.request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }
  protected onReply(value: unknown): void {
    this.#resolve(value);
  }
  protected onFailure(failure: CallFailure): void {
    this.#reject(failure);
  }
}
