/**
 * What `call` throws, and how a handler declares a failure.
 */
import type { Attempt, Explanation } from '../router/explanation.ts';
import { describeFailure, isRetryable, type RpcFailure } from './rpc-failure.ts';

export interface RpcErrorOptions extends ErrorOptions {
  /** What failed may run twice without harm. */
  readonly idempotent?: boolean;
  /** Providers that were tried, in order. */
  readonly attempts?: readonly Attempt[];
  /** All repeats that its caller wanted were made, or the budget for repeats was used up. */
  readonly exhausted?: boolean;
}

/** Branch on `error.failure.tag`; the message is for people. Local callers find what a handler threw in `cause`. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly failure: RpcFailure;
  /** The procedure, when the error belongs to one. */
  readonly procedure: string | undefined;
  /** Whether the same call may be repeated, and may then succeed. */
  readonly retryable: boolean;
  /** Providers that were tried, in order, the last one's failure being this error's. Empty when it was one of here. */
  readonly attempts: readonly Attempt[];
  /** `retry` was asked for, and did not help. */
  readonly exhausted: boolean;

  constructor(failure: RpcFailure, procedure?: string, options?: RpcErrorOptions) {
    super(
      `${procedure === undefined ? '' : `${procedure}: `}${describeFailure(failure)} [${failure.tag}]`,
      options,
    );
    this.failure = failure;
    this.procedure = procedure;
    this.attempts = options?.attempts ?? [];
    this.exhausted = options?.exhausted === true;
    this.retryable = isRetryable(failure) || (options?.idempotent === true && isUncertain(failure));
  }

  get tag(): RpcFailure['tag'] {
    return this.failure.tag;
  }
}

/** Nobody knows whether it ran. */
const isUncertain = ({ tag }: RpcFailure): boolean => tag === 'timeout' || tag === 'connection_error';

/** True when nobody could be found to serve the call, whoever noticed. */
export function isNotFound(error: unknown): boolean {
  if (!(error instanceof RpcError)) return false;
  const { tag } = error.failure;
  return tag === 'service_not_found' || tag === 'procedure_not_found' || tag === 'no_handler';
}

/** A failure that a handler declares: its caller gets `handler_error` with this reason. */
export class Err {
  readonly reason: unknown;
  readonly #mark = true;
  constructor(reason: unknown) {
    this.reason = reason;
  }
  /** Asks no trap of a proxy. */
  static is(value: unknown): value is Err {
    return typeof value === 'object' && value !== null && #mark in value && value.#mark;
  }
}

// says what was returned where `is` cannot: a worker thread loads a copy of this module
Object.defineProperty(Err.prototype, Symbol.for('espalier.err'), { value: true });

/** Returned by a handler to answer with a declared failure; any encodable reason. */
export const err = (reason: unknown): Err => new Err(reason);

/** The result of `tryCall`. */
export type Result<Value = unknown> =
  | {
      readonly ok: true;
      readonly value: Value;
      /** Where the provider was found; of a client's call, by its node: `direct` when that served it itself. */
      readonly route: Route;
      /** The provider's node id in hex; for `direct` the node that was asked. */
      readonly node: string;
      /** With `explain`. */
      readonly explanation?: Explanation;
    }
  | { readonly ok: false; readonly error: RpcError; readonly explanation?: Explanation };

/** How a provider was found: served here, from the cache, through the DHT, or by asking the connected node. */
export type Route = 'local' | 'cache' | 'dht' | 'direct';
