/**
 * One TLS connection that carries datagrams, as a way of an endpoint (`tls:<n>`).
 *
 * It is a bad network on purpose: what does not fit in its queue is lost, newest first, and QUIC above copes. A peer
 * that takes nothing for two seconds is given up (SECURITY §13, relay). Whatever is wrong with it ends this one only.
 */
import type { TLSSocket } from 'node:tls';

import type { Clock, TimerId } from '../../actor/clock.ts';
import type { PhysicalAddress } from '../transport.ts';
import { isLoopback } from '../address.ts';
import { MAX_RECORD, MAX_RECORD_HERE, record, RecordReader } from './records.ts';

/** What may wait to be written. */
const MAX_QUEUED = 512;
const MAX_QUEUED_BYTES = 1_048_576;

/** Milliseconds without any progress of what waits to be written. */
const STALL = 2_000;

/** Milliseconds a connection that is ended in peace has to write what waits. */
const PARTING = 300;

export interface CarrierEvents {
  /** A datagram came. */
  onDatagram(datagram: Buffer, carrier: TlsCarrier): void;
  /** Once, whatever ended it. */
  onEnd(carrier: TlsCarrier): void;
  drop(reason: string): void;
}

export class TlsCarrier {
  readonly address: PhysicalAddress;
  /** The numeric address of the other end. */
  readonly remote: string;
  readonly #socket: TLSSocket;
  readonly #clock: Clock;
  readonly #events: CarrierEvents;
  /** Bytes. */
  readonly #largest: number;
  readonly #reader: RecordReader;
  #queued = 0;
  /** Records that were written, in all. */
  #written = 0;
  #corked = false;
  #over = false;
  #stall: TimerId | undefined;

  /** Takes over a socket whose peer was judged. */
  constructor(address: PhysicalAddress, socket: TLSSocket, clock: Clock, events: CarrierEvents) {
    this.address = address;
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    this.remote = socket.remoteAddress ?? '';
    this.#largest = isLoopback(this.remote) ? MAX_RECORD_HERE : MAX_RECORD;
    this.#reader = new RecordReader(this.#largest);
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    socket.on('error', () => {
      this.end();
    });
    socket.on('end', () => {
      this.end();
    });
    socket.on('close', () => {
      this.end();
    });
  }

  /** The bytes are lent. */
  send(datagram: Uint8Array): void {
    const bytes = record(datagram, this.#largest);
    if (this.#over || bytes === undefined) return;
    const { writableLength } = this.#socket;
    if (this.#queued >= MAX_QUEUED || writableLength + bytes.length > MAX_QUEUED_BYTES) {
      this.#events.drop('tls_queue_full');
      return;
    }
    this.#cork();
    this.#queued++;
    this.#socket.write(bytes, () => {
      this.#queued--;
      this.#written++;
    });
    this.#watch();
  }

  /** Ends it at once. Idempotent. */
  end(): void {
    this.#stop();
    this.#socket.destroy();
  }

  /** Ends it when what waits has been written, or a moment later. Resolves when nothing of it is left. */
  async finish(): Promise<void> {
    this.#stop();
    const socket = this.#socket;
    if (socket.closed) return;
    const deadline = this.#clock.setTimer(PARTING, () => socket.destroy());
    await new Promise<void>((resolve) => {
      socket.once('close', () => {
        resolve();
      });
      socket.resume();
      socket.end();
    });
    this.#clock.clear(deadline);
  }

  #stop(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#stall !== undefined) this.#clock.clear(this.#stall);
    this.#events.onEnd(this);
  }

  #read(chunk: Buffer): void {
    if (this.#over) return;
    const sound = this.#reader.read(chunk, (datagram) => {
      if (!this.#over) this.#events.onDatagram(datagram, this);
    });
    if (sound) return;
    this.#events.drop('tls_garbage');
    this.end();
  }

  /** What is sent within one turn leaves together. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    this.#clock.soon(() => {
      this.#corked = false;
      this.#socket.uncork();
    });
  }

  #watch(): void {
    if (this.#stall !== undefined) return;
    const written = this.#written;
    this.#stall = this.#clock.setTimer(STALL, () => {
      this.#stall = undefined;
      if (this.#queued === 0) return;
      if (this.#written > written) {
        this.#watch();
        return;
      }
      this.#events.drop('tls_stalled');
      this.end();
    });
    this.#clock.hold(this.#stall, false);
  }
}
