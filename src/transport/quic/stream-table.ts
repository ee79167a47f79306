/**
 * The streams of one link: opens them, and gives reader and writer their turns.
 */
import type { Link, StreamEvents } from '../transport.ts';
import type { NativeConnection, Quiche } from './binding.ts';
import { SeenIds, STRIDE } from './stream-ids.ts';
import { StreamReader } from './stream-reader.ts';
import { NO_BYTES, StreamSet, type StreamHost } from './stream-set.ts';
import { StreamWriter } from './stream-writer.ts';
import { QuicStream, type StreamOwner } from './stream.ts';

export class StreamTable implements StreamOwner {
  readonly #set: StreamSet;
  readonly #reader: StreamReader;
  readonly #writer: StreamWriter;
  #nextId: number;
  /** `open` has failed for want of credit. */
  #starved = false;

  constructor(host: StreamHost, native: NativeConnection, quiche: Quiche, maxQueued: number) {
    const dialer = host.link.role === 'dialer';
    this.#set = new StreamSet(host, native, quiche);
    this.#reader = new StreamReader(this.#set, this, new SeenIds(dialer ? 1 : 0));
    this.#writer = new StreamWriter(this.#set, maxQueued);
    this.#nextId = dialer ? 0 : 1;
  }

  get link(): Link {
    return this.#set.host.link;
  }

  get queued(): number {
    return this.#set.queued;
  }

  /** Grows whenever a stream gets anywhere. */
  get moved(): number {
    return this.#set.moved;
  }

  /** Streams the peer still lets us open. */
  get credit(): number {
    return this.#set.native.peerStreamsLeftBidi();
  }

  /** Asks for credit before an id is taken: ids must stay sequential, and a skipped one would use credit. */
  open(events: StreamEvents): QuicStream | undefined {
    const { native, streams } = this.#set;
    if (this.credit <= 0) {
      this.#starved = true;
      return undefined;
    }
    const stream = new QuicStream(this.#nextId, this);
    try {
      // Registers the id without sending anything, so that a reset before the first write reaches the peer.
      native.streamSend(stream.id, NO_BYTES, false);
    } catch {
      this.#starved = true;
      return undefined;
    }
    this.#nextId += STRIDE;
    stream.events = events;
    streams.set(stream.id, stream);
    return stream;
  }

  wrote(stream: QuicStream, bytes: number): void {
    this.#writer.wrote(stream, bytes);
  }

  abandoned(stream: QuicStream, code: number): void {
    this.#set.abandon(stream, code);
  }

  resumed(stream: QuicStream): void {
    this.#reader.resumed(stream);
  }

  /**
   * Everything that may happen on an open link's streams but handing over. `heard`: datagrams came. True when
   * a receiver may be about to answer.
   */
  turn(heard: boolean): boolean {
    this.#set.partings.turn(this.#set.host.now());
    const delivered = this.#reader.read(heard);
    if (heard) this.#offerCredit();
    const look = (stream: QuicStream): void => {
      this.#reader.lookForEnd(stream);
    };
    if (this.#writer.sweep(heard, look)) this.#set.host.again();
    return delivered;
  }

  /** Clock time at which `turn` has something to do even if nothing is heard. */
  get due(): number | undefined {
    const { partings, stalls } = this.#set;
    const due = Math.min(partings.due, stalls.due ?? Infinity);
    return due === Infinity ? undefined : due;
  }

  drain(): void {
    this.#writer.drain();
  }

  /** The link is over: every stream ends with it. */
  closeAll(code: number): void {
    const streams = [...this.#set.streams.values()];
    this.#writer.clear();
    this.#set.partings.clear();
    for (const stream of streams) {
      if (stream.over) continue;
      this.#set.forget(stream);
      this.#set.notify(() => {
        stream.events.onReset(code);
      });
    }
  }

  /** Says that the peer grants streams again, once after `open` had returned undefined. */
  #offerCredit(): void {
    if (!this.#starved || this.credit <= 0) return;
    this.#starved = false;
    this.#set.notify(() => {
      this.#set.host.receiver?.onCredit();
    });
  }
}
