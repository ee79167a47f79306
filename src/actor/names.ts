/**
 * A scope of names: each maps to at most one live process and is free the moment that process is dead,
 * before anybody hears of the death (OTP N1). A runtime has one scope; a node makes its own.
 *
 * A process may also publish a value under its name (`share`): a table that others read and only the owner
 * writes, gone with its owner (the idea of a protected ETS table, OTP P16).
 */
import type { Pid } from './pid.ts';
import type { Process } from './process.ts';

/**
 * Where a name is taken and looked up: whatever has these may stand where a scope does (OTP N2, `via`). A name
 * given at a start, or taken with `Self.register`, is released when its holder dies.
 */
export interface NameTable<Name = string> {
  /** False when the name is taken by a live process, or `pid` is dead. */
  register(name: Name, pid: Pid): boolean;
  /** Frees a name; does nothing when it is free. */
  unregister(name: Name): void;
  whereis(name: Name): Pid | undefined;
  /** The holder died. Default: `unregister`, unless the name is somebody else's by now. */
  release?(name: Name, pid: Pid): void;
}

interface Entry {
  readonly process: Process;
  shared: unknown;
}

/** The names of a runtime, or of a part of a program. Names are strings, compared as they are. */
export class NameScope implements NameTable {
  readonly #entries = new Map<string, Entry>();

  /** False when the name is taken by a live process. */
  register(name: string, pid: Pid): boolean {
    const process = pid as Process;
    if (!process.alive || this.#held(name) !== undefined) return false;
    this.#entries.set(name, { process, shared: undefined });
    hold(process, { scope: this, name });
    return true;
  }

  /** Frees a name; does nothing when it is free. */
  unregister(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    const { process } = entry;
    process.names = process.names.filter((held) => held.scope !== this || held.name !== name);
  }

  /** Who holds the name; undefined when nobody who lives does. */
  whereis(name: string): Pid | undefined {
    return this.#held(name)?.process;
  }

  /** Publishes a value under a name that `pid` holds. Throws when it does not hold it. */
  share(name: string, pid: Pid, value: unknown): void {
    const entry = this.#held(name);
    if (entry?.process !== pid) throw new Error(`only the process named ${name} may share under that name`);
    entry.shared = value;
  }

  /** What the holder of the name shares; undefined while nobody holds it. */
  shared<T>(name: string): T | undefined {
    return this.#held(name)?.shared as T | undefined;
  }

  /** Only for the kernel: the holder died. */
  release(name: string, pid: Pid): void {
    if (this.#entries.get(name)?.process === pid) this.#entries.delete(name);
  }

  /** All names that are held, in the order they were taken. */
  names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Its entry, unless the holder is dead and only what its death sets off is still to come. */
  #held(name: string): Entry | undefined {
    const entry = this.#entries.get(name);
    return entry?.process.alive === true ? entry : undefined;
  }
}

/** Something in which processes hold things other than names: it lets go of them when their owner dies. */
interface Releasing {
  release(name: unknown, pid: Pid): void;
}

/** A name held by a process, remembered there so that it is released with it. */
export interface HeldName {
  readonly scope: NameTable<unknown> | Releasing;
  readonly name: unknown;
}

/** What a process is known as, in all tables; what else it holds has no name. */
export const namesOf = ({ names }: Process): readonly unknown[] =>
  names.flatMap(({ name }) => (name === undefined ? [] : [name]));

/** Has `held` released when the process dies, before anybody hears of the death (OTP P13). */
export function hold(process: Process, held: HeldName): void {
  process.names = [...process.names, held];
}

/** As a `Map` compares its keys: `NaN` is itself, 0 has no sign. */
export const sameName = (a: unknown, b: unknown): boolean => a === b || Object.is(a, b);

/** Takes a `hold` back. */
export function letGo(process: Process, held: HeldName): void {
  process.names = process.names.filter((other) => other !== held);
}

/**
 * Takes a name in any table, to be released with the process. False when it is taken. Throws what the table throws,
 * and a `TypeError` when that gives a promise.
 */
export function takeName(table: NameTable<unknown>, name: unknown, process: Process): boolean {
  const taken: unknown = table.register(name, process);
  if (taken instanceof Promise) {
    taken.catch(() => undefined);
    throw new TypeError('a table of names must answer at once, not give a promise');
  }
  if (!taken) return false;
  // a table of our own has remembered it already
  if (!process.names.some((held) => held.scope === table && sameName(held.name, name)))
    hold(process, { scope: table, name });
  return true;
}

/** The holder of a name is dead: frees it. A table of the user's may throw. */
export function releaseName({ scope, name }: HeldName, process: Process): void {
  if (!('whereis' in scope) || scope.release !== undefined) {
    scope.release?.(name, process);
    return;
  }
  const holder = scope.whereis(name);
  if (holder === undefined || holder === process) scope.unregister(name);
}
