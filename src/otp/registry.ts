/**
 * Registry: processes found by key, each entry with a value, gone with its owner.
 *
 * ```ts
 * const rooms = new Registry<string>({ keys: 'unique' });
 * await startServer(runtime, room, 'lobby', { name: 'lobby', scope: rooms });
 * const lobby = new ServerRef<Calls>(runtime, rooms.via('lobby'));
 *
 * const topics = new Registry<string, Filter>({ keys: 'duplicate' });
 * topics.register('news', self.pid, filter); // in a process that wants them
 * topics.dispatch('news', (entries) => entries.forEach(({ pid }) => runtime.send(pid, headline)));
 * ```
 * A registry is a table, not a process: it needs no supervisor, and reading it waits for nobody. The entries of a
 * process that dies are gone before anybody hears of the death, and never read after it. Keys are compared as a `Map`
 * does: `NaN` is itself, an object is no other that looks the same. When not to use one: for
 * groups with monitors take `ProcessGroups`; a handful of fixed names fits into a `NameScope`. Source: Elixir
 * `Registry`; OTP N1–N3.
 */
import { hold, letGo, sameName, type HeldName, type NameTable } from '../actor/names.ts';
import type { Pid } from '../actor/pid.ts';
import { Process } from '../actor/process.ts';
import { refuse, wrongArgument, wrongBound, wrongFunction, wrongObject } from './arguments.ts';
import { ExitError } from './errors.ts';
import type { Named } from './process-ref.ts';
import { EntryTable, type Entry, type Keys } from './registry/entry-table.ts';
import { Listeners } from './registry/listeners.ts';
import { refusePromise } from './sequence.ts';

export type { Keys } from './registry/entry-table.ts';

/** Entries a registry takes when nothing else is said: far above any use, far below the end of the memory. */
const MAX_ENTRIES = 1_000_000;

/** What a registry is made with. */
export interface RegistryOptions {
  /** `unique`: one entry per key. `duplicate`: any number. */
  readonly keys: Keys;
  /**
   * Who is told of every entry: `RegistryChange` as an ordinary message, in the order of the changes. A name is
   * looked up for each. A listener with a full mailbox misses what comes meanwhile, counted as dropped there.
   */
  readonly listeners?: readonly (Pid | Named<unknown>)[] | undefined;
  /** Entries in all; one more is refused (`ExitError`, `{ overloaded: 'registry' }`). Default 1,000,000. */
  readonly maxEntries?: number | undefined;
}

/** One entry of a key. */
export interface RegistryEntry<Value> {
  readonly pid: Pid;
  readonly value: Value;
}

/** What a listener gets. An entry that ends with its owner is `unregister` too; a changed value is not told. */
export interface RegistryChange<Key = unknown, Value = unknown> {
  readonly tag: 'register' | 'unregister';
  readonly registry: Registry<Key, Value>;
  readonly key: Key;
  readonly pid: Pid;
  /** What the entry is, or was, worth. */
  readonly value: Value;
}

/** The value may be left out where it may be undefined; any other registry takes names at a start by `withValue`. */
type ValueArgs<Value> = undefined extends Value ? [value?: Value] : [value: Value];

/** A table of processes by key; the top of this file shows its use. It lives as long as somebody refers to it. */
export class Registry<Key = string, Value = undefined> {
  readonly #table: EntryTable<Key, Process, Value>;
  readonly #listeners: Listeners;
  readonly #maxEntries: number;
  readonly #held: HeldName = { scope: this, name: undefined };

  /** Throws a `TypeError` for invalid options, a `RangeError` for a bound out of range. */
  constructor(options: RegistryOptions) {
    refuse(wrongObject('options', 'an object with keys', options));
    const { keys, listeners = [], maxEntries = MAX_ENTRIES } = options;
    if (keys !== 'unique' && keys !== 'duplicate')
      throw new TypeError('registry: keys must be unique or duplicate');
    refuse(wrongBound('maxEntries', 1, maxEntries, 'number'));
    this.#table = new EntryTable(keys);
    this.#listeners = new Listeners(listeners);
    this.#maxEntries = maxEntries;
  }

  /** What it was made with. */
  get keyMode(): Keys {
    return this.#table.keys;
  }

  /**
   * Adds an entry. False when the process is dead, or the key is unique and taken (`whereis` says by whom, which may
   * be the process itself). Throws a `TypeError` for what is no process of this node, and `ExitError`
   * `{ overloaded: 'registry' }` when the registry is full.
   */
  register(key: Key, pid: Pid, ...[value]: ValueArgs<Value>): boolean {
    const process = local(pid);
    if (!process.alive) return false;
    if (this.keyMode === 'unique') {
      for (const { owner } of this.#table.ofKey(key)) this.#evict(owner);
      if (this.#table.ofKey(key).length > 0) return false;
    }
    if (this.#table.size >= this.#maxEntries) throw new ExitError('registry', { overloaded: 'registry' });
    const known = this.#table.owns(process);
    const entry = this.#table.add(key, process, value as Value);
    if (entry === undefined) return false;
    if (!known) hold(process, this.#held);
    this.#tell('register', entry);
    return true;
  }

  /**
   * Removes the entries of a key; with `pid` only those of that process. Gives how many there were. Throws a
   * `TypeError` for a `pid` that is said and is no process of this node, `undefined` too.
   */
  unregister(key: Key, ...pid: [pid?: Pid]): number {
    return this.unregisterMatch(key, () => true, ...pid);
  }

  /**
   * Like `unregister`, for those entries whose value passes the test. All are tested before the first is removed: what
   * the test throws changes nothing.
   */
  unregisterMatch(key: Key, test: (value: Value) => boolean, ...pid: [pid?: Pid]): number {
    refuse(wrongFunction('test', test));
    const entries = pid.length === 0 ? this.#living(key) : this.#own(key, pid[0]);
    const matching = entries.filter(({ value }) => passes(test, value));
    // the test may have removed some itself
    return matching.filter((entry) => this.#remove(entry)).length;
  }

  /**
   * Changes the value of the entry that `pid` has under a unique key, and gives both; undefined when it has none, or
   * has it no more after the change. What `change` throws changes nothing. Throws a `TypeError` with duplicate keys, as
   * they do not say which entry is meant, and when `change` gives a promise.
   */
  updateValue(
    key: Key,
    pid: Pid,
    change: (value: Value) => Value,
  ): { readonly value: Value; readonly previous: Value } | undefined {
    this.#onlyUnique('updateValue');
    refuse(wrongFunction('change', change));
    const [entry] = this.#own(key, pid);
    if (entry === undefined) return undefined;
    const previous = entry.value;
    const value = change(previous);
    refusePromise('change', value);
    if (!this.#table.has(entry)) return undefined;
    entry.value = value;
    return { value, previous };
  }

  /** The entries of a key, in the order of registration. A new list each time. */
  lookup(key: Key): readonly RegistryEntry<Value>[] {
    return this.#living(key).map(asEntry);
  }

  /** The values that `pid` has under a key, in the order of registration; none when it is dead. */
  values(key: Key, pid: Pid): readonly Value[] {
    return this.#own(key, pid).map(({ value }) => value);
  }

  /** The keys of a process in the order of registration, each as often as it has an entry; none when it is dead. */
  keys(pid: Pid): readonly Key[] {
    const process = local(pid);
    return process.alive ? this.#table.ofOwner(process).map(({ key }) => key) : [];
  }

  /** The entries of a key whose value passes the test. Throws what the test throws. */
  match(key: Key, test: (value: Value) => boolean): readonly RegistryEntry<Value>[] {
    refuse(wrongFunction('test', test));
    return this.#living(key)
      .filter(({ value }) => passes(test, value))
      .map(asEntry);
  }

  /** How many `match` would give. */
  countMatch(key: Key, test: (value: Value) => boolean): number {
    return this.match(key, test).length;
  }

  /**
   * Calls `visit` with the entries of a key, in the caller's turn; not when there are none. They are those of now:
   * changes made meanwhile are not seen. Throws what `visit` throws.
   */
  dispatch(key: Key, visit: (entries: readonly RegistryEntry<Value>[]) => void): void {
    refuse(wrongFunction('visit', visit));
    const entries = this.lookup(key);
    if (entries.length > 0) visit(entries);
  }

  /** Entries in all; those of a process in the middle of its death count until it is over. */
  count(): number {
    return this.#table.size;
  }

  /** Every entry with its key; changes made meanwhile may be seen or not. */
  *entries(): IterableIterator<RegistryEntry<Value> & { readonly key: Key }> {
    for (const { key, owner, value } of this.#table.all()) if (owner.alive) yield { key, pid: owner, value };
  }

  /** Who has a unique key; undefined when nobody does. Throws a `TypeError` with duplicate keys: they name nobody. */
  whereis(key: Key): Pid | undefined {
    this.#onlyUnique('whereis');
    return this.#living(key)[0]?.owner;
  }

  /** A unique key as a name, for references (OTP N2). */
  via(key: Key): Named<Key> {
    this.#onlyUnique('via');
    return { scope: this as unknown as NameTable<Key>, name: key };
  }

  /**
   * This registry as the scope of a start, for names whose entries have this value:
   * `worker('lobby', room, 4, { scope: rooms.withValue({ seats: 4 }) })`. A registry whose values may be undefined is
   * a scope as it is.
   */
  withValue(value: Value): NameTable<Key> {
    return {
      register: (key, process) => this.register(key, process, ...([value] as ValueArgs<Value>)),
      unregister: (key) => {
        this.unregister(key);
      },
      whereis: (key) => this.whereis(key),
      // the registry itself lets go of what its owner had
      release: () => {},
    };
  }

  /** Only for the kernel: the owner died. */
  release(_name: unknown, pid: Pid): void {
    for (const entry of this.#table.ofOwner(pid as Process)) this.#remove(entry);
  }

  /** Without those of processes that are dead, but have not been released yet. */
  #living(key: Key): readonly Entry<Key, Process, Value>[] {
    const entries = this.#table.ofKey(key);
    return entries.every(({ owner }) => owner.alive) ? entries : entries.filter(({ owner }) => owner.alive);
  }

  /** Those of one process, here and alive. */
  #own(key: Key, pid: Pid | undefined): readonly Entry<Key, Process, Value>[] {
    const process = local(pid);
    return process.alive ? this.#table.of(key, process) : [];
  }

  /** Its end is told before its key has a new owner. */
  #evict(owner: Process): void {
    if (!owner.alive) this.release(undefined, owner);
  }

  #remove(entry: Entry<Key, Process, Value>): boolean {
    const { owner, key } = entry;
    if (!this.#table.remove(entry)) return false;
    if (owner.alive) {
      if (!this.#table.owns(owner)) letGo(owner, this.#held);
      this.#forgetName(owner, key);
    }
    this.#tell('unregister', entry);
    return true;
  }

  /** A key that was taken as a name at a start is remembered with the process as one. */
  #forgetName(owner: Process, key: Key): void {
    const isKey = (held: HeldName): boolean =>
      held.scope === this && held !== this.#held && sameName(held.name, key);
    if (owner.names.some(isKey)) owner.names = owner.names.filter((held) => !isKey(held));
  }

  #tell(tag: RegistryChange['tag'], entry: Entry<Key, Process, Value>): void {
    if (this.#listeners.none) return;
    const { key, owner, value } = entry;
    const change: RegistryChange<Key, Value> = { tag, registry: this, key, pid: owner, value };
    this.#listeners.tell(owner.runtime, change);
  }

  #onlyUnique(what: string): void {
    if (this.keyMode !== 'unique') throw new TypeError(`registry: ${what} needs unique keys`);
  }
}

const asEntry = <Key, Value>({ owner, value }: Entry<Key, Process, Value>): RegistryEntry<Value> => ({
  pid: owner,
  value,
});

/** Entries belong to processes that live here: those of others could outlive them. */
function local(pid: Pid | undefined): Process {
  if (pid instanceof Process) return pid;
  throw wrongArgument('pid', 'a process of this node', pid);
}

/** A promise would pass as true, whatever comes of it. */
function passes<Value>(test: (value: Value) => boolean, value: Value): boolean {
  const passed: unknown = test(value);
  refusePromise('test', passed);
  return Boolean(passed);
}
