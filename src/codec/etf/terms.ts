/**
 * What JavaScript has no value for: tuples, improper lists, bit strings, floats without a fraction, functions.
 *
 * Pure. The whole mapping is in docs/distribution.md; each class holds what is needed to write the very same term again.
 */

/** `{A, B}`. */
export class Tuple<Elements extends readonly unknown[] = readonly unknown[]> {
  readonly elements: Elements;
  constructor(elements: Elements) {
    this.elements = elements;
  }
  get length(): number {
    return this.elements.length;
  }
  [Symbol.iterator](): IterableIterator<Elements[number]> {
    return this.elements[Symbol.iterator]();
  }
}

export const tuple = <Elements extends readonly unknown[]>(...elements: Elements): Tuple<Elements> =>
  new Tuple(elements);

/** `[A, B | Tail]`, where the tail is no list. At least one element. */
export class ImproperList {
  readonly elements: readonly unknown[];
  readonly tail: unknown;
  /** @throws RangeError without elements, or when the tail is a list. */
  constructor(elements: readonly unknown[], tail: unknown) {
    if (elements.length === 0) throw new RangeError('an improper list has at least one element');
    if (Array.isArray(tail)) throw new RangeError('a list whose tail is a list is a proper list');
    this.elements = elements;
    this.tail = tail;
  }
}

/** A binary that ends within a byte: of the last one only the high `bits` count, 1 to 7; the others are zero. */
export class Bitstring {
  readonly bytes: Uint8Array;
  readonly bits: number;
  /** @throws RangeError for bits outside 1 … 7, or without bytes. */
  constructor(bytes: Uint8Array, bits: number) {
    if (!Number.isInteger(bits) || bits < 1 || bits > 7 || bytes.length === 0)
      throw new RangeError('a bit string has at least one byte, and 1 to 7 bits in the last one');
    this.bytes = bytes;
    this.bits = bits;
  }
  /** In bits. */
  get length(): number {
    return 8 * (this.bytes.length - 1) + this.bits;
  }
}

/** A float whose value is a whole number that JavaScript counts exactly, such as 1.0: the number 1 is Erlang's integer. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  valueOf(): number {
    return this.value;
  }
}

/** `fun Module:Function/Arity`: a name, never called. */
export class ExternalFun {
  readonly module: string;
  readonly function: string;
  readonly arity: number;
  constructor(module: string, name: string, arity: number) {
    this.module = module;
    this.function = name;
    this.arity = arity;
  }
}

/** A function of another node: bytes that are good for sending back, and for nothing else. */
export class OpaqueFun {
  /** As received, from the size field on. */
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}
