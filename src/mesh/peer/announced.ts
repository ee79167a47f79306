/**
 * Whether a contact may be told to a peer: an address of a private range says nothing to who is outside of it, and
 * would have it knock at machines of its own. Pure. Source: DESIGN §8, Per-IP limits.
 */
import { addressClass, type AddressClass } from '../../transport/address.ts';
import type { Contact } from '../dht/contact.ts';
import { parseAddress } from './endpoint-text.ts';

/** To tell the class of an address takes 3 µs, and each answer names twenty contacts that the table holds for hours. */
const classes = new WeakMap<Contact, AddressClass>();

/** @param to the class of the address at which the peer is. Loopback sees all of this machine's networks. */
export function announced(contact: Contact, to: AddressClass): boolean {
  let ours = classes.get(contact);
  if (ours === undefined) classes.set(contact, (ours = classOf(contact.address)));
  return ours === 'public' || to === 'loopback' || to === ours;
}

/** Of a `host:port`. */
export const classOf = (address: string): AddressClass => addressClass(parseAddress(address)?.host ?? '');
