/**
 * The sessions of relays that are addresses here: what goes there is wrapped, and sent along the link to the relay.
 *
 * A relayed datagram is `0x01 ‖ session ‖ datagram`. Nothing of it is secret and nothing proves it: it is taken
 * only from where the relay is, and what is inside is judged as if it had come by itself (TRANSPORT §12).
 */
import type { Link, PhysicalAddress } from '../transport.ts';
import { RELAYED, RELAY_OVERHEAD, relayedAddress, wayOf } from '../way.ts';

/** Sessions open at once; the mesh allows far fewer. */
export const MAX_SESSIONS = 4_096;

export class RelayedWay {
  readonly address: PhysicalAddress;
  /** What is put before each datagram. */
  readonly header: Buffer;
  via: Link;
  datagramsOut = 0;
  bytesOut = 0;

  constructor(session: Uint8Array, via: Link) {
    this.address = relayedAddress(session);
    this.header = Buffer.of(RELAYED, ...session);
    this.via = via;
  }

  /**
   * Where wrapped datagrams go: only where the relay has proven to be, because nothing of what is relayed is rationed.
   * Undefined when there is no such place, or the link to the relay is relayed itself. A link that is closed still says
   * where the relay was: goodbyes go there when all links end together, and what else does is refused there.
   */
  get relay(): PhysicalAddress | undefined {
    const { proven } = this.via;
    return proven === undefined || wayOf(proven) === 'relay' ? undefined : proven;
  }

  sent(bytes: number): void {
    this.datagramsOut++;
    this.bytesOut += bytes + RELAY_OVERHEAD;
  }

  /** Whether the relay has proven to be there. Its side of the link may use another of its paths than ours. */
  isFrom(host: string, port: number): boolean {
    const { proven: at, paths } = this.via;
    if (at?.port === port && at.host === host) return true;
    return paths.some(({ address, proven }) => proven && address.port === port && address.host === host);
  }
}

export class RelayedWays {
  readonly #bySession = new Map<string, RelayedWay>();
  readonly #byHost = new Map<string, RelayedWay>();

  get size(): number {
    return this.#bySession.size;
  }

  /** A session that is open already goes over `via` from now on. Beyond the limit it stays unknown. */
  open(session: Uint8Array, via: Link): PhysicalAddress {
    const name = Buffer.from(session).toString('latin1');
    const known = this.#bySession.get(name);
    if (known !== undefined) {
      known.via = via;
      return known.address;
    }
    const way = new RelayedWay(session, via);
    if (this.size < MAX_SESSIONS) {
      this.#bySession.set(name, way);
      this.#byHost.set(way.address.host, way);
    }
    return way.address;
  }

  close(session: Uint8Array): void {
    const name = Buffer.from(session).toString('latin1');
    const way = this.#bySession.get(name);
    if (way === undefined) return;
    this.#bySession.delete(name);
    this.#byHost.delete(way.address.host);
  }

  clear(): void {
    this.#bySession.clear();
    this.#byHost.clear();
  }

  /** `session`: 16 bytes as latin1. */
  bySession(session: string): RelayedWay | undefined {
    return this.#bySession.get(session);
  }

  byHost(host: string): RelayedWay | undefined {
    return this.#byHost.get(host);
  }
}
