/**
 * Pids, references and ports as they travel: names, and no more. Whoever holds one has no right by it.
 *
 * Pure. The distribution gives the codec a port by which they become what its runtime understands.
 */

/** A process: 32 bits each. */
export class PidTerm {
  readonly node: string;
  readonly id: number;
  readonly serial: number;
  readonly creation: number;
  constructor(node: string, id: number, serial: number, creation: number) {
    this.node = node;
    this.id = id;
    this.serial = serial;
    this.creation = creation;
  }
}

/** A reference: one to five words of 32 bits. */
export class ReferenceTerm {
  readonly node: string;
  readonly creation: number;
  readonly words: readonly number[];
  constructor(node: string, creation: number, words: readonly number[]) {
    this.node = node;
    this.creation = creation;
    this.words = words;
  }
}

/** A port: 64 bits, as Erlang/OTP has them since release 24. */
export class PortTerm {
  readonly node: string;
  readonly id: bigint;
  readonly creation: number;
  constructor(node: string, id: bigint, creation: number) {
    this.node = node;
    this.id = id;
    this.creation = creation;
  }
}

/** What identities are to whoever uses the codec. */
export interface Identities {
  pid(term: PidTerm): unknown;
  reference(term: ReferenceTerm): unknown;
  /** What a value travels as; undefined: it is none. Asked for objects that are nothing else. */
  termOf(value: object): PidTerm | ReferenceTerm | undefined;
}

/** They stay what they are. */
export const BARE: Identities = {
  pid: (term) => term,
  reference: (term) => term,
  termOf: () => undefined,
};
