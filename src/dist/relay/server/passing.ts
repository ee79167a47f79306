/**
 * Datagrams that the two ends of a tunnel send each other past its streams, on a connection of their own (TRANSPORT §12).
 *
 * The id of the tunnel is their session. They pass between its two ends only, from and to where each has proven to be, and no faster
 * than the streams of the tunnel may: what is more is lost, as on any full line, and the connection inside slows down. Nothing of
 * them is read, and nothing kept.
 */
import type { Forwarder, Link, PhysicalAddress } from '../../../transport/transport.ts';
import { wayOf } from '../../../transport/way.ts';
import { sessionOfTunnel } from '../protocol/tunnel-id.ts';
import type { TokenBucket } from './token-bucket.ts';
import type { Side, Tunnel } from './tunnel.ts';

export interface PassingEnd {
  readonly link: Link;
  /** All of them have to allow what it sends. */
  readonly buckets: readonly TokenBucket[];
}

interface Passage {
  readonly tunnel: Tunnel;
  readonly ends: Readonly<Record<Side, PassingEnd>>;
}

export class Passing {
  /** By their sessions, as latin1. */
  readonly #passages = new Map<string, Passage>();

  open(tunnel: Tunnel, ends: Readonly<Record<Side, PassingEnd>>): void {
    this.#passages.set(keyOf(tunnel.id), { tunnel, ends });
  }

  close(id: string): void {
    this.#passages.delete(keyOf(id));
  }

  /** Where a datagram goes. `bytes`: its length, wrapping included; `now`: clock ms. */
  forward(session: string, from: PhysicalAddress, bytes: number, now: number): ReturnType<Forwarder> {
    const passage = this.#passages.get(session);
    if (passage === undefined) return 'unknown';
    const { tunnel, ends } = passage;
    const side = isAt(ends.source.link, from) ? 'source' : 'target';
    const { link, buckets } = ends[side];
    if (side === 'target' && !isAt(link, from)) return 'refused';
    const to = ends[side === 'source' ? 'target' : 'source'].link.proven;
    if (to === undefined || wayOf(to) === 'relay') return 'refused';
    for (const bucket of buckets) if (bucket.wait(now) > 0) return 'refused';
    for (const bucket of buckets) bucket.take(bytes, now);
    tunnel.passed(side, bytes);
    return to;
  }
}

const keyOf = (id: string): string => Buffer.from(sessionOfTunnel(id)).toString('latin1');

/** Most often it is where we send ourselves. */
function isAt({ proven, paths }: Link, { host, port }: PhysicalAddress): boolean {
  if (proven?.port === port && proven.host === host) return true;
  return paths.some((path) => path.proven && path.address.port === port && path.address.host === host);
}
