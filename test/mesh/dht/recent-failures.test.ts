import { expect, test } from 'vitest';
import { RecentFailures } from '../../../src/mesh/dht/recent-failures.ts';
import { contact } from './numbered-contacts.ts';

test('believes a failure for 30 s, of this node at this address only', () => {
  const failures = new RecentFailures();
  const failed = contact(1);
  failures.note(failed, 1_000);
  expect(failures.has(failed, 30_999)).toBe(true);
  expect(failures.has(failed, 31_000)).toBe(false);
  expect(failures.has({ ...failed, address: '10.9.9.9:1' }, 1_000)).toBe(false);
  expect(failures.has(contact(2), 1_000)).toBe(false);
});

test('forgets what has answered, and of too many the oldest', () => {
  const failures = new RecentFailures();
  for (let i = 0; i < 2_000; i++) failures.note(contact(i), i);
  expect(failures.size).toBe(1_024);
  expect(failures.has(contact(975), 2_000)).toBe(false);
  expect(failures.has(contact(976), 2_000)).toBe(true);
  failures.forget(contact(1_999));
  expect(failures.has(contact(1_999), 2_000)).toBe(false);
});
