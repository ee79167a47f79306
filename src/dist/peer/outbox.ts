/**
 * What goes to a peer: terms become packets, and packets that are written together leave together.
 */
import type { Clock } from '../../actor/clock.ts';
import { writeTerm, type EncodeOptions, type TermUnencodable } from '../../codec/etf/encode.ts';
import type { Tuple } from '../../codec/etf/terms.ts';
import { Writer } from '../../codec/etf/writer.ts';
import type { DistStream } from '../carrier.ts';
import { TICK } from '../protocol/packets.ts';

/** Every data packet begins with it: no atom cache, no fragments. */
const PASS_THROUGH = 112;
/** Bytes after which what is written leaves, though more may come. */
const ENOUGH = 65_536;
/** Bytes for which there is room at first: an idle connection keeps so many at most. */
const LITTLE = 256;
const MUCH = 8_192;

export type Posted =
  | { readonly tag: 'sent' }
  /** Longer than any packet may be. */
  | { readonly tag: 'too_large'; readonly bytes: number }
  | TermUnencodable;

const SENT: Posted = { tag: 'sent' };

export interface OutboxOptions {
  readonly clock: Clock;
  readonly stream: DistStream;
  /** Bytes of a packet at most. */
  readonly packet: number;
  readonly terms: EncodeOptions;
}

export class Outbox {
  readonly #options: OutboxOptions;
  #writer = new Writer();
  #pending = false;
  #closed = false;
  /** Packets and ticks that were written. */
  written = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Bytes that have not left. */
  get queued(): number {
    return this.#writer.at + this.#options.stream.queued;
  }

  /** @param terms the control message, and what belongs to it. */
  post(control: Tuple, ...terms: readonly unknown[]): Posted {
    const writer = this.#writer;
    const { packet, terms: options } = this.#options;
    const from = writer.at;
    writer.u32(0);
    writer.u8(PASS_THROUGH);
    let written = writeTerm(writer, control, options);
    if (written.ok && terms.length > 0) written = writeTerm(writer, terms[0], options);
    if (!written.ok) {
      writer.at = from;
      return written.error;
    }
    const bytes = writer.at - from - 4;
    if (bytes > packet) {
      writer.at = from;
      return { tag: 'too_large', bytes };
    }
    writer.set32(from, bytes);
    this.#touch();
    return SENT;
  }

  tick(): void {
    this.#writer.raw(TICK);
    this.#touch();
  }

  close(): void {
    this.#flush();
    this.#closed = true;
  }

  #touch(): void {
    this.written++;
    if (this.#writer.at > ENOUGH) this.#flush();
    if (this.#pending || this.#closed || this.#writer.at === 0) return;
    this.#pending = true;
    this.#options.clock.soon(() => {
      this.#pending = false;
      this.#flush();
    });
  }

  #flush(): void {
    const { written } = this.#writer;
    if (written.length === 0 || this.#closed) return;
    // the stream keeps the bytes; the next turn will have about as many
    this.#writer = new Writer(Math.min(Math.max(LITTLE, written.length), MUCH));
    this.#options.stream.write(written);
  }
}
