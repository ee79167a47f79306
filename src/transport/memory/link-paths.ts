/**
 * The paths of one simulated link: the rules that real links go by (`../paths/`), and what they do to its pipe.
 *
 * There is one only where it is needed: behind NATs, over relays, and once somebody has offered a path. Others are spared
 * the cost.
 */
import { PROBE_SIZE } from '../paths/path-proof.ts';
import { Paths } from '../paths/paths.ts';
import type { Path, PathKind, PhysicalAddress } from '../transport.ts';
import type { Scheduled } from './event-queue.ts';
import type { LinkOwner } from './link-owner.ts';
import type { Pipe } from './pipe.ts';
import { Unanswered } from './unanswered.ts';

/** The link, as its paths see it. */
export interface PathsLink {
  readonly owner: LinkOwner;
  readonly out: Pipe;
  /** 0 when unknown, ms. */
  readonly rtt: number;
  readonly alive: boolean;
  /** The id by which the peer knows the link, 20 bytes. */
  peerId(): Uint8Array;
  /** Sends something that the peer acknowledges. */
  nudge(): void;
  moved(): void;
}

export interface Seeds {
  readonly role: 'dialer' | 'acceptor';
  readonly ours: Uint8Array;
  readonly theirs: Uint8Array;
}

export class LinkPaths {
  readonly #link: PathsLink;
  readonly #paths: Paths;
  readonly #unanswered = new Unanswered();
  #timer: Scheduled | undefined;
  #copy: PhysicalAddress | undefined;
  /** Packets that came, of all paths. */
  #arrivals = 0;

  constructor(link: PathsLink, address: PhysicalAddress, seeds: Seeds | undefined) {
    this.#link = link;
    const host = {
      random: link.owner.random,
      peerId: () => (link.alive ? link.peerId() : undefined),
      probe: (datagram: Uint8Array, to: PhysicalAddress) => {
        link.owner.sendWrapped(to, datagram);
      },
    };
    this.#paths = new Paths(host, address, link.owner.queue.now());
    if (seeds !== undefined) this.key(seeds);
  }

  get address(): PhysicalAddress {
    return this.#paths.address;
  }

  /** Where the peer has proven to be. */
  get proven(): PhysicalAddress | undefined {
    return this.#paths.provenAt;
  }

  get list(): readonly Path[] {
    return this.#paths.paths;
  }

  key({ role, ours, theirs }: Seeds): void {
    this.#paths.key(role, ours, theirs);
  }

  offer(kind: PathKind, address: PhysicalAddress): void {
    this.#paths.offer(kind, address, this.#now);
    this.look();
  }

  withdraw(address: PhysicalAddress): void {
    this.#paths.withdraw(address, this.#now);
    this.look();
  }

  /** Nothing comes from where we dialed: it goes on there. */
  reroute(address: PhysicalAddress): void {
    this.#paths.reroute(address, this.#now);
    this.look();
  }

  /** A packet of the peer came from there. */
  heard({ host, port }: PhysicalAddress, bytes: number): void {
    const now = this.#now;
    this.#arrivals++;
    if (!this.#paths.arrived(host, port, bytes, now) && this.#paths.stranger(now))
      this.#paths.genuine(host, port, bytes, now, 1, this.#arrivals);
    this.look();
  }

  /** A keyed probe for this link came. False when it says nothing. */
  probed(datagram: Buffer, from: PhysicalAddress): boolean {
    const expected =
      datagram.length === PROBE_SIZE && this.#paths.probed(datagram, from, this.#now, () => true);
    this.look();
    return expected;
  }

  /** Something left that the peer acknowledges. */
  sent(): void {
    this.#unanswered.sent(this.#now);
    this.look();
  }

  acknowledged(sentAt: number): void {
    this.#unanswered.acknowledged(sentAt);
    this.look();
  }

  /** Does what has become due, and wakes up when there is more to do. */
  look(): void {
    const { alive, owner } = this.#link;
    if (!alive) return;
    this.#turn();
    const due = Math.min(
      this.#paths.watch(this.#now, this.#unanswered.outstanding),
      this.#unanswered.due(this.#link.rtt),
    );
    // one that fires too early looks again
    if (due === Infinity || (this.#timer !== undefined && this.#timer.at <= due)) return;
    this.stop();
    this.#timer = owner.queue.at(Math.max(due, this.#now), () => {
      this.#timer = undefined;
      this.#fire();
    });
  }

  stop(): void {
    if (this.#timer !== undefined) this.#link.owner.queue.cancel(this.#timer);
    this.#timer = undefined;
  }

  get #now(): number {
    return this.#link.owner.queue.now();
  }

  #fire(): void {
    if (!this.#link.alive) return;
    const now = this.#now;
    if (now >= this.#unanswered.due(this.#link.rtt)) {
      this.#unanswered.probed(now);
      this.#link.nudge();
    }
    if (now >= this.#paths.watch(now, this.#unanswered.outstanding)) this.#paths.tick(now);
    this.look();
  }

  /** Sends where the paths say, from now on. */
  #turn(): void {
    const news = this.#paths.takeNews();
    if (news === 'none' && this.#copy === this.#paths.copy) return;
    const { address, copy } = this.#paths;
    this.#copy = copy;
    const { out, owner } = this.#link;
    out.redirect({
      from: owner.at,
      to: copy === undefined ? [address] : [address, copy],
      admits: (to, bytes) => this.#admits(to, bytes),
    });
    if (news === 'none') return;
    this.#link.nudge();
    if (news === 'switched') this.#link.moved();
  }

  /** To an address where the peer has not proven to be goes no more than it sent from there (RFC 9000 §8.1). */
  #admits(to: PhysicalAddress, bytes: number): boolean {
    const { proven, allowance, address } = this.#paths;
    if (to !== address || proven) return true;
    if (allowance < bytes) return false;
    this.#paths.sent(bytes);
    return true;
  }
}
