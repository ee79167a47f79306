/**
 * When UDP is taken for blocked: nothing at all came back from who was dialed. Then TLS is tried at the same place, and
 * the same link goes on over it (DESIGN §8, `macula-relay`). As over QUIC.
 */
import type { DialRequest } from '../transport.ts';
import { wayOf } from '../way.ts';
import type { EventQueue } from './event-queue.ts';
import type { MemoryLink } from './link.ts';
import type { TlsWays } from './tls-ways.ts';

/** Milliseconds without any answer: the first Initial and its repetition after 1 s are lost, and a round trip. */
const FALLBACK_AFTER = 1_500;

export class Fallbacks {
  readonly #queue: EventQueue;
  readonly #tls: TlsWays;
  /** What gives up waiting, by link. */
  readonly #waiting = new Map<MemoryLink, () => void>();

  constructor(queue: EventQueue, tls: TlsWays) {
    this.#queue = queue;
    this.#tls = tls;
  }

  /** A link was dialed. */
  watch(link: MemoryLink, { address, expectedId, fallback }: DialRequest): void {
    if (fallback !== 'tls' || wayOf(address) !== 'udp') return;
    const event = this.#queue.at(this.#queue.now() + FALLBACK_AFTER, () => {
      this.#waiting.delete(link);
      if (!link.unheard) return;
      const cancel = this.#tls.dial(address, expectedId, (way) => {
        this.#waiting.delete(link);
        if (way === undefined) return;
        // UDP was merely slow
        if (link.unheard) link.reroute(way);
        else this.#tls.end(way);
      });
      this.#waiting.set(link, cancel);
    });
    this.#waiting.set(link, () => {
      this.#queue.cancel(event);
    });
  }

  /** The link is over. */
  forget(link: MemoryLink): void {
    const cancel = this.#waiting.get(link);
    this.#waiting.delete(link);
    cancel?.();
  }
}
