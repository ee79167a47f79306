/**
 * Which addresses peers may tell each other: one of a private range says nothing to who is outside of it, and would
 * have it knock at machines of its own. So we tell no such address, and dial none that we were told.
 * Pure. Source: DESIGN §8, Per-IP limits.
 */
import { addressClass, isLinkLocal, isLoopback, type AddressClass } from '../../transport/address.ts';
import type { Contact } from '../dht/contact.ts';
import { parseAddress } from './endpoint-text.ts';
import { hintedStation } from './relay-hint.ts';

/** To tell the class of an address takes 3 µs, and each answer names twenty contacts that are known for hours. */
const classes = new WeakMap<Contact, AddressClass | 'nowhere'>();

/**
 * Whether a contact may be named between us and a peer: told to it, or believed when it names it. `peer`: the class of
 * the address at which the peer really is. Loopback sees all of this machine's networks.
 */
export function announced(contact: Contact, peer: AddressClass): boolean {
  const at = classAt(contact);
  return at !== 'nowhere' && (at === 'public' || peer === 'loopback' || peer === at);
}

/** The class of a contact's address; `nowhere` when it is none that can be dialed. */
export function classAt(contact: Contact): AddressClass | 'nowhere' {
  let known = classes.get(contact);
  if (known === undefined) {
    const at = parseAddress(contact.address);
    known = at === undefined ? 'nowhere' : addressClass(at.host);
    classes.set(contact, known);
  }
  return known;
}

/** Whether an address of a record means the same on every machine: who has signed it need not be near to us. */
export function isSameEverywhere(address: string): boolean {
  const host = parseAddress(hintedStation(address) ?? address)?.host;
  return host !== undefined && !isLoopback(host) && !isLinkLocal(host);
}

/** Of a `host:port`. */
export const classOf = (address: string): AddressClass => addressClass(parseAddress(address)?.host ?? '');
