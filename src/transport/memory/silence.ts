/**
 * What a simulated link does when nothing arrives: gives up the handshake, probes, times out.
 *
 * One event at a time in the network's queue, looked at when it fires and not moved with every packet. All
 * times ms. A packet that arrives exactly at the limit comes in time or late by the order of events.
 */
import type { EventQueue, Scheduled } from './event-queue.ts';
import type { Limits } from '../limits.ts';

export interface SilenceEvents {
  /** The handshake deadline passed. */
  late(): void;
  /** Nothing arrived for the idle timeout. */
  idle(): void;
  /** Nothing arrived for the keep-alive interval: send a probe. */
  quiet(): void;
}

export class Silence {
  readonly #queue: EventQueue;
  readonly #limits: Limits;
  readonly #events: SilenceEvents;
  /** Undefined during the handshake. */
  #idleTimeout: number | undefined;
  #heardAt = 0;
  #probedAt = 0;
  #event: Scheduled | undefined;

  constructor(queue: EventQueue, limits: Limits, events: SilenceEvents) {
    this.#queue = queue;
    this.#limits = limits;
    this.#events = events;
    this.#arm(queue.now() + limits.handshakeTimeout);
  }

  heard(): void {
    this.#heardAt = this.#queue.now();
  }

  /** The link is open: the smaller of both idle timeouts holds (RFC 9000 §10.1). */
  opened(peerIdleTimeout: number): void {
    this.stop();
    this.#idleTimeout = Math.min(this.#limits.idleTimeout, peerIdleTimeout);
    this.#probedAt = this.#queue.now();
    this.#next();
  }

  stop(): void {
    if (this.#event !== undefined) this.#queue.cancel(this.#event);
    this.#event = undefined;
  }

  #look(): void {
    if (this.#idleTimeout === undefined) {
      this.#events.late();
      return;
    }
    const now = this.#queue.now();
    if (now >= this.#heardAt + this.#idleTimeout) {
      this.#events.idle();
      return;
    }
    if (now >= this.#probeAt(this.#idleTimeout)) {
      this.#probedAt = now;
      this.#events.quiet();
    }
    this.#next();
  }

  #next(): void {
    if (this.#idleTimeout === undefined) return;
    this.#arm(Math.min(this.#heardAt + this.#idleTimeout, this.#probeAt(this.#idleTimeout)));
  }

  #probeAt(idleTimeout: number): number {
    return Math.max(this.#heardAt, this.#probedAt) + Math.min(this.#limits.keepAlive, idleTimeout / 3);
  }

  #arm(at: number): void {
    this.#event = this.#queue.at(at, () => {
      this.#event = undefined;
      this.#look();
    });
  }
}
