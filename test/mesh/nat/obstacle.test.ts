import { describe, expect, test } from 'vitest';
import { punchObstacle } from '../../../src/mesh/nat/punch/strategy.ts';
import { natOf } from '../../../src/mesh/nat/taxonomy.ts';

describe('a hole punch is not begun', () => {
  test.each([
    // as an ordinary symmetric NAT is measured: one address, another random port for each host
    ['hd/pd/rd', 'hd/pd/rd', 'both_symmetric'],
    ['pd/pd/rd', 'hd/unknown/rd', 'both_symmetric'],
    ['hd/pd/rd', 'ei/pd/pp', 'unreachable'],
    ['ei/pd/pp', 'hd/pd/rd', 'unreachable'],
    ['hd/pd/rd', 'ei/hd/pp', undefined],
    ['hd/pd/rd', 'ei/unknown/pp', undefined],
    ['hd/pd/pc', 'ei/pd/pp', undefined],
    ['ei/pd/rd', 'ei/pd/rd', undefined],
    ['ei/pd/pp', 'ei/pd/pp', undefined],
  ] as const)('%s and %s: %s', (one, other, obstacle) => {
    expect(punchObstacle(natOf(one), natOf(other))).toBe(obstacle);
  });

  test('only what was measured counts', () => {
    expect(punchObstacle(undefined, natOf('hd/pd/rd'))).toBeUndefined();
    expect(punchObstacle(natOf('hd/pd/rd'), undefined)).toBeUndefined();
  });
});
