/**
 * Pids and references on their way in and out.
 *
 * A process whose pid is sent to another node is *exported* by that: from then on others can reach it by it, until it ends. Nobody
 * reaches a process that was neither sent nor exported by name, and actors of the runtime and the mesh are never exported
 * (SECURITY §9). A pid that comes in is one object however often it comes, as long as anybody here holds it.
 */
import { letGo, hold, type HeldName } from '../actor/names.ts';
import { Monitor } from '../actor/monitor.ts';
import { Process } from '../actor/process.ts';
import type { Random } from '../actor/random.ts';
import { PidTerm, ReferenceTerm, type Identities } from '../codec/etf/identities.ts';
import { highOf, lowOf, NodePid, serialOf } from './node-pid.ts';

export interface LocalNode {
  readonly name: string;
  readonly creation: number;
}

const TWO_32 = 0x1_0000_0000;
/** So many bits of a serial are by chance, what a number counts exactly beyond 32: others do not guess the next one. */
const CHANCE = 0x1f_ffff;

/** Processes exported at once, at most; further ones cannot be sent. */
export const MAX_EXPORTED = 1_000_000;
/** Pids of other nodes that are found at a glance. */
const RECENT = 256;

export class IdentityTable implements Identities {
  readonly #local: LocalNode;
  readonly #isPrivate: (process: Process) => boolean;
  readonly #exported = new Map<number, Process>();
  /** By node and creation, then by serial. */
  readonly #nodes = new Map<string, Map<number, WeakRef<NodePid>>>();
  /** By a few bits of their numbers, the last one each; held by this. */
  readonly #recent: (NodePid | undefined)[] = Array.from({ length: RECENT });
  readonly #collected: FinalizationRegistry<NodePid['term']>;
  readonly #held: HeldName;
  #serials = 0;

  constructor(local: LocalNode, isPrivate: (process: Process) => boolean) {
    this.#local = local;
    this.#isPrivate = isPrivate;
    this.#held = { scope: this, name: undefined };
    this.#collected = new FinalizationRegistry((term) => this.#forget(term));
  }

  /** How many processes others can reach by their pids. */
  get exported(): number {
    return this.#exported.size;
  }

  pid(term: PidTerm): Process | NodePid {
    if (this.#isOurs(term)) {
      const process = this.#exported.get(serialOf(term));
      if (process !== undefined) return process;
    }
    const place = (term.id ^ term.serial) & (RECENT - 1);
    const recent = this.#recent[place];
    if (recent !== undefined && isSame(recent.term, term)) return recent;
    const pid = this.#find(term);
    this.#recent[place] = pid;
    return pid;
  }

  reference(term: ReferenceTerm): ReferenceTerm {
    return term;
  }

  termOf(value: object): PidTerm | ReferenceTerm | undefined {
    if (value instanceof Process)
      return !value.alive || this.export(value) ? this.termOfProcess(value) : undefined;
    if (value instanceof NodePid) return value.term;
    if (value instanceof Monitor) return this.termOfSerial(value.serial);
    return undefined;
  }

  /** What a process of ours is elsewhere. It is not exported by this. */
  termOfProcess({ serial }: Process): PidTerm {
    const { name, creation } = this.#local;
    return new PidTerm(name, lowOf(serial), highOf(serial), creation);
  }

  /** A reference of ours. */
  termOfSerial(serial: number): ReferenceTerm {
    const { name, creation } = this.#local;
    return new ReferenceTerm(name, creation, [lowOf(serial), highOf(serial), 0]);
  }

  /** For a reference of ours that is like no other one. */
  nextSerial(random: Random): number {
    this.#serials = (this.#serials + 1) % TWO_32;
    return (random.u32() & CHANCE) * TWO_32 + this.#serials;
  }

  /** Lets others reach it. False when it may not be, or is dead. */
  export(process: Process): boolean {
    if (this.#exported.has(process.serial)) return true;
    if (!process.alive || this.#exported.size >= MAX_EXPORTED || this.#isPrivate(process)) return false;
    this.#exported.set(process.serial, process);
    hold(process, this.#held);
    return true;
  }

  /** The distribution ends: nobody is reached any more. */
  clear(): void {
    for (const process of this.#exported.values()) letGo(process, this.#held);
    this.#exported.clear();
    this.#recent.fill(undefined);
  }

  /** Only for the kernel: it died. */
  release(_name: unknown, pid: { readonly serial: number }): void {
    this.#exported.delete(pid.serial);
  }

  #find(term: PidTerm): NodePid {
    const key = keyOf(term);
    let pids = this.#nodes.get(key);
    if (pids === undefined) this.#nodes.set(key, (pids = new Map<number, WeakRef<NodePid>>()));
    const known = pids.get(serialOf(term))?.deref();
    if (known !== undefined) return known;
    const pid = new NodePid(term);
    pids.set(pid.serial, new WeakRef(pid));
    this.#collected.register(pid, term);
    return pid;
  }

  #isOurs({ node, creation }: PidTerm): boolean {
    return creation === this.#local.creation && node === this.#local.name;
  }

  #forget(term: PidTerm): void {
    const pids = this.#nodes.get(keyOf(term));
    if (pids === undefined || pids.get(serialOf(term))?.deref() !== undefined) return;
    pids.delete(serialOf(term));
    if (pids.size === 0) this.#nodes.delete(keyOf(term));
  }
}

const keyOf = ({ node, creation }: PidTerm): string => `${creation} ${node}`;

const isSame = (a: PidTerm, b: PidTerm): boolean =>
  a.id === b.id && a.serial === b.serial && a.creation === b.creation && a.node === b.node;

/** Whether two references are the same one, whoever made them. */
export const sameReference = (a: ReferenceTerm, b: ReferenceTerm): boolean =>
  a.node === b.node &&
  a.creation === b.creation &&
  a.words.length === b.words.length &&
  a.words.every((word, index) => word === b.words[index]);
