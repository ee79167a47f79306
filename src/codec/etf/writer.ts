/** Bytes that grow: big-endian numbers, texts, and places to be filled in later. */
const FIRST = 256;
/** Characters up to which a text is written one by one. */
const SHORT = 48;

export class Writer {
  bytes: Buffer;
  /** How many are written. */
  at = 0;

  constructor(size: number = FIRST) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  /** What was written: a view that is good until the next byte is. */
  get written(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  room(count: number): void {
    if (this.at + count > this.bytes.length) this.#grow(count);
  }

  u8(value: number): void {
    if (this.at === this.bytes.length) this.#grow(1);
    this.bytes[this.at++] = value;
  }

  /** A tag and a byte. */
  pair(first: number, second: number): void {
    this.room(2);
    this.bytes[this.at++] = first;
    this.bytes[this.at++] = second;
  }

  u16(value: number): void {
    this.pair(value >>> 8, value & 0xff);
  }

  u32(value: number): void {
    this.room(4);
    this.set32(this.at, value);
    this.at += 4;
  }

  /** Over what is there. */
  set32(at: number, value: number): void {
    const { bytes } = this;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  f64(value: number): void {
    this.room(8);
    this.bytes.writeDoubleBE(value, this.at);
    this.at += 8;
  }

  /** UTF-8. How many bytes. */
  text(text: string): number {
    const { length } = text;
    this.room(3 * length);
    const from = this.at;
    if (length <= SHORT) {
      const { bytes } = this;
      let index = 0;
      for (; index < length; index++) {
        const unit = text.charCodeAt(index);
        if (unit > 0x7f) break;
        bytes[from + index] = unit;
      }
      if (index === length) {
        this.at = from + length;
        return length;
      }
    }
    const count = this.bytes.write(text, from, 'utf8');
    this.at = from + count;
    return count;
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  #grow(count: number): void {
    const larger = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.at + count));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}
