import { expect, test } from 'vitest';
import { atom } from '../../src/codec/etf/atom.ts';
import type { DistContext } from '../../src/dist/context.ts';
import { outcomeOf } from '../../src/dist/running.ts';

const contextWith = (own?: () => unknown): DistContext => {
  const find = (_module: string, name: string): unknown => (name === 'node' ? own : undefined);
  const channels = new Map([['b@host', {}]]);
  return { name: 'a@host', channels, exports: { find } } as unknown as DistContext;
};

const valueOf = async (name: string, args: readonly unknown[], own?: () => unknown): Promise<unknown> => {
  const outcome = await outcomeOf(contextWith(own), 'erlang', name, args);
  return outcome.tag === 'return' ? outcome.value : outcome;
};

const A = atom('a@host');
const B = atom('b@host');
const UNDEF = { tag: 'error', reason: atom('undef') };

test('a node says who it is, and who is connected to it, all of them hidden', async () => {
  expect(await valueOf('node', [])).toBe(A);
  expect(await valueOf('nodes', [])).toEqual([]);
  const kinds = ['visible', 'hidden', 'connected', 'this', 'known'].map((kind) => atom(kind));
  const answers = await Promise.all(kinds.map((kind) => valueOf('nodes', [kind])));
  expect(answers).toEqual([[], [B], [B], [A], [A, B]]);
  expect(await valueOf('nodes', [[atom('this'), atom('hidden')]])).toEqual([A, B]);
});

test('what a user exports under that name goes before; anything else is undef', async () => {
  expect(await valueOf('node', [], () => 1)).toBe(1);
  expect(await valueOf('node', [1])).toEqual(UNDEF);
  expect(await valueOf('nodes', [atom('all')])).toEqual(UNDEF);
  expect(await valueOf('nodes', [[1]])).toEqual(UNDEF);
  expect(await valueOf('nodes', [atom('this'), 1])).toEqual(UNDEF);
  expect(await valueOf('halt', [])).toEqual(UNDEF);
  expect((await outcomeOf(contextWith(), 'os', 'node', [])).tag).toBe('error');
});
