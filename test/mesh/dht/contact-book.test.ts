import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { ContactBook } from '../../../src/mesh/dht/contact-book.ts';

const random = seededRandom('book');
const hexOf = (id: Uint8Array): string => Buffer.from(id).toString('hex');

test('whoever is named again is the same object, by id and address', () => {
  const book = new ContactBook();
  const id = random.bytes(32);
  const contact = book.contact(id, '203.0.113.5:1');
  expect(contact).toEqual({ id, nodeId: hexOf(id), address: '203.0.113.5:1' });
  expect(book.contact(id.slice(), '203.0.113.5:1')).toBe(contact);
  const moved = book.contact(id.slice(), '203.0.113.5:2');
  expect(moved).toEqual({ ...contact, address: '203.0.113.5:2' });
  expect(contact.address).toBe('203.0.113.5:1');
});

test('ids that were made alike are told apart', () => {
  const book = new ContactBook();
  const [one, other] = [random.bytes(32), random.bytes(32)];
  other.set(one.subarray(0, 31));
  for (const id of [one, other, one]) expect(book.contact(id, 'a:1').nodeId).toBe(hexOf(id));
});

test('thousands of names that were made up are forgotten again', () => {
  const book = new ContactBook();
  for (let i = 0; i < 5_000; i++) book.contact(random.bytes(32), 'a:1');
  expect(book.size).toBe(1_024);
});
