/**
 * Reads the streams of one link and delivers to their receivers.
 *
 * Receivers are called directly with bytes that are lent. Work per turn is limited; what is left stays in
 * quiche's windows, where flow control holds the peer back.
 */
import { ResetCode } from '../transport.ts';
import { nativeFailure } from './binding.ts';
import type { SeenIds } from './stream-ids.ts';
import { NO_BYTES, type StreamSet } from './stream-set.ts';
import { QuicStream, type StreamOwner } from './stream.ts';

/** Bytes delivered per link and turn, so that one peer cannot starve the others. */
const READ_BUDGET = 262_144;

/** Open streams up to which each is asked directly; above, quiche lists the readable ones (10-20 µs). */
const FEW = 8;

/** Bytes delivered per stream and turn while there are few. */
const STREAM_BUDGET = 65_536;

/**
 * Bytes read from a paused stream and held here before it has stalled, and bytes held at most per link and per
 * endpoint. quiche 0.18 renews a connection's window by only 48 KiB once the first MiB is used, until steady
 * traffic has grown it: a paused stream left unread would block every other stream of its link.
 */
const HELD_PER_STREAM = 262_144;
const HELD_PER_LINK = 2_097_152;
const HELD_PER_ENDPOINT = 67_108_864;

/** What a held piece costs beyond its bytes: a peer may send them one by one. */
const PIECE = 256;

export class StreamReader {
  readonly #set: StreamSet;
  readonly #owner: StreamOwner;
  readonly #seen: SeenIds;
  /** Last stream read when the budget ran out: reading goes on behind it. */
  #lastRead = -1;
  #resumed: QuicStream[] = [];
  /** The one of few streams that was read last: most often it is the next one too. */
  #recent: QuicStream | undefined;

  /** `owner` is whom new streams belong to. */
  constructor(set: StreamSet, owner: StreamOwner, seen: SeenIds) {
    this.#set = set;
    this.#owner = owner;
    this.#seen = seen;
  }

  /** What was read during the pause is delivered in the next turn. */
  resumed(stream: QuicStream): void {
    if (stream.pendingEnd || stream.held.length > 0) this.#resumed.push(stream);
    this.#set.host.touch();
  }

  /**
   * Delivers what has arrived, within the budget. `heard`: datagrams came, so there may be new streams.
   * True when something was delivered: its receiver may be about to answer.
   */
  read(heard: boolean): boolean {
    const { native, streams } = this.#set;
    if (this.#resumed.length > 0) this.#deliverHeld();
    this.#giveUpOverdue();
    if (!native.isReadable()) return false;
    if (streams.size <= FEW) {
      if (this.#recent !== undefined && this.#readFew(this.#recent) && !native.isReadable()) return true;
      for (const stream of streams.values()) if (this.#readFew(stream)) this.#recent = stream;
      if (!heard || !native.isReadable()) return true;
    }
    this.#readListed();
    return true;
  }

  /** True when something was read. */
  #readFew(stream: QuicStream): boolean {
    const bytes = this.#readOne(stream, STREAM_BUDGET);
    if (bytes >= STREAM_BUDGET) this.#set.host.again();
    return bytes > 0;
  }

  /**
   * Finds an end nobody was told of: quiche 0.18 does not call a stream readable when its end came with bytes that
   * were here already, as in a packet that was sent again.
   */
  lookForEnd(stream: QuicStream): void {
    const { native } = this.#set;
    if (stream.over || stream.readEnded || stream.pendingEnd || !native.streamFinished(stream.id)) return;
    try {
      // A reset also finishes a stream: reading tells.
      native.streamRecv(stream.id, NO_BYTES);
    } catch (error) {
      if (nativeFailure(error).tag !== 'stream_gone') {
        this.#set.failed(stream, error);
        return;
      }
    }
    stream.pendingEnd = true;
    this.#end(stream);
  }

  #readListed(): void {
    const { native, streams, host } = this.#set;
    const ids = [...native.readable()].sort((a, b) => a - b);
    const start = ids.findIndex((id) => id > this.#lastRead);
    const order = start > 0 ? [...ids.slice(start), ...ids.slice(0, start)] : ids;
    this.#lastRead = -1;
    let budget = READ_BUDGET;
    for (const id of order) {
      if (host.receiver === undefined) return;
      if (budget <= 0) {
        host.again();
        return;
      }
      const stream = streams.get(id) ?? this.#accept(id);
      if (stream === undefined) continue;
      budget -= this.#readOne(stream, budget);
      if (budget <= 0) this.#lastRead = id;
    }
    if (budget <= 0) host.again();
  }

  /** A stream id nobody knows: a new stream of the peer, or the rest of one that has ended here. */
  #accept(id: number): QuicStream | undefined {
    const { host, streams } = this.#set;
    if (!this.#seen.isNew(id)) {
      this.#set.partings.end(id, ResetCode.canceled);
      return undefined;
    }
    const stream = new QuicStream(id, this.#owner);
    streams.set(id, stream);
    try {
      const taken = host.receiver?.onStream(stream) ?? ResetCode.notAccepted;
      if (typeof taken !== 'number') {
        stream.events = taken;
        return stream;
      }
      stream.reset(taken);
    } catch (error) {
      host.fault(error);
    }
    return undefined;
  }

  /** Reads one stream until it is empty, ends or the budget is used; returns the bytes read. */
  #readOne(stream: QuicStream, budget: number): number {
    const { native, host } = this.#set;
    const { input } = host;
    let total = 0;
    while (!stream.over && !stream.readEnded && !stream.pendingEnd && total < budget) {
      if (host.receiver === undefined) break;
      let length: number;
      try {
        // When nothing more can be held, an empty read still tells a reset or a bare end.
        const takes = this.#mayTake(stream);
        if (stream.over) break;
        const result = native.streamRecv(stream.id, takes ? input : NO_BYTES);
        if (result === null) break;
        [length, stream.pendingEnd] = result;
      } catch (error) {
        this.#set.failed(stream, error);
        break;
      }
      total += length;
      this.#set.moved++;
      if (length > 0) this.#take(stream, input.subarray(0, length));
      if (stream.pendingEnd) this.#end(stream);
      if (length < input.length) break;
    }
    return total;
  }

  /** Whether more may be read from a stream; one that must not wait any longer is given up. */
  #mayTake(stream: QuicStream): boolean {
    if (!stream.paused && stream.held.length === 0) return true;
    const { stalls, host } = this.#set;
    const room = this.#set.held < HELD_PER_LINK && host.pool.held < HELD_PER_ENDPOINT;
    if (room && stream.heldBytes < HELD_PER_STREAM) return true;
    if (stalls.stalled(stream, host.now())) return false;
    if (!room) this.#giveUp(stream);
    return room;
  }

  /** Gives up the streams that have stalled for too long. */
  #giveUpOverdue(): void {
    const { stalls, host } = this.#set;
    if (stalls.due !== undefined) for (const stream of stalls.overdue(host.now())) this.#giveUp(stream);
  }

  #giveUp(stream: QuicStream): void {
    this.#set.abandon(stream, ResetCode.overloaded);
    this.#set.notify(() => {
      stream.events.onReset(ResetCode.overloaded);
    });
  }

  /** Delivers bytes, or holds them while the stream is paused. */
  #take(stream: QuicStream, bytes: Buffer): void {
    if (stream.paused || stream.held.length > 0) {
      stream.held.push(Buffer.from(bytes));
      this.#set.hold(stream, bytes.length + PIECE);
      return;
    }
    this.#set.notify(() => {
      stream.events.onData(bytes);
    });
  }

  #deliverHeld(): void {
    const resumed = this.#resumed;
    this.#resumed = [];
    for (const stream of resumed) {
      this.#set.stalls.moves(stream);
      while (stream.held.length > 0 && !stream.paused && this.#set.host.receiver !== undefined) {
        const bytes = stream.held.shift() as Uint8Array;
        this.#set.hold(stream, -bytes.length - PIECE);
        this.#set.notify(() => {
          stream.events.onData(bytes);
        });
      }
      if (stream.pendingEnd) this.#end(stream);
    }
  }

  /** Delivers the end of the peer's half, unless the stream is paused. */
  #end(stream: QuicStream): void {
    if (stream.over || stream.readEnded || stream.paused || stream.held.length > 0) return;
    if (this.#set.host.receiver === undefined) return;
    stream.readEnded = true;
    this.#set.settle(stream);
    this.#set.notify(() => {
      stream.events.onEnd();
    });
  }
}
