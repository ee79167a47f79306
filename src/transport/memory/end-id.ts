/**
 * Connection ids of simulated links: as long as real ones, but nobody has to guess here. Pure.
 */
import type { Link } from '../transport.ts';

const ID_LENGTH = 20;
const NUMBER_LENGTH = 6;

/** Of one end of a wire, unique in the network. */
export const endNumber = (wire: number, role: Link['role']): number => 2 * wire + (role === 'dialer' ? 0 : 1);

/** The id by which that end is known in probes. */
export function idOf(number: number): Uint8Array {
  const id = Buffer.alloc(ID_LENGTH);
  id.writeUIntBE(number, 0, NUMBER_LENGTH);
  return id;
}

/** The number in such an id (latin1). */
export const numberOf = (id: string): number => Buffer.from(id, 'latin1').readUIntBE(0, NUMBER_LENGTH);
