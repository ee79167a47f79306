/**
 * Whom a local node means by the part before the `@`, which is all that EPMD is asked by. Pure.
 *
 * It is a node that we were told of; or one whose key we were told; or one that calls its host as ours does; or else whoever the relay
 * knows by that part, where no two have the same. A relay that lies may answer to that with any name: so a node whose key we know is
 * asked for by its whole name and no other, for the key belongs to the name.
 */
import { aliveOf, hostOf } from '../node-name.ts';

export interface KnownNodes {
  /** Of the local node. */
  readonly own: string;
  /** Nodes elsewhere by their whole names. */
  readonly peers: readonly string[];
  /** Nodes whose keys we were told, as far as they can be told one by one. */
  readonly keyed: readonly string[];
  /** Whether a node has to prove a key. */
  readonly hasKey: (node: string) => boolean;
}

/** Names in the order in which they are tried. */
export function targetsOf(alive: string, { own, peers, keyed, hasKey }: KnownNodes): readonly string[] {
  const isIt = (node: string): boolean => aliveOf(node) === alive;
  const told = peers.findLast(isIt);
  if (told !== undefined) return [told];
  const beside = `${alive}@${hostOf(own)}`;
  if (hasKey(beside)) return [beside];
  const elsewhere = keyed.filter(isIt);
  return elsewhere.length > 0 ? elsewhere : [beside, alive];
}
