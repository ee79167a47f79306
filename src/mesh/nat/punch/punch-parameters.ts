/**
 * How long and on how many ports a hole punch is tried, by the worse of both NATs. Pure. Source: SPEC §8.4.
 */
import type { NatKind } from '../taxonomy.ts';

export interface PunchParameters {
  /** Milliseconds for each try of an attempt. */
  readonly timeouts: readonly number[];
  /** Ports of the peer that are probed at once. */
  readonly parallelPorts: number;
}

/** Worst first. A full cone is good only on both sides: beside it the other decides, also one that is not known. */
const WORST_FIRST: readonly NatKind[] = ['symmetric', 'port_restricted', 'restricted'];

export function worstNat(one: NatKind, other: NatKind): NatKind {
  const worst = WORST_FIRST.find((kind) => one === kind || other === kind);
  if (worst !== undefined) return worst;
  return one === 'full_cone' && other === 'full_cone' ? 'full_cone' : 'unknown';
}

const SYMMETRIC: PunchParameters = { timeouts: [4_000, 3_000], parallelPorts: 5 };
const FULL_CONE: PunchParameters = { timeouts: [1_000, 800], parallelPorts: 1 };
const OTHERS: PunchParameters = { timeouts: [2_000, 1_500], parallelPorts: 3 };

export function punchParameters(worst: NatKind): PunchParameters {
  if (worst === 'symmetric') return SYMMETRIC;
  return worst === 'full_cone' ? FULL_CONE : OTHERS;
}
