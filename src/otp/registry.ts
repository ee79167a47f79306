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
 * process that dies are gone before anybody hears of the death, and never read after it. When not to use one: for
 * groups with monitors take `ProcessGroups`; a handful of fixed names fits into a `NameScope`. Source: Elixir
 * `Registry`; OTP N1–N3.
 */
import { hold, letGo, type HeldName, type NameTable } from '../actor/names.ts';
import type { Pid } from '../actor/pid.ts';
import { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { ExitError } from './errors.ts';
import type { Named } from './process-ref.ts';
import { EntryTable, type Entry, type Keys } from './registry/entry-table.ts';

export type { Keys } from './registry/entry-table.ts';

/** Entries a registry takes when nothing else is said: far above any use, far below the end of the memory. */
const MAX_ENTRIES = 1_000_000;

export interface RegistryOptions {
  readonly keys: Keys;
  /**
   * Who is told of every entry: `RegistryChange` as an ordinary message, in the order of the changes. A name is
   * looked up for each. A listener with a full mailbox misses what comes meanwhile, counted as dropped there.
   */
  readonly listeners?: readonly (Pid | Named<unknown>)[];
  /** Entries in all; one more is refused (`ExitError`, `{ overloaded: 'registry' }`). Default 1,000,000. */
  readonly maxEntries?: number;
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

/** The value may be left out where it may be undefined; only such a registry can take names at a start. */
type ValueArgs<Value> = undefined extends Value ? [value?: Value] : [value: Value];

export class Registry<Key = string, Value = undefined> {
  readonly #table: EntryTable<Key, Process, Value>;
  readonly #listeners: readonly (Pid | Named<unknown>)[];
  readonly #maxEntries: number;
  readonly #held: HeldName = { scope: this, name: undefined };

  constructor(options: RegistryOptions) {
    const { keys, listeners = [], maxEntries = MAX_ENTRIES } = options;
    if (keys !== 'unique' && keys !== 'duplicate')
      throw new TypeError('registry: keys must be unique or duplicate');
    if (!(maxEntries >= 1)) throw new TypeError('registry: maxEntries must be a number ≥ 1');
    this.#table = new EntryTable(keys);
    this.#listeners = listeners;
    this.#maxEntries = maxEntries;
  }

  get keyMode(): Keys {
    return this.#table.keys;
  }

  /**
   * Adds an entry. False when the process is dead, or the key is unique and taken (`whereis` says by whom, which may
   * be the process itself). Throws a `TypeError` for a process elsewhere, and `ExitError` when the registry is full.
   */
  register(key: Key, pid: Pid, ...[value]: ValueArgs<Value>): boolean {
    const process = local(pid);
    if (!process.alive) return false;
    if (this.keyMode === 'unique') for (const { owner } of this.#table.ofKey(key)) this.#evict(owner);
    if (this.#table.size >= this.#maxEntries) throw new ExitError('registry', { overloaded: 'registry' });
    const known = this.#table.owns(process);
    const entry = this.#table.add(key, process, value as Value);
    if (entry === undefined) return false;
    if (!known) hold(process, this.#held);
    this.#tell('register', entry);
    return true;
  }

  /** Removes the entries of a key; with `pid` only those of that process. Gives how many there were. */
  unregister(key: Key, pid?: Pid): number {
    return this.unregisterMatch(key, () => true, pid);
  }

  /** Like `unregister`, for those entries whose value passes the test. */
  unregisterMatch(key: Key, test: (value: Value) => boolean, pid?: Pid): number {
    const entries = pid === undefined ? this.#living(key) : this.#own(key, pid);
    const gone = entries.filter(({ value }) => test(value));
    for (const entry of gone) this.#remove(entry);
    return gone.length;
  }

  /**
   * Changes the value of the entry that `pid` has under a unique key, and gives both; undefined when it has none.
   * Throws a `TypeError` with duplicate keys, as they do not say which entry is meant.
   */
  updateValue(
    key: Key,
    pid: Pid,
    change: (value: Value) => Value,
  ): { readonly value: Value; readonly previous: Value } | undefined {
    this.#onlyUnique('updateValue');
    const [entry] = this.#own(key, pid);
    if (entry === undefined) return undefined;
    const previous = entry.value;
    entry.value = change(previous);
    return { value: entry.value, previous };
  }

  /** The entries of a key, in the order of registration. */
  lookup(key: Key): readonly RegistryEntry<Value>[] {
    return this.#living(key).map(asEntry);
  }

  /** The values that `pid` has under a key. */
  values(key: Key, pid: Pid): readonly Value[] {
    return this.#own(key, pid).map(({ value }) => value);
  }

  /** The keys of a process in the order of registration, each as often as it has an entry. */
  keys(pid: Pid): readonly Key[] {
    const process = local(pid);
    return process.alive ? this.#table.ofOwner(process).map(({ key }) => key) : [];
  }

  /** The entries of a key whose value passes the test. */
  match(key: Key, test: (value: Value) => boolean): readonly RegistryEntry<Value>[] {
    return this.#living(key)
      .filter(({ value }) => test(value))
      .map(asEntry);
  }

  countMatch(key: Key, test: (value: Value) => boolean): number {
    return this.match(key, test).length;
  }

  /** Calls `visit` with the entries of a key, in the caller's turn; not when there are none. */
  dispatch(key: Key, visit: (entries: readonly RegistryEntry<Value>[]) => void): void {
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

  /** Who has a unique key. Throws a `TypeError` with duplicate keys: they name nobody. */
  whereis(key: Key): Process | undefined {
    this.#onlyUnique('whereis');
    return this.#living(key)[0]?.owner;
  }

  /** A unique key as a name, for references (OTP N2). */
  via(key: Key): Named<Key> {
    this.#onlyUnique('via');
    return { scope: this as unknown as NameTable<Key>, name: key };
  }

  /** Only for the kernel: the owner died. */
  release(_name: unknown, process: Process): void {
    for (const entry of this.#table.ofOwner(process)) this.#remove(entry);
  }

  /** Without those of processes that are dead and only wait for their funeral. */
  #living(key: Key): readonly Entry<Key, Process, Value>[] {
    const entries = this.#table.ofKey(key);
    return entries.every(({ owner }) => owner.alive) ? entries : entries.filter(({ owner }) => owner.alive);
  }

  /** Those of one process, here and alive. */
  #own(key: Key, pid: Pid): readonly Entry<Key, Process, Value>[] {
    const process = local(pid);
    return process.alive ? this.#table.of(key, process) : [];
  }

  /** Its end is told before its key has a new owner. */
  #evict(owner: Process): void {
    if (!owner.alive) this.release(undefined, owner);
  }

  #remove(entry: Entry<Key, Process, Value>): void {
    const { owner, key } = entry;
    this.#table.remove(entry);
    if (owner.alive) {
      if (!this.#table.owns(owner)) letGo(owner, this.#held);
      this.#forgetName(owner, key);
    }
    this.#tell('unregister', entry);
  }

  /** A key that was taken as a name at a start is remembered with the process as one. */
  #forgetName(owner: Process, key: Key): void {
    const isKey = (held: HeldName): boolean =>
      held.scope === this && held !== this.#held && held.name === key;
    if (owner.names.some(isKey)) owner.names = owner.names.filter((held) => !isKey(held));
  }

  #tell(tag: RegistryChange['tag'], entry: Entry<Key, Process, Value>): void {
    if (this.#listeners.length === 0) return;
    const { key, owner, value } = entry;
    const change: RegistryChange<Key, Value> = { tag, registry: this, key, pid: owner, value };
    for (const listener of this.#listeners) this.#send(owner.runtime, listener, change);
  }

  #send(runtime: Runtime, listener: Pid | Named<unknown>, change: RegistryChange<Key, Value>): void {
    try {
      const pid = 'scope' in listener ? listener.scope.whereis(listener.name) : listener;
      if (pid !== undefined) runtime.send(pid, change);
    } catch (error) {
      // a table of the user's: neither a registration nor a death is its business
      runtime.defect(error);
    }
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
function local(pid: Pid): Process {
  if (!(pid instanceof Process)) throw new TypeError('registry: only processes of this node have entries');
  return pid;
}
