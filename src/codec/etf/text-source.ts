/**
 * The text of a term while it is read: where we are, what comes next, its numbers and its quoted characters.
 *
 * Pure. Throws `Wrong`, which the reader makes an outcome of. Source: Erlang/OTP `erl_scan`.
 */
import type { EtfLimits } from './limits.ts';
import { ESCAPES } from './text-characters.ts';
import { Float } from './terms.ts';

/** Unwinds the reader. */
export class Wrong extends Error {
  readonly at: number;
  constructor(at: number, detail: string) {
    super(detail);
    this.at = at;
  }
}

/** Blanks as Erlang has them, and comments. */
const BLANKS = /(?:[\0- \u0080-\u00a0]|%[^\n]*)*/y;
const FLOAT = /[0-9]+(?:_[0-9]+)*\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?/y;
const INTEGER = /[0-9]+(?:_[0-9]+)*/y;
const DIGITS = /[0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*/y;
const OCTAL = /[0-7]{1,3}/y;
const HEX = /([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,8})\}/y;
/** Digits of any base that a number counts exactly. */
const CHUNK = 10;

export class Source {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** What is wrong here, or where it began. */
  wrong(detail: string, at: number = this.at): Wrong {
    return new Wrong(at, detail);
  }

  /** Skips blanks; the character that comes next, empty at the end. */
  peek(): string {
    this.match(BLANKS);
    return this.text.charAt(this.at);
  }

  /** Takes that text where it comes next, blanks before it or not. */
  take(what: string): boolean {
    this.peek();
    const found = this.text.startsWith(what, this.at);
    if (found) this.at += what.length;
    return found;
  }

  expect(what: string): void {
    if (this.take(what)) return;
    const found = this.at < this.text.length ? this.#here() : 'the end';
    throw this.wrong(`expected ${what} instead of ${found}`);
  }

  /** What a sticky expression finds right here. */
  match(what: RegExp): RegExpExecArray | undefined {
    what.lastIndex = this.at;
    const found = what.exec(this.text) ?? undefined;
    if (found !== undefined) this.at += found[0].length;
    return found;
  }

  /** A number without its sign: `12`, `1_000`, `16#ff`, `1.5e3`. */
  number({ integer }: EtfLimits, negative: boolean): number | bigint | Float {
    const from = this.at;
    const float = this.match(FLOAT)?.[0].replaceAll('_', '');
    if (float !== undefined) {
      const value = Number(negative ? `-${float}` : float);
      if (!Number.isFinite(value)) throw this.wrong('a float of that size does not exist', from);
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? new Float(value) : value;
    }
    const value = this.#integer(from, 8 * integer);
    return small(negative ? -value : value);
  }

  #integer(from: number, bits: number): bigint {
    const digits = this.match(INTEGER)?.[0].replaceAll('_', '') ?? '';
    if (!this.text.startsWith('#', this.at)) return this.#digits(digits, 10, from, bits);
    const base = Number(digits);
    if (base < 2 || base > 36) throw this.wrong('a base is 2 to 36', from);
    this.at++;
    const found = this.match(DIGITS)?.[0].replaceAll('_', '') ?? '';
    return this.#digits(found, base, from, bits);
  }

  #digits(digits: string, base: number, from: number, bits: number): bigint {
    if (digits.length * Math.log2(base) > bits) throw this.wrong('an integer with too many digits', from);
    if (base === 10) return BigInt(digits);
    let value = 0n;
    for (let at = 0; at < digits.length; at += CHUNK) {
      const chunk = digits.slice(at, at + CHUNK);
      const added = Array.from(chunk, (digit) => Number.parseInt(digit, base));
      if (added.some((digit) => Number.isNaN(digit))) throw this.wrong(`no digits of base ${base}`, from);
      value = value * BigInt(base ** chunk.length) + BigInt(Number.parseInt(chunk, base));
    }
    if (digits === '') throw this.wrong('digits are missing');
    return value;
  }

  /** The characters of a quoted text, the opening quote having been taken. */
  quoted(quote: string): readonly number[] {
    const from = this.at - 1;
    const codes: number[] = [];
    for (;;) {
      if (this.at >= this.text.length) throw this.wrong(`no ${quote} ends what begins here`, from);
      if (this.text.startsWith(quote, this.at)) break;
      codes.push(this.character());
    }
    this.at++;
    return codes;
  }

  /** One character, escaped or not. */
  character(): number {
    const from = this.at;
    const code = this.text.codePointAt(this.at);
    if (code === undefined) throw this.wrong('a character is missing');
    this.at += code > 0xffff ? 2 : 1;
    return this.#scalar(code === 0x5c ? this.#escape() : code, from);
  }

  #escape(): number {
    const octal = this.match(OCTAL);
    if (octal !== undefined) return Number.parseInt(octal[0], 8);
    const code = this.text.codePointAt(this.at);
    if (code === undefined) throw this.wrong('a character is missing behind the backslash');
    this.at += code > 0xffff ? 2 : 1;
    const letter = String.fromCodePoint(code);
    if (letter === '^') return this.character() & 0x1f;
    if (letter !== 'x') return ESCAPES.get(letter) ?? code;
    const [, two, any] = this.match(HEX) ?? [];
    const hex = two ?? any;
    if (hex === undefined) throw this.wrong(String.raw`expected \xHH or \x{H…}`);
    return Number.parseInt(hex, 16);
  }

  #scalar(code: number, from: number): number {
    if (code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff))
      throw this.wrong('no character has this number', from);
    return code;
  }

  #here(): string {
    return String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
  }
}

/** A number where that is exact. */
function small(value: bigint): number | bigint {
  const exact = Number(value);
  return Number.isSafeInteger(exact) ? exact : value;
}
