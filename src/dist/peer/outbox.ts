/**
 * What goes to a peer: terms become packets, and packets that are written together leave together. Those that nobody waits for leave
 * with the next one, or at the end of the event loop's turn: who calls again at once sends the end of the last call along.
 */
import type { Clock } from '../../actor/clock.ts';
import { writeTerm, type EncodeOptions, type TermUnencodable } from '../../codec/etf/encode.ts';
import type { Tuple } from '../../codec/etf/terms.ts';
import { Writer } from '../../codec/etf/writer.ts';
import type { DistStream } from '../carrier.ts';
import { isAwaited } from '../protocol/control.ts';
import { TICK } from '../protocol/packets.ts';

/** Every data packet begins with it: no atom cache, no fragments. */
const PASS_THROUGH = 112;
/** Bytes after which what is written leaves, though more may come. */
const ENOUGH = 32_768;
/** Bytes for which there is room at first, at least. */
const LITTLE = 256;

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
  /** Undefined: nothing is written. */
  #writer: Writer | undefined;
  /** Bytes that left last: the next turn will have about as many. */
  #usual = LITTLE;
  /** It leaves after the current synchronous work; at the end of the turn. */
  #soon = false;
  #later = false;
  #closed = false;
  #writing = false;
  /** Packets that were posted while another one was written. */
  #behind: Uint8Array[] = [];
  /** Packets and ticks that were written. */
  written = 0;
  /** Bytes that left, their lengths among them. */
  bytes = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Bytes that have not left. */
  get queued(): number {
    return (this.#writer?.at ?? 0) + this.#options.stream.queued;
  }

  /** @param terms the control message, and what belongs to it. */
  post(control: Tuple, ...terms: readonly unknown[]): Posted {
    // a getter of what is being written may post
    if (this.#writing) {
      const aside = new Writer();
      const posted = this.#write(aside, control, terms);
      if (posted.tag === 'sent') this.#behind.push(aside.written);
      return posted;
    }
    this.#writing = true;
    const writer = this.#open();
    const from = writer.at;
    const posted = this.#write(writer, control, terms);
    this.#writing = false;
    if (posted.tag !== 'sent') this.#undo(writer, from);
    if (this.#behind.length > 0) for (const bytes of this.#behind.splice(0)) this.#open().raw(bytes);
    if (this.#writer !== undefined && this.#writer.at > from) this.#touch(isAwaited(control));
    return posted;
  }

  #write(writer: Writer, control: Tuple, terms: readonly unknown[]): Posted {
    const { packet, terms: options } = this.#options;
    const from = writer.at;
    writer.u32(0);
    writer.u8(PASS_THROUGH);
    let written = writeTerm(writer, control, options);
    if (written.ok && terms.length > 0) written = writeTerm(writer, terms[0], options);
    if (!written.ok) return written.error;
    const bytes = writer.at - from - 4;
    if (bytes > packet) return { tag: 'too_large', bytes };
    writer.set32(from, bytes);
    return SENT;
  }

  tick(): void {
    this.#open().raw(TICK);
    this.#touch(true);
  }

  close(): void {
    this.#flush();
    this.#closed = true;
  }

  #touch(awaited: boolean): void {
    this.written++;
    if (this.#writer !== undefined && this.#writer.at > ENOUGH) this.#flush();
    if (this.#soon || this.#closed || this.#writer === undefined) return;
    const { clock } = this.#options;
    if (awaited) {
      this.#soon = true;
      clock.soon(() => {
        this.#soon = false;
        this.#flush();
      });
    } else if (!this.#later) {
      this.#later = true;
      clock.later(() => {
        this.#later = false;
        this.#flush();
      });
    }
  }

  #open(): Writer {
    return (this.#writer ??= new Writer(Math.min(Math.max(LITTLE, this.#usual), ENOUGH)));
  }

  /** What is too large does not stay either. */
  #undo(writer: Writer, from: number): void {
    if (from === 0) this.#writer = undefined;
    else writer.at = from;
  }

  #flush(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    // the stream keeps the bytes
    this.#writer = undefined;
    if (this.#closed) return;
    this.#usual = writer.at;
    this.bytes += writer.at;
    this.#options.stream.write(writer.written);
  }
}
