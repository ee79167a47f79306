/**
 * An error as the document that `--json` prints, and as one line for people. Pure.
 */
import { RpcError } from '../mesh/errors/rpc-error.ts';
import { describeFailure } from '../mesh/errors/rpc-failure.ts';
import { toJson, type Json } from './json-value.ts';

export interface ErrorDocument {
  /** The failure's tag; `internal_error` for what has none. */
  readonly tag: string;
  readonly message: string;
  readonly retryable: boolean;
  /** What the failure holds beside its tag. */
  readonly details: Json;
}

/** A mistake in what the user typed: `invalid_args`, exit code 2. */
export const usageError = (field: string, detail: string, options?: ErrorOptions): RpcError =>
  new RpcError({ tag: 'invalid_args', field, detail }, undefined, options);

export function errorDocument(error: unknown): ErrorDocument {
  if (error instanceof RpcError) {
    const { tag, ...details } = error.failure;
    return {
      tag,
      message: describeFailure(error.failure),
      retryable: error.retryable,
      details: toJson(details),
    };
  }
  const failure = failureIn(error);
  if (failure !== undefined) {
    const { tag, ...details } = failure;
    return { tag, message: messageOf(error), retryable: false, details: toJson(details) };
  }
  return { tag: 'internal_error', message: messageOf(error), retryable: false, details: {} };
}

/** One line for people. */
export const errorLine = (error: unknown): string => {
  if (error instanceof RpcError) return error.message;
  return failureIn(error) === undefined ? `internal error: ${messageOf(error)}` : messageOf(error);
};

/** Whether this is none of the failures we foresee, so that its stack is worth showing. */
export const isUnforeseen = (error: unknown): boolean => failureIn(error) === undefined;

/** `TransportError`, `IdentityError` and ours carry a tagged `failure`; `CarrierError` and `TunnelError` the tag alone. */
function failureIn(error: unknown): { readonly tag: string } | undefined {
  if (!(error instanceof Error) || !('failure' in error)) return undefined;
  const { failure } = error;
  if (typeof failure === 'string') return { tag: failure };
  return typeof failure === 'object' &&
    failure !== null &&
    'tag' in failure &&
    typeof failure.tag === 'string'
    ? { ...failure, tag: failure.tag }
    : undefined;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
