/**
 * What must come out of a stream, known without the other side: every stream of a link carries bytes of its own.
 */
import { type Stream, type StreamEvents } from '../../src/transport/transport.ts';

/** No two stretches of it look alike. */
const LENGTH = 1_048_573;
const PATTERN: Buffer = Buffer.from(
  Uint8Array.from({ length: LENGTH }, (_, at) => (at * 31 + (at >> 8) * 17 + (at >> 16) * 5) & 0xff),
);

/** Largest piece asked for, bytes. */
export const PIECE = 65_536;

/** Who a hostile peer is on its link, and who we are. */
export const PATTERN_SIDE = { hostile: 'dialer', ours: 'acceptor' } as const;

/** Where in the pattern the bytes of a sender on a stream begin. */
const base = (sender: 'dialer' | 'acceptor', id: number): number =>
  (id * 7_919 + (sender === 'dialer' ? 0 : 524_287)) % LENGTH;

/** The bytes a sender's half of a stream carries from `offset` on; a view, or a copy at the pattern's end. */
export function bytesAt(
  sender: 'dialer' | 'acceptor',
  id: number,
  offset: number,
  length: number,
): Uint8Array {
  const at = (base(sender, id) + offset) % LENGTH;
  if (at + length <= LENGTH) return PATTERN.subarray(at, at + length);
  return Buffer.concat([PATTERN.subarray(at), PATTERN.subarray(0, at + length - LENGTH)]);
}

/** What was done and seen on one stream, from one side. */
export class StreamWitness implements StreamEvents {
  stream: Stream | undefined;
  /** Bytes written so far, and whether the end was. */
  written = 0;
  endWritten = false;
  received = 0;
  /** The last event, after which there may be none: end and reset are told once. */
  ended = false;
  over = false;
  paused = false;
  /** Whoever acts inside an event does it here. */
  act: () => void = () => undefined;
  readonly #sender: 'dialer' | 'acceptor';
  readonly #wrong: (what: string) => void;

  /** `sender` is the other side. */
  constructor(sender: 'dialer' | 'acceptor', wrong: (what: string) => void) {
    this.#sender = sender;
    this.#wrong = wrong;
  }

  get id(): number {
    return this.stream?.id ?? -1;
  }

  /** For a finding. */
  describe(): string {
    const { id, received, written, ended, endWritten, over, paused } = this;
    return JSON.stringify({
      id,
      received,
      written,
      ended,
      endWritten,
      over,
      paused,
      queued: this.stream?.queued,
    });
  }

  onData(bytes: Uint8Array): void {
    if (this.paused) this.#tell('data during a pause');
    if (this.ended || this.over) this.#tell('data after the end');
    const expected = bytesAt(this.#sender, this.id, this.received, bytes.length);
    if (Buffer.compare(bytes, expected) !== 0) this.#tell(`other bytes at ${this.received}`);
    this.received += bytes.length;
    this.act();
  }

  onEnd(): void {
    if (this.ended || this.over) this.#tell('an end after the end');
    this.ended = true;
    this.act();
  }

  onReset(): void {
    if (this.over) this.#tell('a reset after a reset');
    this.over = true;
  }

  onDrain(): void {
    if (this.over) this.#tell('a drain after a reset');
    this.act();
  }

  write(length: number, end: boolean): void {
    if (this.over || this.endWritten || this.stream === undefined) return;
    const ours = this.#sender === 'dialer' ? 'acceptor' : 'dialer';
    this.stream.write(bytesAt(ours, this.id, this.written, length), end);
    this.written += length;
    this.endWritten = end;
  }

  pause(): void {
    this.paused = true;
    this.stream?.pause();
  }

  resume(): void {
    this.paused = false;
    this.stream?.resume();
  }

  /** We give it up: nothing more may be told of it. */
  reset(code: Parameters<Stream['reset']>[0]): void {
    if (this.over) return;
    this.over = true;
    this.stream?.reset(code);
  }

  #tell(what: string): void {
    this.#wrong(`stream ${this.id}: ${what}`);
  }
}
