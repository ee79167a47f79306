/**
 * The link of a dial that could not even start. It reports why as soon as the caller has returned.
 */
import type { Clock } from '../../actor/clock.ts';
import type { DialRequest, Link, LinkEvents } from '../transport.ts';

/** A link that is closed from the beginning; `onClose` comes once, later. */
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
    paths: [],
    streamCredit: 0,
    queued: 0,
    openStream: () => undefined,
    ping: () => undefined,
    close: () => undefined,
    stats: () => ({ rtt: 0, bytesSent: 0, bytesReceived: 0, lost: 0 }),
  };
}
