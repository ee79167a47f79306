/**
 * Reads the streams of one link and delivers to their receivers.
 *
 * Receivers are called directly with bytes that are lent. Work per turn is limited; what is left stays in
 * quiche's windows, where flow control holds the peer back.
 */
import { ResetCode } from '../transport.ts';
import type { SeenIds } from './stream-ids.ts';
import { NO_BYTES, type StreamSet } from './stream-set.ts';
import { QuicStream, type StreamOwner } from './stream.ts';

/** Bytes delivered per link and turn, so that one peer cannot starve the others. */
const READ_BUDGET = 262_144;

/** Open streams up to which each is asked directly; above, quiche lists the readable ones (10-20 µs). */
const FEW = 8;

/** Bytes delivered per stream and turn while there are few. */
const STREAM_BUDGET = 65_536;

export class StreamReader {
  readonly #set: StreamSet;
  readonly #owner: StreamOwner;
  readonly #seen: SeenIds;
  /** Last stream read when the budget ran out: reading goes on behind it. */
  #lastRead = -1;
  #resumed: QuicStream[] = [];

  /** `owner` is whom new streams belong to. */
  constructor(set: StreamSet, owner: StreamOwner, seen: SeenIds) {
    this.#set = set;
    this.#owner = owner;
    this.#seen = seen;
  }

  /** The end that came during a pause is delivered in the next turn. */
  resumed(stream: QuicStream): void {
    if (stream.pendingEnd) this.#resumed.push(stream);
    this.#set.host.touch();
  }

  /**
   * Delivers what has arrived, within the budget. `heard`: datagrams came, so there may be new streams.
   * True when something was delivered: its receiver may be about to answer.
   */
  read(heard: boolean): boolean {
    const { native, streams, host } = this.#set;
    if (this.#resumed.length > 0) this.#deliverEnds();
    if (!native.isReadable()) return false;
    if (streams.size <= FEW) {
      for (const stream of streams.values())
        if (this.#readOne(stream, STREAM_BUDGET) >= STREAM_BUDGET) host.again();
      if (!heard || !native.isReadable()) return true;
    }
    this.#readListed();
    return true;
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
      this.#refuse(id, ResetCode.canceled);
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
      this.#refuse(id, taken);
    } catch (error) {
      host.fault(error);
    }
    return undefined;
  }

  /** Ends both halves, and takes a pending reset off the stream so that it is not listed again. */
  #refuse(id: number, code: number): void {
    this.#set.shut(id, code);
    try {
      this.#set.native.streamRecv(id, this.#set.host.input);
    } catch {
      // The reset, or nothing.
    }
  }

  /** Reads one stream until it is empty, ends, pauses or the budget is used; returns the bytes delivered. */
  #readOne(stream: QuicStream, budget: number): number {
    const { native, host } = this.#set;
    const { input } = host;
    let delivered = 0;
    while (!stream.over && !stream.readEnded && !stream.pendingEnd && delivered < budget) {
      if (host.receiver === undefined) break;
      let length: number;
      let end: boolean;
      try {
        // An empty read tells a reset or a bare end without taking data.
        const result = native.streamRecv(stream.id, stream.paused ? NO_BYTES : input);
        if (result === null) break;
        [length, end] = result;
      } catch (error) {
        this.#set.failed(stream, error);
        break;
      }
      delivered += length;
      if (end) stream.pendingEnd = true;
      if (length > 0) {
        try {
          stream.events.onData(input.subarray(0, length));
        } catch (error) {
          host.fault(error);
          break;
        }
      }
      if (end) this.#ended(stream);
      if (stream.paused || length < input.length) break;
    }
    return delivered;
  }

  #deliverEnds(): void {
    const resumed = this.#resumed;
    this.#resumed = [];
    for (const stream of resumed) this.#ended(stream);
  }

  /** Delivers the end of the peer's half, unless the receiver has paused. */
  #ended(stream: QuicStream): void {
    if (stream.over || stream.readEnded || stream.paused) return;
    if (this.#set.host.receiver === undefined) return;
    stream.readEnded = true;
    this.#set.settle(stream);
    this.#set.notify(() => {
      stream.events.onEnd();
    });
  }
}
