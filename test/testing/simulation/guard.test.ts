/**
 * Invariant 14 can fail: the guard tells of real time, real chance and of what nobody handles, and leaves no trace.
 */
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

import { guard } from '../../../src/testing/simulation/guard.ts';

/** Runs code as if it were in a file of ours. */
function inOurCode(code: string): void {
  const file = pathToFileURL(resolve(import.meta.dirname, '../../../src/mesh/planted.ts')).href;
  // oxlint-disable-next-line typescript/no-implied-eval
  new Function(`${code}\n//# sourceURL=${file}`)();
}

test('code of ours that touches a real timer, the date or Math.random is told of, that of others is not', () => {
  const told: string[] = [];
  const release = guard((detail) => told.push(detail));
  try {
    Date.now();
    expect(told).toEqual([]);
    for (const code of [
      'clearTimeout(setTimeout(() => {}))',
      'Date.now()',
      'Math.random()',
      'performance.now()',
    ])
      inOurCode(code);
  } finally {
    release();
  }
  expect(told.map((line) => line.replace(/ was called .*/s, ''))).toEqual([
    'globalThis.setTimeout',
    'Date.now',
    'Math.random',
    'performance.now',
  ]);
});

test('the globals are as they were when the last guard is released, and work meanwhile', () => {
  const before = [Date.now, Math.random, setTimeout, performance.now];
  const [first, second] = [guard(() => {}), guard(() => {})];
  expect(Date.now()).toBeGreaterThan(0);
  first();
  first();
  expect(Date.now).not.toBe(before[0]);
  second();
  expect([Date.now, Math.random, setTimeout, performance.now]).toEqual(before);
});
