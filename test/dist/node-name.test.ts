import { describe, expect, test } from 'vitest';
import { aliveOf, hostOf, isNodeName, isPortName, splitNodeName } from '../../src/dist/node-name.ts';
import { vectors } from '../codec/vectors.ts';

interface Input {
  readonly op: string;
  readonly name: string;
}
interface Expectation {
  readonly ok?: unknown;
  readonly error?: unknown;
}

/** Of a carrier, tested there. */
const ELSEWHERE = ['close', 'childspecs'];

describe('vectors of dist-node-names', () => {
  const cases = vectors<Input, Expectation>('dist-node-names').filter(
    ({ input }) => !ELSEWHERE.includes(input.op),
  );
  test.each(cases)('$name', ({ input, expect: wanted }) => {
    if (input.op === 'select') return expect(isPortName(input.name)).toBe(wanted.ok);
    const split = splitNodeName(input.name);
    return expect(split).toEqual(
      wanted.ok === undefined ? { ok: false, error: wanted.error } : { ok: true, name: wanted.ok },
    );
  });
});

test.each(['alice@host', 'a-b_1@127.0.0.1', '4433@[::1]', 'x@a.b.example'])(
  '%s is a name of Erlang',
  (name) => {
    expect(isNodeName(name)).toBe(true);
  },
);

test.each([
  'alice',
  '@host',
  'alice@',
  'a@b@c',
  'a b@c',
  'a@b c',
  'ä@h',
  `a@${'h'.repeat(64)}`,
  'a@-h',
  `${'a'.repeat(254)}@h`,
])('%s is none', (name) => {
  expect(isNodeName(name)).toBe(false);
});

test('a name has two parts', () => {
  expect([aliveOf('alice@host'), hostOf('alice@host')]).toEqual(['alice', 'host']);
});
