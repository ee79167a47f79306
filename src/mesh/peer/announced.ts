/**
 * Which addresses peers may tell each other: one of a private range says nothing to who is outside of it, and would
 * have it knock at machines of its own. So we tell no such address, and dial none that we were told.
 * Pure. Source: DESIGN §8, Per-IP limits.
 */
import { addressClass, isLinkLocal, isLoopback, type AddressClass } from '../../transport/address.ts';
import type { Contact } from '../dht/contact.ts';
import { parseAddress } from './endpoint-text.ts';

/** To tell the class of an address takes 3 µs, and each answer names twenty contacts that the table holds for hours. */
const classes = new WeakMap<Contact, AddressClass>();

/** @param to the class of the address at which the peer is. Loopback sees all of this machine's networks. */
export function announced(contact: Contact, to: AddressClass): boolean {
  let ours = classes.get(contact);
  if (ours === undefined) classes.set(contact, (ours = classOf(contact.address)));
  return isOpen(ours, to);
}

/** Whether to believe an address that a peer names; `from`: the class of the address at which that peer really is. */
export function isTold(address: string, from: AddressClass): boolean {
  const at = parseAddress(address);
  return at !== undefined && isOpen(addressClass(at.host), from);
}

/** Whether an address of a record means the same on every machine: who has signed it need not be near to us. */
export function isSameEverywhere(address: string): boolean {
  const host = parseAddress(address)?.host;
  return host !== undefined && !isLoopback(host) && !isLinkLocal(host);
}

const isOpen = (ours: AddressClass, theirs: AddressClass): boolean =>
  ours === 'public' || theirs === 'loopback' || theirs === ours;

/** Of a `host:port`. */
export const classOf = (address: string): AddressClass => addressClass(parseAddress(address)?.host ?? '');
