/**
 * Whose fault it is that a question was not answered. Pure.
 *
 * Only what shows that nobody is there counts against a peer. Our own pool being restarted or having no room, a
 * question that never left its queue, a connection that we or the peer closed in good order, or a machine that slept
 * through the deadline say nothing about it: whoever counted those would throw out the whole table on waking up (the
 * sleep detection of dht-rpc, by the lateness of one timer).
 */
import type { CallFailure } from '../../actor/call.ts';
import { isShutdown, type ExitReason } from '../../actor/exit-reason.ts';
import { CloseCode, type CloseReason } from '../../transport/transport.ts';
import { Ended } from '../connection/messages.ts';
import { REFUSED } from '../peer/peer-request.ts';

/** Milliseconds a deadline of ours may be late before we say that it was us who stood still. */
export const STALL = 250;

/**
 * `peer`: it counts as gone. `refused`: it is there, and not for us. `ours`: nothing is known, and asking again may
 * help.
 */
export type Blame = 'peer' | 'refused' | 'ours';

/** @param waited ms from the question to its failure; `timeout`: what it was given; `tried`: as in `PeerRequest`. */
export function blame(failure: CallFailure, waited: number, timeout: number, tried: boolean): Blame {
  if (waited > timeout + STALL) return 'ours';
  switch (failure.tag) {
    case 'timeout':
      return tried ? 'peer' : 'ours';
    case 'exit':
      if (failure.reason === REFUSED) return 'refused';
      return failure.reason === 'noconnection' || isSilence(failure.reason) ? 'peer' : 'ours';
    case 'overloaded':
    case 'canceled':
      return 'ours';
  }
}

/** Whether a connection ended with this reason because its link did: nobody closed it. */
export function isSilence(reason: ExitReason): boolean {
  const close = closeOf(reason);
  return close !== undefined && close.tag !== 'local' && close.tag !== 'remote';
}

/** Whether a connection ended with this reason because its peer shuts down. */
export function isGoodbye(reason: ExitReason): boolean {
  const close = closeOf(reason);
  return close?.tag === 'remote' && close.code === CloseCode.shuttingDown;
}

function closeOf(reason: ExitReason): CloseReason | undefined {
  const ended = isShutdown(reason) ? reason.shutdown : undefined;
  return ended instanceof Ended ? ended.close : undefined;
}
