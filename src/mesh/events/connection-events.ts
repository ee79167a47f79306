/**
 * The events of connections: accepted, ended, or neither accepted nor refused by silence.
 */
import { CloseCode, type CloseReason } from '../../transport/transport.ts';
import { describeClose } from '../connection/close.ts';
import type { ConnectionCore } from '../connection/core.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { describeFailure } from '../errors/rpc-failure.ts';
import { shownAddress } from './path-events.ts';

/** When they were accepted, monotonic ms. */
const opened = new WeakMap<ConnectionCore, number>();

interface Parties {
  readonly peer: string;
  readonly address: string;
  readonly direction: 'in' | 'out';
}

const partiesOf = ({ context, peerId, link }: ConnectionCore): Parties => ({
  peer: peerId,
  address: link === undefined ? '' : shownAddress(context, link.observed),
  direction: link?.role === 'acceptor' ? 'in' : 'out',
});

/** The hello was accepted. */
export function connectionOpened(core: ConnectionCore): void {
  const { events, runtime } = core.context;
  opened.set(core, runtime.clock.now());
  if (events.wants['connection.opened']) events.emit('connection.opened', partiesOf(core));
}

/** The link is gone. A dial that nobody answered is the business of who dialed. */
export function connectionEnded(
  core: ConnectionCore,
  close: CloseReason,
  refusal: RpcFailure | undefined,
): void {
  const { events, runtime } = core.context;
  const since = opened.get(core);
  if (since !== undefined) {
    if (!events.wants['connection.closed']) return;
    const ms = Math.round(runtime.clock.now() - since);
    events.emit('connection.closed', { ...partiesOf(core), reason: describeClose(close), ms });
  } else if (
    (refusal !== undefined || (core.link?.role === 'acceptor' && !isOrderly(close))) &&
    events.wants['connection.refused']
  ) {
    const reason = refusal === undefined ? describeClose(close) : describeFailure(refusal);
    events.emit('connection.refused', { ...partiesOf(core), reason });
  }
}

/** Of closes that refuse nobody: two have dialed each other in one moment, or one leaves in the middle of its dial. */
const ORDERLY: ReadonlySet<number> = new Set([
  CloseCode.normal,
  CloseCode.shuttingDown,
  CloseCode.duplicate,
  CloseCode.idle,
]);

const isOrderly = (close: CloseReason): boolean =>
  (close.tag === 'local' || close.tag === 'remote') && ORDERLY.has(close.code);

/** Since when a peer is suspect, monotonic ms. */
const suspects = new WeakMap<ConnectionCore, number>();

/** It owes answers and is silent, or is heard again. */
export function peerDoubted(core: ConnectionCore, suspect: boolean): void {
  const { events, runtime } = core.context;
  const { peer, address } = partiesOf(core);
  const now = runtime.clock.now();
  if (suspect) {
    suspects.set(core, now);
    events.emit('peer.suspect', { peer, address });
    return;
  }
  const since = suspects.get(core);
  if (since === undefined) return;
  suspects.delete(core);
  events.emit('peer.recovered', { peer, address, ms: Math.round(now - since) });
}

/** It lives but reads nothing. */
export function peerSlow(core: ConnectionCore): void {
  const { peer, address } = partiesOf(core);
  core.context.events.emit('peer.slow', { peer, address, queued: core.link?.queued ?? 0 });
}

/** What it sent breaks a rule. */
export function frameInvalid(core: ConnectionCore, channel: string, error: string): void {
  const { events } = core.context;
  if (events.wants['frame.invalid']) events.emit('frame.invalid', { peer: core.peerId, channel, error });
}
