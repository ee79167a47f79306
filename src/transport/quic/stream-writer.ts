/**
 * Hands over what the streams of one link have queued.
 *
 * quiche takes as much as its congestion window has room for, so partial writes are normal: the rest stays
 * queued, and with it the end of the stream. Streams take turns by a quantum each.
 */
import { KEPT_BYTES, Nudge } from './nudge.ts';
import { type StreamSet } from './stream-set.ts';
import type { QuicStream } from './stream.ts';

/** Idle streams per turn that are asked whether the peer has stopped them. */
const SWEEP = 8;

type Drained = 'done' | 'more' | 'blocked';

export class StreamWriter {
  readonly #set: StreamSet;
  readonly #maxQueued: number;
  /** Streams with something to hand over, in the order of their turns. */
  #waiting: QuicStream[] = [];
  #sweep: Iterator<QuicStream> | undefined;
  #unswept = 0;
  /** Bytes for which there is room, at least: asking costs a native call. */
  #room = 0;
  readonly #nudge = new Nudge();

  constructor(set: StreamSet, maxQueued: number) {
    this.#set = set;
    this.#maxQueued = maxQueued;
  }

  wrote(stream: QuicStream, bytes: number): void {
    this.#set.queued += bytes;
    if (!stream.waiting) {
      stream.waiting = true;
      this.#waiting.push(stream);
    }
    if (this.#set.queued > this.#maxQueued) this.#set.host.slow();
    this.#set.host.touch();
  }

  /** Clock time at which `drain` has something to do even if nothing happens before. */
  get due(): number {
    return this.#nudge.due;
  }

  /** Hands over a quantum per stream in turn, as far as the peer and the network take it. */
  drain(): void {
    if (this.#waiting.length === 0) {
      if (this.#nudge.due !== Infinity) this.#nudge.moves();
      return;
    }
    let waiting = this.#waiting;
    let progress = false;
    const blocked: QuicStream[] = [];
    while (waiting.length > 0) {
      this.#waiting = [];
      const more: QuicStream[] = [];
      for (const stream of waiting) {
        const { queued } = stream;
        const drained = stream.over ? 'done' : this.#drainOne(stream);
        progress ||= stream.queued < queued;
        if (drained === 'more') more.push(stream);
        else if (drained === 'blocked') blocked.push(stream);
        else stream.waiting = false;
      }
      waiting = more.concat(this.#waiting);
    }
    // Whoever was blocked first goes first next time.
    this.#waiting = blocked;
    if (blocked.length === 0 || progress) this.#nudge.moves();
    else if (this.#nudge.waits(this.#set.host.now(), this.#set.arrivals)) this.#ask(blocked);
  }

  /**
   * Finds streams the peer has stopped while nothing was queued on them: no event of quiche tells.
   * `heard`: datagrams came, so all are asked once more, a few per turn. True while some are left. `look`: what
   * else there is to be asked of each.
   */
  sweep(heard: boolean, look: (stream: QuicStream) => void): boolean {
    const { streams } = this.#set;
    if (heard) this.#unswept = streams.size;
    for (let asked = 0; asked < SWEEP && this.#unswept > 0; asked++) {
      this.#sweep ??= streams.values();
      const next = this.#sweep.next();
      this.#unswept--;
      if (next.done === true) {
        this.#sweep = undefined;
        this.#unswept = Math.min(this.#unswept + 1, streams.size);
      } else {
        look(next.value);
        if (!next.value.endQueued && !next.value.over) this.#checkStopped(next.value);
      }
    }
    return this.#unswept > 0;
  }

  clear(): void {
    this.#waiting = [];
    this.#sweep = undefined;
    this.#unswept = 0;
    this.#nudge.moves();
  }

  /** Spends one byte of what is kept back, on the first stream that takes it; the next one is another stream's turn. */
  #ask(blocked: QuicStream[]): void {
    const { native, host } = this.#set;
    for (const [at, stream] of blocked.entries()) {
      const byte = stream.next(host.scratch).subarray(0, 1);
      if (stream.over || byte.length === 0) continue;
      try {
        if (native.streamSend(stream.id, byte, false) !== 1) continue;
      } catch (error) {
        this.#set.failed(stream, error);
        continue;
      }
      this.#took(stream, 1);
      blocked.push(...blocked.splice(at, 1));
      return;
    }
  }

  #took(stream: QuicStream, bytes: number): void {
    stream.took(bytes);
    this.#room -= bytes;
    this.#set.moved++;
    this.#set.queued -= bytes;
  }

  /** Bytes of `wanted` that may be handed over now. Throws what the native call throws. */
  #roomFor(stream: QuicStream, wanted: number): number {
    if (wanted > this.#room) {
      this.#room = Math.max(0, this.#set.native.streamCapacity(stream.id) - KEPT_BYTES);
    }
    return Math.min(wanted, this.#room);
  }

  #drainOne(stream: QuicStream): Drained {
    const { native, host } = this.#set;
    const wanted = stream.next(host.scratch);
    let bytes = wanted;
    let end = stream.endQueued && bytes.length === stream.queued;
    let taken: number | null;
    try {
      if (bytes.length > 0) {
        // Offering too much would tell the peer that we are blocked, its acknowledgment would bring us here again,
        // and so on as fast as the network goes.
        const room = this.#roomFor(stream, bytes.length);
        if (room === 0) return 'blocked';
        end &&= bytes.length === room;
        bytes = bytes.subarray(0, room);
      }
      taken = native.streamSend(stream.id, bytes, end);
      // Null also means that the stream was stopped and collected: only asking for room tells, by throwing.
      if (taken === null) native.streamCapacity(stream.id);
    } catch (error) {
      this.#set.failed(stream, error);
      return 'done';
    }
    if (taken !== null && taken > 0) this.#took(stream, taken);
    if (taken === null || taken < bytes.length) this.#room = 0;
    if (taken === null || taken < wanted.length) return 'blocked';
    if (end) stream.writeEnded = true;
    if (stream.queued === 0 && stream.awaitsDrain) {
      stream.awaitsDrain = false;
      // A closing link flushes, but says no more.
      if (host.receiver !== undefined)
        this.#set.notify(() => {
          stream.events.onDrain();
        });
    }
    this.#set.settle(stream);
    return stream.unsent ? 'more' : 'done';
  }

  #checkStopped(stream: QuicStream): void {
    try {
      this.#set.native.streamCapacity(stream.id);
    } catch (error) {
      this.#set.failed(stream, error);
    }
  }
}
