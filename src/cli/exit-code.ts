/**
 * The exit codes of `espalier` (DESIGN §7). Pure.
 */
import { RpcError } from '../mesh/errors/rpc-error.ts';
import type { RpcFailureTag } from '../mesh/errors/rpc-failure.ts';
import { TransportError } from '../transport/transport.ts';
import { InspectError, type InspectFailure } from './inspect/inspect-error.ts';
import { DistError, type DistFailure } from './dist/dist-error.ts';

export const ExitCode = {
  ok: 0,
  /** Any other failure. */
  failure: 1,
  /** The command line, JSON that cannot be parsed, `invalid_args`. */
  usage: 2,
  notFound: 3,
  timeout: 4,
  handler: 5,
  /** SIGINT or SIGTERM cut a call off; also a second signal that did not want to wait. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What the command exits with when it ends by this error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof RpcError) return exitCodeOfTag(error.failure.tag);
  if (error instanceof InspectError) return exitCodeOfInspect(error.failure.tag);
  if (error instanceof DistError) return exitCodeOfDist(error.failure.tag);
  if (error instanceof TransportError && error.failure.tag === 'invalid_option') return ExitCode.usage;
  return ExitCode.failure;
}

export function exitCodeOfTag(tag: RpcFailureTag): ExitCode {
  switch (tag) {
    case 'invalid_args':
      return ExitCode.usage;
    case 'service_not_found':
    case 'procedure_not_found':
    case 'no_handler':
      return ExitCode.notFound;
    case 'timeout':
      return ExitCode.timeout;
    case 'handler_error':
    case 'handler_crash':
      return ExitCode.handler;
    case 'connection_error':
    case 'cross_relay_error':
    case 'overloaded':
    case 'canceled':
    case 'unauthorized':
    case 'frame_too_large':
    case 'unencodable':
    case 'protocol_error':
      return ExitCode.failure;
  }
}

export function exitCodeOfInspect(tag: InspectFailure['tag']): ExitCode {
  switch (tag) {
    case 'several_runtimes':
      return ExitCode.usage;
    case 'no_such_actor':
      return ExitCode.notFound;
    case 'no_runtime':
    case 'unreachable':
    case 'refused':
    case 'unauthorized':
    case 'strange':
      return ExitCode.failure;
  }
}

export function exitCodeOfDist(tag: DistFailure['tag']): ExitCode {
  switch (tag) {
    case 'noproc':
    case 'undef':
      return ExitCode.notFound;
    case 'timeout':
      return ExitCode.timeout;
    case 'exit':
    case 'exception':
      return ExitCode.handler;
    case 'noconnection':
    case 'no_epmd':
    case 'name_taken':
    case 'refused':
      return ExitCode.failure;
  }
}
