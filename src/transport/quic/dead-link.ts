/**
 * Dials that cannot even start, and the link they get.
 */
import type { Clock } from '../../actor/clock.ts';
import type { DialRequest, Link, LinkEvents, PhysicalAddress } from '../transport.ts';
import { addressFamily, isPort } from '../address.ts';
import { wayOf } from '../way.ts';

/** Bytes of a node id. */
const ID_LENGTH = 32;

/** Why an endpoint whose socket has `family` cannot dial; undefined when it can. `reaches`: about other ways than UDP. */
export function undialable(
  { address, expectedId }: DialRequest,
  family: 4 | 6,
  reaches: (address: PhysicalAddress) => boolean,
): string | undefined {
  if (expectedId !== undefined && expectedId.length !== ID_LENGTH) return 'expected id is not 32 bytes';
  if (wayOf(address) !== 'udp') return reaches(address) ? undefined : 'that way is not open';
  const theirs = addressFamily(address.host);
  if (theirs === undefined) return 'host is not a numeric address';
  if (theirs !== family) return `an IPv${family} endpoint cannot dial an IPv${theirs} address`;
  if (!isPort(address.port)) return 'port is not between 1 and 65535';
  return undefined;
}

/** A link that is closed from the beginning; `onClose` comes once, when the caller has returned. */
export function deadLink(
  id: number,
  request: DialRequest,
  events: LinkEvents,
  detail: string,
  clock: Clock,
): Link {
  clock.soon(() => {
    try {
      events.onClose({ tag: 'transport_error', detail });
    } catch (error) {
      try {
        events.onFault(error);
      } catch {
        // It fails even at being told so.
      }
    }
  });
  return {
    id,
    role: 'dialer',
    protocol: request.protocol,
    state: 'closed',
    peer: undefined,
    observed: request.address,
    proven: undefined,
    paths: [],
    streamCredit: 0,
    queued: 0,
    congested: false,
    openStream: () => undefined,
    admit: () => undefined,
    keyPaths: () => undefined,
    offerPath: () => undefined,
    withdrawPath: () => undefined,
    ping: () => undefined,
    close: () => undefined,
    stats: () => ({ rtt: 0, bytesSent: 0, bytesReceived: 0, lost: 0, arrivals: 0 }),
  };
}
