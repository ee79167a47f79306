import { expect, test } from 'vitest';
import { targetsOf, type KnownNodes } from '../../../src/dist/bridge/targets.ts';

const known = (more: Partial<KnownNodes> = {}): KnownNodes => {
  const keyed = more.keyed ?? [];
  return { own: 'a@127.0.0.1', peers: [], keyed, hasKey: (node) => keyed.includes(node), ...more };
};

test('a node nobody told us of calls its host as ours does, or is whoever the relay knows by that part', () => {
  expect(targetsOf('b', known())).toEqual(['b@127.0.0.1', 'b']);
  expect(targetsOf('b', known({ peers: ['c@gamma.mesh'], keyed: ['d@127.0.0.1'] }))).toEqual([
    'b@127.0.0.1',
    'b',
  ]);
});

test('a node that we were told of is that one, and the last one of several', () => {
  const peers = ['b@beta.mesh', 'b@other.mesh'];
  expect(targetsOf('b', known({ peers, keyed: ['b@127.0.0.1'] }))).toEqual(['b@other.mesh']);
});

test('a node whose key we know is asked for by its whole name only: what a relay calls it has no key', () => {
  expect(targetsOf('b', known({ keyed: ['b@127.0.0.1', 'b@beta.mesh'] }))).toEqual(['b@127.0.0.1']);
  expect(targetsOf('b', known({ keyed: ['b@beta.mesh', 'b@gamma.mesh'] }))).toEqual([
    'b@beta.mesh',
    'b@gamma.mesh',
  ]);
  expect(targetsOf('b', known({ hasKey: (node) => node === 'b@127.0.0.1' }))).toEqual(['b@127.0.0.1']);
});
