/**
 * The events of paths: which way the packets of a connection go, and why there is no better one.
 */
import type { MeshContext } from '../context.ts';
import { addressText } from '../peer/endpoint-text.ts';
import type { Standing } from '../peer/standings.ts';
import { sessionAt } from '../relay/relays.ts';
import type { PhysicalAddress } from '../../transport/transport.ts';
import { wayOf } from '../../transport/way.ts';

/** Packets go another way now. */
export function pathMoved(context: MeshContext, { peerId, link }: Standing): void {
  const { events } = context;
  const active = link()?.paths.find((path) => path.active);
  if (active === undefined || !events.wants['path.changed']) return;
  events.emit('path.changed', {
    peer: peerId,
    path: active.kind,
    address: shownAddress(context, active.address),
    rtt: Math.round(active.rtt ?? 0),
  });
}

/** No direct path could be won; the next try is in `retry` ms. */
export function punchFailed(context: MeshContext, { peerId }: Standing, reason: string, retry: number): void {
  context.events.emit('punch.failed', { peer: peerId, reason, retry: Math.round(retry) });
}

/** `host:port`, of the station when the path goes through one; empty when that is gone. */
export function shownAddress({ relays, standings }: MeshContext, address: PhysicalAddress): string {
  if (wayOf(address) !== 'relay') return addressText(address);
  const session = sessionAt(relays, address);
  const at = session === undefined ? undefined : standings.ready(session.stationId, false)?.link()?.observed;
  return at === undefined ? '' : addressText(at);
}
