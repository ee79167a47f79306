/**
 * Which nodes have registered, by short name. Pure.
 *
 * A registration lasts as long as its connection, which holds it by a claim: the late close of a connection whose name has gone to
 * another one takes nothing away (DIST §10). When all connections are cut at once because the server has ended, the nodes have not:
 * what they said is kept without a claim (`letGo`), until they say it again, another node takes the name, or they turn out to be gone.
 */
import type { EpmdNode } from './epmd-requests.ts';

const TWO_32 = 0x1_0000_0000;
/** The first creation of 32 bits: those before it were numbers of 2 bits. Source: Erlang/OTP "Distribution Protocol". */
const FIRST_CREATION = 4;

export interface Registered extends EpmdNode {
  readonly creation: number;
  /** Which connection holds it; undefined: none does any more. */
  readonly claim: number | undefined;
}

/** What a registration would be. */
export type Standing =
  /** One more. */
  | 'new'
  /** The node of a connection that was cut, by its port. */
  | 'again'
  /** Another node in the place of one whose connection was cut. */
  | 'instead'
  /** Refused: a connection holds the name. */
  | 'taken'
  /** Refused: there are as many as there may be. */
  | 'full';

export class EpmdTable {
  readonly #most: number;
  readonly #nodes = new Map<string, Registered>();
  #creation: number;
  #claims = 0;

  /**
   * @param most registrations at once.
   * @param seed any number of 32 bits, another one each time: creations begin there, and tell a node from those before it.
   */
  constructor(most: number, seed: number) {
    this.#most = most;
    this.#creation = seed;
  }

  /** In the order of their registrations. */
  get nodes(): Iterable<Registered> {
    return this.#nodes.values();
  }

  find(name: string): Registered | undefined {
    return this.#nodes.get(name);
  }

  standing({ name, port }: EpmdNode): Standing {
    const known = this.#nodes.get(name);
    if (known === undefined) return this.#nodes.size < this.#most ? 'new' : 'full';
    if (known.claim !== undefined) return 'taken';
    return known.port === port ? 'again' : 'instead';
  }

  /**
   * Registers a node whose standing is not `taken` or `full`. Its creation is a new one each time: a node that comes again does not read
   * it, and what comes at the same port may be a new node.
   */
  add(node: EpmdNode): Registered & { readonly claim: number } {
    const registered = { ...node, creation: this.#nextCreation(), claim: ++this.#claims };
    this.#nodes.set(node.name, registered);
    return registered;
  }

  /** A connection has closed. False: what it held was not its any more. */
  release(name: string, claim: number): boolean {
    return this.#nodes.get(name)?.claim === claim && this.#nodes.delete(name);
  }

  /** All connections are cut, and none of them releases anything any more. */
  letGo(): void {
    for (const node of this.#nodes.values()) this.#nodes.set(node.name, { ...node, claim: undefined });
  }

  /** Those that no connection holds. */
  unclaimed(): readonly Registered[] {
    return Array.from(this.#nodes.values()).filter((node) => node.claim === undefined);
  }

  /** A node that no connection holds is gone. False: it has come again, or another one in its place. */
  forget(node: Registered): boolean {
    return this.#nodes.get(node.name) === node && node.claim === undefined && this.#nodes.delete(node.name);
  }

  #nextCreation(): number {
    this.#creation = (this.#creation + 1) % TWO_32;
    if (this.#creation < FIRST_CREATION) this.#creation = FIRST_CREATION;
    return this.#creation;
  }
}
