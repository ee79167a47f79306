/**
 * A copy of any value that is safe to keep and to print: nothing in it leads back to the original.
 *
 * An object is looked into once, however often it is referred to, and the copy is bounded also when it is written out
 * in full at every place; it has no circles. What belongs to the runtime (a process, a call, a timer) is named, never
 * opened: everything else can be reached from there. Getters and traps of proxies are not run, but for name, message
 * and stack of an error. Never throws.
 */
import { types } from 'node:util';
import { dataOf, nameOf } from './named.ts';

interface CopyLimits {
  /** Objects within objects that are looked into. */
  readonly depth: number;
  /** Values in the copy, counted at every place where they stand. */
  readonly values: number;
}

/** What an error counts for: its copy has a stack. */
const ERROR = 20;

/** The copy of an object, and how many values it holds, written out; undefined while it is being made. */
type Copy = { readonly value: unknown; readonly values: number } | undefined;

/** One copy. How its parts look is for those who extend it. */
export abstract class BoundedCopy {
  /** Objects looked into. */
  visited = 0;
  readonly #depth: number;
  readonly #copies = new Map<object, Copy>();
  #left: number;

  constructor({ depth, values }: CopyLimits) {
    this.#depth = depth;
    this.#left = values;
  }

  /** What stands for the rest of what is too large. */
  protected abstract readonly rest: string;
  /** What stands for what is too deep. */
  protected abstract tooDeep(value: object): string;
  /** What stands for an object within itself. */
  protected abstract readonly circle: string;
  /** A function, or an object that is not opened, as it is shown; undefined: it is opened. */
  protected abstract leaf(value: object): unknown;
  /** The value of a key, or of an entry of a map. `depth` is that of its holder. */
  protected abstract field(key: unknown, value: unknown, depth: number): unknown;
  /** An object with nothing in it that looks as this one, and is filled then. */
  protected abstract like(value: object): object;
  protected abstract errorLike(error: Error): Error;

  show(value: unknown, depth: number = 1): unknown {
    if (this.#left-- <= 0) return this.rest;
    if (typeof value === 'function') return this.#safely(() => this.leaf(value));
    if (typeof value !== 'object' || value === null) return value;
    if (this.#copies.has(value)) return this.#again(this.#copies.get(value));
    if (depth > this.#depth) return this.#safely(() => nameOf(value) ?? this.tooDeep(value));
    const before = this.#left;
    this.#copies.set(value, undefined);
    this.visited++;
    const copy = this.#safely(() => nameOf(value) ?? this.leaf(value) ?? this.#open(value, depth));
    this.#copies.set(value, { value: copy, values: before - this.#left });
    return copy;
  }

  #safely(make: () => unknown): unknown {
    try {
      return make();
    } catch {
      return 'a value that cannot be read';
    }
  }

  /** Whoever prints it meets its values anew at each place. */
  #again(copy: Copy): unknown {
    if (copy === undefined) return this.circle;
    if (copy.values > this.#left) return this.rest;
    this.#left -= copy.values;
    return copy.value;
  }

  #open(value: object, depth: number): unknown {
    if (Array.isArray(value)) return this.#list(value, depth);
    if (types.isMap(value)) return this.#map(value, depth);
    if (types.isSet(value)) return this.#set(value, depth);
    if (types.isNativeError(value) || value instanceof Error) return this.#error(value, depth);
    const copy = this.like(value);
    this.#fields(value, copy, depth);
    return copy;
  }

  #list(list: readonly unknown[], depth: number): readonly unknown[] {
    const copy: unknown[] = [];
    for (let at = 0; at < list.length; at++) {
      if (this.#left <= 0) return [...copy, this.rest];
      copy.push(this.show(dataOf(list, String(at)), depth + 1));
    }
    return copy;
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): ReadonlyMap<unknown, unknown> {
    const copy = new Map<unknown, unknown>();
    for (const [key, item] of Map.prototype.entries.call(map) as MapIterator<[unknown, unknown]>) {
      if (this.#left <= 0) return copy.set(this.rest, this.rest);
      copy.set(this.show(key, depth + 1), this.field(key, item, depth));
    }
    return copy;
  }

  #set(set: ReadonlySet<unknown>, depth: number): ReadonlySet<unknown> {
    const copy = new Set<unknown>();
    for (const item of Set.prototype.values.call(set) as SetIterator<unknown>) {
      if (this.#left <= 0) return copy.add(this.rest);
      copy.add(this.show(item, depth + 1));
    }
    return copy;
  }

  #error(error: Error, depth: number): Error {
    this.#left -= ERROR;
    const copy = this.errorLike(error);
    for (const key of ['cause', 'errors'])
      if (Object.hasOwn(error, key)) define(copy, key, this.field(key, dataOf(error, key), depth), false);
    this.#fields(error, copy, depth);
    return copy;
  }

  #fields(value: object, copy: object, depth: number): void {
    for (const key of Object.keys(value)) {
      if (this.#left <= 0) return define(copy, '…', this.rest);
      if (!Object.hasOwn(copy, key)) define(copy, key, this.field(key, dataOf(value, key), depth));
    }
  }
}

/** Sets a field of the object's own, whatever its name. */
export function define(copy: object, key: string, value: unknown, enumerable: boolean = true): void {
  Object.defineProperty(copy, key, { value, enumerable, configurable: true, writable: true });
}
