/** Contacts by number, for tests of what is done with them. */
import { createHash } from 'node:crypto';
import type { Contact } from '../../../src/mesh/dht/contact.ts';

export function contact(number: number): Contact {
  const id = new Uint8Array(createHash('sha256').update(String(number)).digest());
  const address = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}:9443`;
  return { id, nodeId: Buffer.from(id).toString('hex'), address };
}
