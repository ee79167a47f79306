/**
 * How a call can fail: one tagged union, the same for local and remote calls (SPEC §2.4).
 *
 * Plain data, safe to log: no stack, no path, no arguments. `isRetryable` and `isNotFound` answer what callers
 * ask most. `sent` says whether the handler may have run.
 */

import { short } from './short.ts';

/** How a handler's process ended: it threw, it was killed, or its worker ran out of memory. */
export type CrashKind = 'error' | 'killed' | 'oom';

export type RpcFailure =
  /** The total deadline passed. `timeout` in ms. */
  | { readonly tag: 'timeout'; readonly timeout: number; readonly sent?: boolean }
  /** Nobody in the mesh serves this procedure. */
  | { readonly tag: 'service_not_found' }
  /** The handler returned `err(reason)`. */
  | { readonly tag: 'handler_error'; readonly reason: unknown; readonly code?: string }
  /** The handler threw or was killed. `id` joins the provider's log; `detail` only where the provider shares it. */
  | {
      readonly tag: 'handler_crash';
      readonly id: string;
      readonly reason: CrashKind;
      readonly detail?: string;
    }
  | { readonly tag: 'connection_error'; readonly sent: boolean; readonly detail: string }
  /** The provider had lost its handler. */
  | { readonly tag: 'no_handler' }
  /** A station whose DHT and peers knew nobody. */
  | { readonly tag: 'procedure_not_found'; readonly detail?: string }
  /** Forwarding to another station failed. */
  | { readonly tag: 'cross_relay_error'; readonly detail?: string }
  /** A bound was hit; `bound` names it: `mailbox`, `procedure`, `peer`, `streams`, `connection`. */
  | { readonly tag: 'overloaded'; readonly bound: string }
  /** The caller's signal fired, or the client closed before anything was sent. */
  | { readonly tag: 'canceled'; readonly detail?: string }
  | { readonly tag: 'unauthorized'; readonly detail: string }
  /** More bytes than the frame or `maxBody` allows. */
  | { readonly tag: 'frame_too_large'; readonly limit: number }
  /** The caller's mistake: a name, an option or args. `field` names it. */
  | { readonly tag: 'invalid_args'; readonly field: string; readonly detail: string }
  /** Args or result cannot be encoded; `path` says where, as `$.users[3].name`. */
  | { readonly tag: 'unencodable'; readonly path: string; readonly detail: string }
  | { readonly tag: 'protocol_error'; readonly detail: string };

export type RpcFailureTag = RpcFailure['tag'];

/** Whether any call that failed so may be repeated, and may then succeed. Once `sent`, only what is idempotent may. */
export function isRetryable(failure: RpcFailure): boolean {
  switch (failure.tag) {
    case 'service_not_found':
    case 'procedure_not_found':
    case 'no_handler':
    case 'cross_relay_error':
    case 'overloaded':
      return true;
    case 'timeout':
      return failure.sent === false;
    case 'connection_error':
      return !failure.sent;
    case 'handler_error':
    case 'handler_crash':
    case 'canceled':
    case 'unauthorized':
    case 'frame_too_large':
    case 'invalid_args':
    case 'unencodable':
    case 'protocol_error':
      return false;
  }
}

/** One line for people, whatever a peer wrote; a long reason is cut here, not in the failure. */
export const describeFailure = (failure: RpcFailure): string => short(words(failure));

function words(failure: RpcFailure): string {
  switch (failure.tag) {
    case 'timeout':
      return `no answer within ${failure.timeout} ms`;
    case 'service_not_found':
      return 'no provider is known in the mesh';
    case 'handler_error':
      return `the handler answered with an error${typeof failure.reason === 'string' ? `: ${failure.reason}` : ''}`;
    case 'handler_crash':
      return `the handler crashed (${failure.reason}, ${failure.id})${failure.detail === undefined ? '' : `: ${failure.detail}`}`;
    case 'connection_error':
      return `${failure.detail}${failure.sent ? ' (the call was sent and may have run)' : ''}`;
    case 'no_handler':
      return 'the provider no longer has a handler';
    case 'procedure_not_found':
      return `no station knows a provider${failure.detail === undefined ? '' : `: ${failure.detail}`}`;
    case 'cross_relay_error':
      return `forwarding between stations failed${failure.detail === undefined ? '' : `: ${failure.detail}`}`;
    case 'overloaded':
      return `overloaded (${failure.bound})`;
    case 'canceled':
      return `canceled${failure.detail === undefined ? '' : `: ${failure.detail}`}`;
    case 'unauthorized':
      return `unauthorized: ${failure.detail}`;
    case 'frame_too_large':
      return `larger than the limit of ${failure.limit} bytes`;
    case 'invalid_args':
      return `${failure.field}: ${failure.detail}`;
    case 'unencodable':
      return `cannot be encoded at ${failure.path}: ${failure.detail}`;
    case 'protocol_error':
      return `protocol error: ${failure.detail}`;
  }
}
