import { expect, test } from 'vitest';
import { kindOf } from '../../src/actor/kind-of.ts';

test('the size is told of what knows it, and an object is not asked for its keys', () => {
  let asked = 0;
  const object = new Proxy({ a: 1 }, { ownKeys: () => (asked++, ['a']) });
  expect([
    kindOf([1, 2]),
    kindOf(new Map([[1, 2]])),
    kindOf(new Set([1])),
    kindOf(new Uint8Array(3)),
    kindOf('four'),
    kindOf({ a: 1 }),
    kindOf(object),
    kindOf(null),
    kindOf(7),
  ]).toEqual([
    { type: 'Array', size: 2 },
    { type: 'Map', size: 1 },
    { type: 'Set', size: 1 },
    { type: 'bytes', size: 3 },
    { type: 'string', size: 4 },
    { type: 'object' },
    { type: 'object' },
    { type: 'null' },
    { type: 'number' },
  ]);
  expect(asked).toBe(0);
});

test('what throws when it is looked at is unreadable', () => {
  const hostile = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error('no');
      },
    },
  );
  expect(kindOf(hostile)).toEqual({ type: 'unreadable' });
});
