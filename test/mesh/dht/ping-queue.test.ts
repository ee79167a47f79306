import { expect, test } from 'vitest';
import { PARALLEL, PingQueue, QUEUED } from '../../../src/mesh/dht/ping-queue.ts';
import { contact } from './numbered-contacts.ts';

test('asks each contact once, in the order they came', () => {
  const queue = new PingQueue();
  expect(queue.add(contact(1))).toBe(true);
  expect(queue.add(contact(1))).toBe(false);
  queue.add(contact(2));
  expect(queue.next()).toEqual(contact(1));
  expect(queue.add(contact(1))).toBe(false);
  queue.done(contact(1).nodeId);
  expect(queue.add(contact(1))).toBe(true);
  expect(queue.next()).toEqual(contact(2));
});

test('holds a hundred, and asks ten at once', () => {
  const queue = new PingQueue();
  let accepted = 0;
  for (let i = 0; i < 1_000; i++) if (queue.add(contact(i))) accepted++;
  expect(accepted).toBe(QUEUED);
  let asked = 0;
  while (queue.next() !== undefined) asked++;
  expect(asked).toBe(PARALLEL);
  queue.done(contact(0).nodeId);
  expect(queue.next()).toEqual(contact(PARALLEL));
});
