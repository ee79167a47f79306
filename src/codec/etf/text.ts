/**
 * Terms as Erlang writes them: `{add,[1,2.0],<<"text">>,#{a => 'B'}}`.
 *
 * What has a literal is written so that Erlang reads the very same term. Pids, references, ports and the functions of other
 * nodes have none: `<a@host.83.0>`, `#Ref<a@host.3.2.1>`, `#Port<a@host.5>`, `#Fun`. No character of the text steers a
 * terminal. Bounded in depth and length: what is cut off is `...`. Pure; throws nothing for what was received.
 * Source: Erlang/OTP `io_lib`, format `~0tp` with printable Unicode.
 */
import { isWellFormedUtf8 } from '../utf8.ts';
import { Atom } from './atom.ts';
import { PidTerm, PortTerm, ReferenceTerm, type Identities } from './identities.ts';
import { ETF_LIMITS } from './limits.ts';
import { Bitstring, ExternalFun, Float, ImproperList, OpaqueFun, Tuple } from './terms.ts';
import { atomText, escaped, isPrintable } from './text-characters.ts';

export interface TextOptions {
  /** Characters at most, but for the `...`. Default 16 Mi. */
  readonly length?: number;
  /** Nesting, as of the codec. Default 64. */
  readonly depth?: number;
  /** Pids and references of a runtime. Default: those of the codec only. */
  readonly identities?: Pick<Identities, 'termOf'>;
  /** Maps in the order of their keys' texts, so that equal terms have equal texts. Default: in their own. */
  readonly sorted?: boolean;
}

const LENGTH = 16_777_216;

export function termText(term: unknown, options: TextOptions = {}): string {
  const text = new Text(options);
  try {
    text.term(term, 0);
  } catch (error) {
    if (!(error instanceof Full)) throw error;
  }
  return text.parts.join('');
}

/** No room is left. */
class Full extends Error {}

class Text {
  readonly parts: string[] = [];
  readonly #options: TextOptions;
  readonly #depth: number;
  #left: number;

  constructor(options: TextOptions) {
    this.#options = options;
    this.#depth = options.depth ?? ETF_LIMITS.depth;
    this.#left = options.length ?? LENGTH;
  }

  term(term: unknown, depth: number): void {
    if (depth > this.#depth) this.#add('...');
    else if (typeof term === 'number') this.#add(numberText(term));
    else if (typeof term === 'string') this.#binary(Buffer.from(term), undefined);
    else if (typeof term === 'object' && term !== null) this.#object(term, depth);
    // true, false, null, undefined, and integers of any size
    else if (typeof term !== 'function' && typeof term !== 'symbol') this.#add(String(term));
    else this.#add('#Unknown');
  }

  #object(term: object, depth: number): void {
    if (term instanceof Atom) this.#add(atomText(term.name));
    else if (term instanceof Tuple) {
      this.#add('{');
      this.#terms(term.elements as readonly unknown[], depth);
      this.#add('}');
    } else if (Array.isArray(term)) this.#list(term as readonly unknown[], depth);
    else if (term instanceof Uint8Array) this.#binary(term, undefined);
    else if (term instanceof Map) this.#map([...(term as ReadonlyMap<unknown, unknown>)], depth);
    else if (term instanceof Float) this.#add(floatText(term.value));
    else if (term instanceof Bitstring) this.#binary(term.bytes, term.bits);
    else if (term instanceof ImproperList) {
      this.#add('[');
      this.#terms(term.elements, depth);
      this.#add('|');
      this.term(term.tail, depth + 1);
      this.#add(']');
    } else if (term instanceof ExternalFun)
      this.#add(`fun ${atomText(term.module)}:${atomText(term.function)}/${term.arity}`);
    else if (term instanceof OpaqueFun) this.#add('#Fun');
    else if (term instanceof PortTerm) this.#add(`#Port<${clean(term.node)}.${term.id}>`);
    else this.#other(term, depth);
  }

  #other(term: object, depth: number): void {
    const identity =
      term instanceof PidTerm || term instanceof ReferenceTerm
        ? term
        : this.#options.identities?.termOf(term);
    if (identity instanceof PidTerm) this.#add(`<${clean(identity.node)}.${identity.id}.${identity.serial}>`);
    else if (identity !== undefined)
      this.#add(`#Ref<${[clean(identity.node), ...Array.from(identity.words).reverse()].join('.')}>`);
    else {
      const prototype: unknown = Object.getPrototypeOf(term);
      if (prototype === Object.prototype || prototype === null) this.#map(Object.entries(term), depth);
      else this.#add('#Unknown');
    }
  }

  #list(list: readonly unknown[], depth: number): void {
    if (list.length > 0 && list.every(isCharacter)) this.#string(list);
    else {
      this.#add('[');
      this.#terms(list, depth);
      this.#add(']');
    }
  }

  #terms(terms: readonly unknown[], depth: number): void {
    let first = true;
    for (const term of terms) {
      if (!first) this.#add(',');
      first = false;
      this.term(term, depth + 1);
    }
  }

  #map(pairs: (readonly [unknown, unknown])[], depth: number): void {
    if (this.#options.sorted === true) {
      const texts = new Map(pairs.map((pair) => [pair, termText(pair[0], this.#options)]));
      const textOf = (pair: readonly [unknown, unknown]): string => texts.get(pair) ?? '';
      pairs.sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
    }
    this.#add('#{');
    let first = true;
    for (const [key, value] of pairs) {
      if (!first) this.#add(',');
      first = false;
      this.term(key, depth + 1);
      this.#add(' => ');
      this.term(value, depth + 1);
    }
    this.#add('}');
  }

  /** @param bits of the last byte; undefined: all. */
  #binary(bytes: Uint8Array, bits: number | undefined): void {
    const short = bytes.length > 0 && bytes.length <= this.#left;
    const codes = short && bits === undefined ? textIn(bytes) : undefined;
    this.#add('<<');
    if (codes === undefined) this.#bytes(bytes, bits);
    else {
      this.#string(codes);
      if (codes.length < bytes.length) this.#add('/utf8');
    }
    this.#add('>>');
  }

  #bytes(bytes: Uint8Array, bits: number | undefined): void {
    bytes.forEach((byte, index) => {
      const last = index === bytes.length - 1;
      const value = last && bits !== undefined ? `${byte >> (8 - bits)}:${bits}` : String(byte);
      this.#add(last ? value : `${value},`);
    });
  }

  #string(codes: readonly number[]): void {
    this.#add('"');
    for (const code of codes) this.#add(escaped(code, '"'));
    this.#add('"');
  }

  #add(text: string): void {
    this.#left -= text.length;
    this.parts.push(this.#left < 0 ? '...' : text);
    if (this.#left < 0) throw new Full();
  }
}

const isCharacter = (value: unknown): value is number =>
  Number.isInteger(value) && isPrintable(value as number);

/** The characters of a binary that is text: UTF-8, or else one byte each; undefined when it is none. */
function textIn(bytes: Uint8Array): readonly number[] | undefined {
  if (isWellFormedUtf8(bytes, 0, bytes.length)) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
    if (codes.every(isPrintable)) return codes;
  }
  const codes = Array.from(bytes);
  return codes.every(isPrintable) ? codes : undefined;
}

const numberText = (value: number): string => {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  return Number.isFinite(value) ? floatText(value) : '#Unknown';
};

/** The shortest digits that mean this float, and of both ways to place the point the shorter one. */
function floatText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const sign = value < 0 ? '-' : '';
  const [mantissa = '', power = ''] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  const scientific = `${digits[0] ?? ''}.${digits.slice(1) || '0'}e${exponent}`;
  const plain = plainText(digits, exponent);
  return sign + (plain.length <= scientific.length && Math.abs(value) < 2 ** 53 ? plain : scientific);
}

function plainText(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** A node's name, without quotes. */
const clean = (node: string): string => {
  const text = atomText(node);
  return text.startsWith("'") ? text.slice(1, -1) : text;
};
