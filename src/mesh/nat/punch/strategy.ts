/**
 * Which way to try first between two peers, by what is known of their NATs. Pure.
 *
 * `undefined` is a peer of which nothing is known. Each way falls through to the next: direct, hole punch, relay. The
 * matrix is SPEC §8.3's; unmeasured filtering counts as "cannot receive unsolicited".
 */
import { canReceiveUnsolicited, requiresRelay, type NatClass } from '../taxonomy.ts';

export type Strategy = 'direct' | 'hole_punch' | 'relay';

/** Whether a punch has a chance at its side: ports that can be foretold. A peer without a class is hoped for. */
export const punchFeasible = (nat: NatClass | undefined): boolean =>
  nat === undefined || (!requiresRelay(nat) && nat.mapping !== 'pd' && nat.allocation !== 'rd');

export function strategyFor(initiator: NatClass | undefined, target: NatClass | undefined): Strategy {
  if (initiator === undefined) return toTarget(target);
  if (target === undefined) return requiresRelay(initiator) ? 'relay' : 'hole_punch';
  if (canReceiveUnsolicited(initiator) || canReceiveUnsolicited(target)) return 'direct';
  return punchFeasible(initiator) && punchFeasible(target) ? 'hole_punch' : 'relay';
}

function toTarget(target: NatClass | undefined): Strategy {
  if (target === undefined) return 'hole_punch';
  if (canReceiveUnsolicited(target)) return 'direct';
  return requiresRelay(target) ? 'relay' : 'hole_punch';
}

/**
 * Why a hole punch between two cannot succeed; undefined when it may. What was not measured is hoped for: behind a NAT
 * that filters by host alone, who answers to the observed source gets through to a symmetric one (BASELINES §4).
 */
export function punchObstacle(
  one: NatClass | undefined,
  other: NatClass | undefined,
): 'both_symmetric' | 'unreachable' | undefined {
  if (one === undefined || other === undefined) return undefined;
  const [first, second] = [isUnforeseeable(one), isUnforeseeable(other)];
  if (first && second) return 'both_symmetric';
  return (first && other.filtering === 'pd') || (second && one.filtering === 'pd')
    ? 'unreachable'
    : undefined;
}

/** Another outside port for each peer, and none that can be told. */
const isUnforeseeable = ({ mapping, allocation }: NatClass): boolean =>
  mapping !== 'ei' && allocation === 'rd';
