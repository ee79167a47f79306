/**
 * The paths of one link as quiche's counters and the link's turns drive them (DESIGN D4, TRANSPORT §12).
 */
import { Paths, type News, type PathsHost } from '../paths/paths.ts';
import type { PathKind, PhysicalAddress } from '../transport.ts';
import type { NativeConnection, VirtualAddress } from './binding.ts';
import type { Conduct } from './conduct.ts';
import type { LinkHost, LinkSeed, Scheduled } from './link-host.ts';
import { LOCAL_VIRTUAL } from './virtual-address.ts';

/** What became of a datagram. `lost`: nobody looked at it. `refused`: quiche threw. */
export type Received = 'lost' | 'taken' | 'refused';

export class LinkPaths {
  readonly paths: Paths;
  /** Nothing came from the peer yet. */
  unheard = true;
  /** Clock time at which `tick` is wanted. */
  due: number = Infinity;
  readonly #link: Scheduled;
  readonly #host: LinkHost;
  readonly #native: NativeConnection;
  readonly #conduct: Conduct;
  /** As which quiche knows both sides. */
  readonly #addresses: { readonly from: VirtualAddress; readonly to: VirtualAddress };

  constructor(link: Scheduled, host: LinkHost, { native, virtual, address }: LinkSeed, conduct: Conduct) {
    this.#link = link;
    this.#host = host;
    this.#native = native;
    this.#conduct = conduct;
    this.#addresses = { from: virtual, to: LOCAL_VIRTUAL };
    const sight: PathsHost = {
      random: host.random,
      peerId: () => native.destinationId(),
      probe: (datagram, to) => {
        host.outlet.sendCopy(datagram, to);
      },
    };
    this.paths = new Paths(sight, address, host.clock.now());
  }

  /** Hands a datagram to quiche, which decrypts it in place. */
  receive(datagram: Buffer, host: string, port: number, now: number): Received {
    const native = this.#native;
    const { length } = datagram;
    this.unheard = false;
    const known = this.paths.arrived(host, port, length, now);
    if (!known && !this.paths.stranger(now)) return this.#lose('stranger');
    if (!this.#conduct.mayReceive()) return this.#lose('over_budget');
    const before = known ? 0 : native.stats().recv;
    let received: Received = 'taken';
    try {
      native.recv(datagram, this.#addresses);
    } catch {
      received = 'refused';
    }
    if (!known) {
      const { recv } = native.stats();
      if (recv > before) this.paths.genuine(host, port, length, now, recv - before, recv);
    }
    return received;
  }

  /** A keyed probe that names this link. True when the link is to have a turn. */
  probed(datagram: Buffer, from: PhysicalAddress): boolean {
    const taken = this.paths.probed(datagram, from, this.#host.clock.now(), () => this.#conduct.mayReceive());
    if (!taken) this.#host.drop('probe');
    return taken;
  }

  /** Another way to the peer, if it is one from here. */
  offer(kind: PathKind, address: PhysicalAddress): void {
    if (!this.#host.outlet.reaches(address)) return;
    this.paths.offer(kind, address, this.#host.clock.now());
    this.#touch();
  }

  withdraw(address: PhysicalAddress): void {
    this.paths.withdraw(address, this.#host.clock.now());
    this.#touch();
  }

  /** Nothing comes from where we dialed: it goes on along another carrier. */
  reroute(address: PhysicalAddress): void {
    this.paths.reroute(address, this.#host.clock.now());
    this.#touch();
  }

  #touch(): void {
    this.#host.turns.touch(this.#link);
  }

  /** Asks, judges and chooses when that is due. */
  tick(now: number): void {
    if (now >= this.due) this.paths.tick(now);
  }

  /** Sets the next deadline. `outstanding`: quiche waits for an acknowledgment. */
  watch(now: number, outstanding: boolean): void {
    this.due = this.paths.watch(now, outstanding);
  }

  /** What changed since the last turn. A packet that must be answered goes out at any change. */
  news(): News {
    const news = this.paths.takeNews();
    if (news !== 'none' && this.#native.isEstablished()) this.#native.sendAckEliciting();
    return news;
  }

  #lose(reason: string): Received {
    this.#host.drop(reason);
    return 'lost';
  }
}
