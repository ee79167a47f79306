/**
 * Terms from the text that Erlang has for them: `{add, 1}`, `#{a => 1}`, `<<"bin">>`, `'an atom'`, `"a list of characters"`.
 *
 * Literals only: no variables, no calls. The values are those of the codec (`decode.ts`). Bounded as that is; pure, throws nothing.
 * Source: Erlang/OTP `erl_scan`, `erl_parse:parse_term/1`.
 */
import { isAtom, receivedAtom } from './atom.ts';
import { VALUES, type AtomValue } from './atom-cache.ts';
import { ETF_LIMITS, type EtfLimits } from './limits.ts';
import { ExternalFun, type Float, ImproperList, Tuple } from './terms.ts';
import { termText } from './text.ts';
import { readBinary } from './text-binary.ts';
import { BARE_ATOM, RESERVED } from './text-characters.ts';
import { Source, Wrong } from './text-source.ts';

export interface InvalidTerm {
  readonly tag: 'invalid_term';
  /** Where, in UTF-16 units from the beginning. */
  readonly at: number;
  /** What is wrong there, for people. */
  readonly detail: string;
}

export type TermParsed =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: InvalidTerm };

/** UTF-16 units, inclusive. */
const LONGEST = 16_777_216;

/** Reads the one term that the text is, with a full stop behind it or without. */
export function parseTerm(text: string, limits: EtfLimits = ETF_LIMITS): TermParsed {
  if (text.length > LONGEST) return refused(LONGEST, 'the text is too long');
  const source = new Source(text);
  try {
    const value = new Reader(source, limits).term(0);
    source.take('.');
    if (source.peek() !== '') throw source.wrong('something is behind the term');
    return { ok: true, value };
  } catch (error) {
    if (error instanceof Wrong) return refused(error.at, error.message);
    throw error;
  }
}

const refused = (at: number, detail: string): TermParsed => ({
  ok: false,
  error: { tag: 'invalid_term', at, detail },
});

class Reader {
  readonly #source: Source;
  readonly #limits: EtfLimits;
  #left: number;

  constructor(source: Source, limits: EtfLimits) {
    this.#source = source;
    this.#limits = limits;
    this.#left = limits.elements;
  }

  term(depth: number): unknown {
    const source = this.#source;
    const next = source.peek();
    if (depth > this.#limits.depth) throw source.wrong('nested too deeply');
    if (--this.#left < 0) throw source.wrong('too many terms');
    if (next === '{') return this.#tuple(depth);
    if (next === '[') return this.#list(depth);
    if (next === '#') return this.#map(depth);
    if (next === '<') return this.#binary();
    if (next === '"') return this.#string();
    if (next === "'") return this.#atom();
    if (/[-+$0-9]/.test(next)) return this.#number();
    return this.#word(next);
  }

  #tuple(depth: number): Tuple {
    this.#source.expect('{');
    const elements = this.#source.take('}') ? [] : this.#terms(depth);
    if (elements.length > 0) this.#source.expect('}');
    return new Tuple(elements);
  }

  #list(depth: number): readonly unknown[] | ImproperList {
    const source = this.#source;
    source.expect('[');
    if (source.take(']')) return [];
    const elements = this.#terms(depth);
    const tail: unknown = source.take('|') ? this.term(depth + 1) : [];
    source.expect(']');
    if (Array.isArray(tail)) return [...elements, ...(tail as readonly unknown[])];
    if (tail instanceof ImproperList) return new ImproperList([...elements, ...tail.elements], tail.tail);
    return new ImproperList(elements, tail);
  }

  #terms(depth: number): readonly unknown[] {
    const terms: unknown[] = [];
    do terms.push(this.term(depth + 1));
    while (this.#source.take(','));
    return terms;
  }

  /** Of two keys that are the same term the later counts. */
  #map(depth: number): ReadonlyMap<unknown, unknown> {
    const source = this.#source;
    if (!source.text.startsWith('#{', source.at))
      throw source.wrong('records, ports, references and funs have no text that can be read');
    source.expect('#{');
    const map = new Map<unknown, unknown>();
    const keys = new Map<string, unknown>();
    if (source.take('}')) return map;
    do {
      const key = this.term(depth + 1);
      source.expect('=>');
      const value = this.term(depth + 1);
      const text = termText(key, { sorted: true, length: Infinity, depth: Infinity });
      const same = keys.has(text) ? keys.get(text) : key;
      keys.set(text, same);
      map.set(same, value);
    } while (source.take(','));
    source.expect('}');
    return map;
  }

  #binary(): unknown {
    const source = this.#source;
    if (!source.take('<<')) throw source.wrong('pids have no text that can be read');
    return readBinary(source, () => {
      const next = source.peek();
      if (next === '"') return this.#string();
      if (!/[-+$0-9]/.test(next)) throw source.wrong('expected a number or a string');
      return this.#number();
    });
  }

  /** Strings that follow each other are one. */
  #string(): readonly number[] {
    const source = this.#source;
    const codes: number[] = [];
    while (source.take('"')) for (const code of source.quoted('"')) codes.push(code);
    return codes;
  }

  #number(): number | bigint | Float {
    const source = this.#source;
    const negative = source.take('-');
    if (!negative) source.take('+');
    const next = source.peek();
    if (next === '$') {
      source.at++;
      const code = source.character();
      return negative && code !== 0 ? -code : code;
    }
    if (!/[0-9]/.test(next)) throw source.wrong('expected a number');
    return source.number(this.#limits, negative);
  }

  #word(next: string): unknown {
    const source = this.#source;
    const from = source.at;
    if (next === '') throw source.wrong('expected a term instead of the end');
    const name = source.match(BARE_ATOM)?.[0];
    if (name === undefined) {
      if (/[A-Z_À-ÖØ-Þ]/.test(next))
        throw source.wrong('variables have no value here; atoms begin small, or are quoted');
      throw source.wrong('expected a term');
    }
    if (name === 'fun') return this.#fun();
    if (RESERVED.has(name)) throw source.wrong(`${name} is a reserved word; the atom is '${name}'`, from);
    return this.#named(name, from);
  }

  /** `fun module:name/arity`. */
  #fun(): ExternalFun {
    const source = this.#source;
    const module = this.#name();
    source.expect(':');
    const name = this.#name();
    source.expect('/');
    source.peek();
    const from = source.at;
    const arity = this.#number();
    if (typeof arity !== 'number' || !Number.isInteger(arity) || arity < 0 || arity > 255)
      throw source.wrong('an arity is 0 to 255', from);
    return new ExternalFun(module, name, arity);
  }

  #name(): string {
    const source = this.#source;
    const quoted = source.peek() === "'";
    const from = source.at;
    const atom = quoted ? this.#atom() : this.#word(source.peek());
    if (atom instanceof ExternalFun) throw source.wrong('expected an atom', from);
    return isAtom(atom) ? atom.name : String(atom);
  }

  #atom(): AtomValue {
    const source = this.#source;
    const from = source.at;
    source.expect("'");
    const codes = source.quoted("'");
    return this.#named(codes.length > 255 ? undefined : String.fromCodePoint(...codes), from);
  }

  #named(name: string | undefined, from: number): AtomValue {
    if (name !== undefined && VALUES.has(name)) return VALUES.get(name);
    const atom = name === undefined ? undefined : receivedAtom(name);
    if (atom === undefined) throw this.#source.wrong('an atom has 255 characters at most', from);
    return atom;
  }
}
