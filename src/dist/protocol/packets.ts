/**
 * The packets of a distribution stream: a length and so many bytes. Pure but for what it holds back.
 *
 * Lengths have two bytes during the handshake and four from nodeup on. Chunks may be split and joined anywhere; what is behind
 * the last packet of the handshake belongs to the first one after it, so nothing is lost by the switch. A length above the
 * limit ends the stream before anything is buffered for it. Source: SPEC §10 "Framing", SECURITY §9.
 */
export type Taken =
  /** Its bytes; empty: a tick. Refers to the chunks. */
  | { readonly tag: 'packet'; readonly bytes: Uint8Array }
  /** The rest has not come. */
  | { readonly tag: 'more' }
  | { readonly tag: 'too_large'; readonly length: number };

const EMPTY = new Uint8Array();
const MORE: Taken = { tag: 'more' };
/** Bytes that are kept together, least and most: a peer that sends byte by byte takes no object for each. */
const [LEAST, MOST] = [256, 65_536];

export class Packets {
  /** Longest packet after the handshake, bytes. */
  readonly #limit: number;
  #header: 2 | 4 = 2;
  #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that were taken. */
  #at = 0;
  #held = 0;
  /** How many of the last chunks are not our own. */
  #lent = 0;
  /** Where the last chunk of our own may go on, and how much of that is taken. */
  #room: Uint8Array = EMPTY;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that wait for the rest of their packet. */
  get held(): number {
    return this.#held;
  }

  /** In how many pieces they are kept. */
  get chunks(): number {
    return this.#chunks.length;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    // a part of a buffer costs twice as much
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    this.#lent++;
    this.#held += chunk.length;
  }

  /** Copies what is held of chunks that were lent. */
  keep(): void {
    if (this.#lent === 0) return;
    const lent = this.#chunks.splice(this.#chunks.length - this.#lent);
    this.#lent = 0;
    if (this.#chunks.length === 0) {
      lent[0] = (lent[0] as Uint8Array).subarray(this.#at);
      this.#at = 0;
    }
    for (const chunk of lent) this.#copy(chunk);
  }

  /** Behind what is our own already. */
  #copy(chunk: Uint8Array): void {
    const fits = Math.min(chunk.length, this.#room.length - this.#used);
    const last = this.#chunks.at(-1);
    if (fits > 0 && last !== undefined) {
      this.#room.set(chunk.subarray(0, fits), this.#used);
      this.#chunks[this.#chunks.length - 1] = this.#room.subarray(
        this.#used - last.length,
        this.#used + fits,
      );
      this.#used += fits;
    }
    const rest = chunk.subarray(last === undefined ? 0 : fits);
    if (rest.length === 0) return;
    const size = Math.max(rest.length, Math.min(Math.max(LEAST, 2 * this.#held), MOST));
    this.#room = new Uint8Array(size);
    this.#room.set(rest);
    this.#used = rest.length;
    this.#chunks.push(this.#room.subarray(0, rest.length));
  }

  /** The handshake is over: from the next packet on lengths have four bytes. */
  up(): void {
    this.#header = 4;
  }

  /** The next packet that is whole. */
  take(): Taken {
    const header = this.#header;
    if (this.#held < header) return MORE;
    const length = this.#length();
    if (header === 4 && length > this.#limit) return { tag: 'too_large', length };
    if (this.#held < header + length) return MORE;
    this.#drop(header);
    return { tag: 'packet', bytes: this.#bytes(length) };
  }

  #length(): number {
    let length = 0;
    let place = 0;
    let at = this.#at;
    for (let index = 0; index < this.#header; index++) {
      while (at === (this.#chunks[place] as Uint8Array).length) {
        place++;
        at = 0;
      }
      length = length * 256 + (this.#chunks[place]?.[at++] ?? 0);
    }
    return length;
  }

  #drop(count: number): void {
    this.#held -= count;
    this.#at += count;
    while (this.#chunks.length > 0 && this.#at >= (this.#chunks[0] as Uint8Array).length) {
      this.#at -= (this.#chunks.shift() as Uint8Array).length;
      if (this.#lent > this.#chunks.length) this.#lent = this.#chunks.length;
    }
  }

  #bytes(length: number): Uint8Array {
    if (length === 0) return EMPTY;
    const [first] = this.#chunks as [Uint8Array];
    const from = this.#at;
    if (first.length - from >= length) {
      this.#drop(length);
      return first.subarray(from, from + length);
    }
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length;) {
      const [chunk] = this.#chunks as [Uint8Array];
      const part = chunk.subarray(this.#at, this.#at + length - at);
      bytes.set(part, at);
      at += part.length;
      this.#drop(part.length);
    }
    return bytes;
  }
}

/** A packet with its length before it; undefined when it does not fit the header. */
export function packet(header: 2 | 4, bytes: Uint8Array): Uint8Array | undefined {
  if (header === 2 && bytes.length > 0xffff) return undefined;
  const whole = Buffer.allocUnsafe(header + bytes.length);
  whole.writeUIntBE(bytes.length, 0, header);
  whole.set(bytes, header);
  return whole;
}

/** What keeps an idle connection: four zero bytes. A write of nothing would put nothing on a QUIC stream. */
export const TICK: Uint8Array = new Uint8Array(4);
