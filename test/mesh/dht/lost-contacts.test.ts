import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { LostContacts } from '../../../src/mesh/dht/lost-contacts.ts';
import { contact } from './numbered-contacts.ts';

const random = seededRandom('lost');

test('keeps the sixty that were lost last', () => {
  const lost = new LostContacts();
  for (let i = 0; i < 100; i++) lost.add(contact(i), i);
  expect(lost.size).toBe(60);
  expect(new Set(lost.some(100, 100, random).map(({ nodeId }) => nodeId))).toEqual(
    new Set(Array.from({ length: 60 }, (_, i) => contact(40 + i).nodeId)),
  );
});

test('forgets after an hour', () => {
  const lost = new LostContacts();
  lost.add(contact(1), 0);
  lost.add(contact(2), 1);
  expect(lost.some(5, 3_600_000, random)).toEqual([contact(2)]);
});

test('says how long one was lost that is found again, and forgets it', () => {
  const lost = new LostContacts();
  lost.add(contact(1), 100);
  expect(lost.found(contact(1).nodeId, 350)).toBe(250);
  expect(lost.found(contact(1).nodeId, 350)).toBe(0);
  expect(lost.size).toBe(0);
});

test('picks any of them, each once', () => {
  const lost = new LostContacts();
  for (let i = 0; i < 10; i++) lost.add(contact(i), 0);
  const seen = new Set<string>();
  for (let round = 0; round < 200; round++) {
    const some = lost.some(3, 1, random);
    expect(new Set(some).size).toBe(3);
    for (const { nodeId } of some) seen.add(nodeId);
  }
  expect(seen.size).toBe(10);
});
