/**
 * Processes of other nodes, as this one knows them: one object per process, so that they compare by identity.
 */
import { RemotePid } from '../actor/pid.ts';
import type { PidTerm } from '../codec/etf/identities.ts';

const TWO_32 = 0x1_0000_0000;

/** Made by the identity table alone. */
export class NodePid extends RemotePid {
  /** As it travels. */
  readonly term: PidTerm;
  constructor(term: PidTerm) {
    super(term.node, term.creation, serialOf(term));
    this.term = term;
  }
}

/** Both words as one number. */
export const serialOf = ({ id, serial }: PidTerm): number => serial * TWO_32 + id;

/** The words of a number. */
export const lowOf = (serial: number): number => serial % TWO_32;
export const highOf = (serial: number): number => Math.floor(serial / TWO_32);
