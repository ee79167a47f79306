/**
 * How long a caller waits: until a deadline, and no longer than it wants to. One budget for all steps of what it
 * asked for.
 */
import type { Runtime } from '../../actor/runtime.ts';
import { RpcError } from '../errors/rpc-error.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { Waiting } from './check.ts';
import { within } from './within.ts';

export class Patience {
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly #runtime: Runtime;
  readonly #deadline: number;

  constructor(runtime: Runtime, { timeout, signal }: Pick<Waiting, 'timeout' | 'signal'>) {
    this.timeout = timeout;
    this.signal = signal;
    this.#runtime = runtime;
    this.#deadline = runtime.clock.now() + timeout;
  }

  /** Milliseconds, never negative. */
  get left(): number {
    return Math.max(0, this.#deadline - this.#runtime.clock.now());
  }

  /** Why there is no more waiting; undefined while there is time. */
  get over(): RpcFailure | undefined {
    if (this.signal?.aborted === true) return CANCELED;
    return this.left === 0 ? this.#late : undefined;
  }

  get #late(): RpcFailure {
    return { tag: 'timeout', timeout: this.timeout, sent: false };
  }

  /** Throws `RpcError` `canceled` or `timeout` when there is no more waiting. */
  check(procedure?: string): void {
    const failure = this.over;
    if (failure !== undefined) throw this.#error(failure, procedure);
  }

  /** What `promise` gives in time; else throws as `check` does, and whatever comes of the promise is dropped. */
  wait<T>(promise: Promise<T>, procedure?: string): Promise<T> {
    const giveUp = (): never => {
      throw this.#error(this.over ?? this.#late, procedure);
    };
    return within(this.#runtime, this.left, promise, giveUp, this.signal);
  }

  #error(failure: RpcFailure, procedure: string | undefined): RpcError {
    const cause: unknown = failure.tag === 'canceled' ? this.signal?.reason : undefined;
    return new RpcError(failure, procedure, cause === undefined ? {} : { cause });
  }
}

const CANCELED: RpcFailure = { tag: 'canceled' };
