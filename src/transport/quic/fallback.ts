/**
 * When UDP is taken for blocked: nothing at all came back from who was dialed. Then TLS is tried at the same place, and
 * the same connection goes on over it (DESIGN §8, `macula-relay`).
 *
 * Later the path layer finds back to UDP by itself, by its keyed probes (TRANSPORT §12).
 */
import type { Clock } from '../../actor/clock.ts';
import type { DialRequest, PhysicalAddress } from '../transport.ts';
import type { TlsWays } from '../tls/ways.ts';
import { wayOf } from '../way.ts';
import type { QuicLink } from './link.ts';

/** Milliseconds without any answer: the first Initial and its repetition after 1 s are lost, and a round trip. */
export const FALLBACK_AFTER = 1_500;

export class Fallbacks {
  readonly #clock: Clock;
  readonly #tls: TlsWays;
  /** What gives up waiting, by link. */
  readonly #waiting = new Map<object, () => void>();

  constructor(clock: Clock, tls: TlsWays) {
    this.#clock = clock;
    this.#tls = tls;
  }

  /** A link was dialed. */
  watch(link: QuicLink, { address, expectedId, fallback }: DialRequest): void {
    if (fallback !== 'tls' || wayOf(address) !== 'udp') return;
    const timer = this.#clock.setTimer(FALLBACK_AFTER, () => {
      this.#waiting.delete(link);
      if (link.ways.unheard) this.#dial(link, address, expectedId);
    });
    this.#clock.hold(timer, false);
    this.#waiting.set(link, () => {
      this.#clock.clear(timer);
    });
  }

  /** The link is over. */
  forget(link: object): void {
    const cancel = this.#waiting.get(link);
    this.#waiting.delete(link);
    cancel?.();
  }

  #dial(link: QuicLink, address: PhysicalAddress, expectedId: Uint8Array | undefined): void {
    const cancel = this.#tls.dial(address, expectedId, (way) => {
      this.#waiting.delete(link);
      if (way === undefined) return;
      // UDP was merely slow
      if (link.ways.unheard) link.ways.reroute(way);
      else this.#tls.end(way);
    });
    if (this.#tls.dials > 0) this.#waiting.set(link, cancel);
  }
}
