/**
 * What the end of a client's connection means: why, and whether trying again could end otherwise. Pure.
 */
import type { ExitReason } from '../../actor/exit-reason.ts';
import { CloseCode, type CloseReason } from '../../transport/transport.ts';
import { connectFailure } from '../connection/close.ts';
import { Ended } from '../connection/messages.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';

export interface Loss {
  readonly failure: RpcFailure;
  /** Refused, or replaced by somebody else of the same identity. */
  readonly final: boolean;
}

/** Judges the exit reason of a connection. `epoch`: ours, hex. */
export function judgeLoss(reason: ExitReason, epoch: string): Loss {
  const ended = endOf(reason);
  if (ended === undefined) {
    return {
      failure: { tag: 'connection_error', sent: false, detail: 'the connection was lost' },
      final: false,
    };
  }
  const failure = ended.refusal ?? connectFailure(ended.close);
  return { failure, final: isRefusal(failure) || isReplaced(ended.close, epoch) };
}

/** What the connection itself says of its end; undefined when something else ended it. */
export function endOf(reason: ExitReason): Ended | undefined {
  const ended =
    typeof reason === 'object' && reason !== null && 'shutdown' in reason ? reason.shutdown : undefined;
  return ended instanceof Ended ? ended : undefined;
}

const isRefusal = ({ tag }: RpcFailure): boolean => tag === 'unauthorized' || tag === 'protocol_error';

/** Why the peer or we refused the hello, when trying again would end the same. */
export function refusalOf({ refusal, close }: Ended): RpcFailure | undefined {
  const failure = refusal ?? (close.tag === 'remote' ? connectFailure(close) : undefined);
  return failure !== undefined && isRefusal(failure) ? failure : undefined;
}

/** By somebody else: the node names the epoch of the newer connection, which may be one that we have lost since. */
const isReplaced = (close: CloseReason, epoch: string): boolean =>
  close.tag === 'remote' && close.code === CloseCode.duplicate && close.reason !== epoch;

/** Closed because another connection of the same two peers stays. */
export const isDuplicate = (close: CloseReason): boolean =>
  (close.tag === 'local' || close.tag === 'remote') && close.code === CloseCode.duplicate;

/** What an attempt that failed speaks against: the address, this peer at this address, or neither. */
export type Blamed = 'address' | 'pair' | 'nobody';

export function blames(close: CloseReason): Blamed {
  switch (close.tag) {
    case 'handshake_timeout':
    case 'idle_timeout':
      return 'address';
    case 'remote':
      return close.code === CloseCode.shuttingDown ? 'address' : 'pair';
    case 'handshake_failed':
    case 'local':
      return 'pair';
    case 'transport_error':
      return 'nobody';
  }
}
