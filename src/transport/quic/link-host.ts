/**
 * What a link needs from its endpoint, and what it is made from.
 */
import type { Clock } from '../../actor/clock.ts';
import type { Random } from '../../actor/random.ts';
import type { Verdict } from '../../identity/verdict.ts';
import type { CloseCode, Link, LinkEvents, PhysicalAddress, Protocol } from '../transport.ts';
import type { NativeConnection, Quiche, VirtualAddress } from './binding.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import type { Limits } from '../limits.ts';
import type { Outlet } from './outlet.ts';
import type { HoldPool } from './stream-set.ts';
import type { TurnTaker, Turns } from './turns.ts';

/** A link as its endpoint's schedulers see it. Neither call ever throws. */
export interface Scheduled extends Deadline, TurnTaker {
  /** Does everything due. */
  turn(): void;
  /** The deadline passed. */
  expired(): void;
}

export interface LinkHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly quiche: Quiche;
  readonly outlet: Outlet;
  readonly limits: Limits;
  readonly turns: Turns<Scheduled>;
  readonly deadlines: Deadlines<Scheduled>;
  /** Shared by all links, of all endpoints: stream data is read into it and lent to receivers. */
  readonly input: Buffer;
  /** Shared by all links, of all endpoints: small writes are merged in it. */
  readonly scratch: Buffer;
  /** Shared by all links: counts what is held for paused streams. */
  readonly pool: HoldPool;
  /** Decides about the peer's certificate; undefined: it has none, and needs none. */
  judge(
    native: NativeConnection,
    role: 'dialer' | 'acceptor',
    expectedId: Uint8Array | undefined,
  ): Verdict | undefined;
  /** The peer is verified. `peerId`: the connection id it is addressed by (latin1). */
  opened(link: Link, peerId: string): void;
  /** Inbound peers are admitted by `Link.admit`, not by their certificate. */
  readonly awaitHello: boolean;
  /** The peer is let in: it does not count as half-open any more. Idempotent. */
  admitted(link: Link): void;
  /** Asks the owner who receives an inbound link. Never throws. */
  offer(link: Link): LinkEvents | CloseCode;
  /** The link is closed for its user. */
  ended(link: Link): void;
  /** The link has sent its last packet; it stays to swallow late ones. May be said more than once. */
  silent(link: Link): void;
  /** Nothing of the link is left. */
  freed(link: Link & Scheduled): void;
  /** Counts a dropped datagram. */
  drop(reason: string): void;
}

export interface LinkSeed {
  readonly id: number;
  readonly role: 'dialer' | 'acceptor';
  readonly native: NativeConnection;
  /** The peer's address as quiche knows it. */
  readonly virtual: VirtualAddress;
  readonly address: PhysicalAddress;
  /** What was dialed; the acceptor's is known after the handshake. */
  readonly protocol: Protocol;
  readonly expectedId?: Uint8Array | undefined;
  /** It may go on along another carrier before anything came. */
  readonly fallback?: boolean;
  /** Undefined for the acceptor until the peer is verified. */
  readonly events?: LinkEvents | undefined;
}
