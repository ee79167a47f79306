/**
 * The streams of one link: opens them, and gives reader and writer their turns.
 */
import { ResetCode, type Link, type StreamEvents } from '../transport.ts';
import type { NativeConnection, Quiche } from './binding.ts';
import { keptStreams, Nudge } from './nudge.ts';
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
  readonly #nudge = new Nudge();
  /** Streams kept back. */
  #kept = 0;

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

  /** The handshake is over; the peer lets us open so many streams at first. */
  agreed(granted: number): void {
    this.#kept = keptStreams(granted);
  }

  /** Streams the peer still lets us open, but for those we keep back. */
  get credit(): number {
    const { native } = this.#set;
    const left = native.peerStreamsLeftBidi();
    if (left === 0) return 0;
    return Math.max(0, left - this.#kept);
  }

  /** Asks for credit before an id is taken: ids must stay sequential, and a skipped one would use credit. */
  open(events: StreamEvents): QuicStream | undefined {
    if (this.credit <= 0) {
      this.#starved = true;
      return undefined;
    }
    const stream = this.#begin();
    if (stream === undefined) this.#starved = true;
    else stream.events = events;
    return stream;
  }

  /** The next id, registered without sending anything, so that a reset before the first write reaches the peer. */
  #begin(): QuicStream | undefined {
    const { native, streams } = this.#set;
    const stream = new QuicStream(this.#nextId, this);
    try {
      native.streamSend(stream.id, NO_BYTES, false);
    } catch {
      return undefined;
    }
    this.#nextId += STRIDE;
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
    this.#set.parted?.turn(this.#set.host.now());
    const delivered = this.#reader.read(heard);
    if (this.#starved) this.#seekCredit(heard);
    const look = (stream: QuicStream): void => {
      this.#reader.lookForEnd(stream);
    };
    if (this.#writer.sweep(heard, look)) this.#set.host.again();
    return delivered;
  }

  /** Clock time at which `turn` has something to do even if nothing is heard. */
  get due(): number | undefined {
    const { parted, stalls } = this.#set;
    const due = Math.min(parted?.due ?? Infinity, stalls.due ?? Infinity, this.#writer.due, this.#nudge.due);
    return due === Infinity ? undefined : due;
  }

  drain(): void {
    this.#writer.drain();
  }

  /** The link is over: every stream ends with it. */
  closeAll(code: number): void {
    const streams = [...this.#set.streams.values()];
    this.#writer.clear();
    this.#set.parted?.clear();
    for (const stream of streams) {
      if (stream.over) continue;
      this.#set.forget(stream);
      this.#set.notify(() => {
        stream.events.onReset(code);
      });
    }
  }

  /** Says that the peer grants streams again, once after `open` had returned undefined; else asks for it. */
  #seekCredit(heard: boolean): void {
    const { host, native } = this.#set;
    if (heard && this.credit > 0) {
      this.#starved = false;
      this.#nudge.moves();
      this.#set.notify(() => {
        host.receiver?.onCredit();
      });
    } else if (this.#nudge.waits(host.now(), this.#set.arrivals) && native.peerStreamsLeftBidi() > 0) {
      // its end makes the peer say how many it grants
      this.#begin()?.reset(ResetCode.canceled);
    }
  }
}
