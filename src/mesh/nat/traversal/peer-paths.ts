/**
 * What is known of a peer's whereabouts, as paths of the link to it.
 *
 * A private address that a peer claims is of use only to who is behind the same NAT: there it is asked, nowhere else, so
 * that nobody far away has us knock at machines of our own network. Where a station of ours observes a peer may be private
 * too, as in a network of several routers. All addresses that are named to us draw on one budget.
 */
import { addressClass, type AddressClass } from '../../../transport/address.ts';
import type { Link, PathKind, PhysicalAddress } from '../../../transport/transport.ts';
import { wayOf } from '../../../transport/way.ts';
import type { MeshContext } from '../../context.ts';
import { parseAddress } from '../../peer/endpoint-text.ts';

/** Whether packets go to the peer without a station between. */
export const isDirect = (link: Link | undefined): boolean =>
  link !== undefined && wayOf(link.observed) !== 'relay';

export const isRelayed = (link: Link | undefined): boolean =>
  link !== undefined && wayOf(link.observed) === 'relay';

/**
 * Whether a peer that is reached through a station may be in our own network: the station is there itself. Who is
 * elsewhere says nothing to us with a private address.
 */
export function isNear({ relays, standings }: MeshContext, peerId: string): boolean {
  return relays.with(peerId).some(({ stationId }) => {
    const at = standings.ready(stationId, false)?.link()?.proven;
    return at !== undefined && wayOf(at) === 'udp' && addressClass(at.host) !== 'public';
  });
}

/** Where a station observes the peer, and the ports it may use next. */
export function offerPunched(
  context: MeshContext,
  link: Link | undefined,
  {
    peer_host: host,
    peer_ports: ports,
  }: { readonly peer_host: string; readonly peer_ports: readonly number[] },
  near: boolean,
): void {
  for (const port of ports) {
    const at = parseAddress(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
    offer(context, link, 'punched', at, near);
  }
}

/**
 * Where the peer itself says that it may be reached.
 * @param near whether the peer is in our own network, or on our own machine.
 */
export function offerDirect(
  context: MeshContext,
  link: Link | undefined,
  addresses: readonly string[],
  near: boolean,
): void {
  for (const text of addresses) offer(context, link, 'direct', parseAddress(text), near);
}

function offer(
  { relays, runtime }: MeshContext,
  link: Link | undefined,
  kind: PathKind,
  at: PhysicalAddress | undefined,
  near: boolean,
): void {
  if (at === undefined || !(near || mayAsk(kind, addressClass(at.host)))) return;
  if (relays.mayAsk(runtime.clock.now())) link?.offerPath(kind, at);
}

const mayAsk = (kind: PathKind, of: AddressClass): boolean =>
  of === 'public' || (kind === 'punched' && of === 'private');
