import { describe, expect, test } from 'vitest';
import { attemptTime, LONGEST_ATTEMPT, planRoutes } from '../../../src/mesh/peer/pool-plan.ts';

const none = (): boolean => false;

describe('the ways to a peer', () => {
  test('its addresses in order, without those that answered nobody', () => {
    const dead = (one: string): boolean => one === 'b';
    expect(planRoutes({ addresses: ['a', 'b', 'c'], dead, nat: false, relayed: false })).toEqual([
      { tag: 'direct', address: 'a' },
      { tag: 'direct', address: 'c' },
    ]);
  });

  test('through its NAT after all addresses, if anybody knows how', () => {
    const routes = planRoutes({ addresses: ['a'], dead: none, nat: true, relayed: false });
    expect(routes).toEqual([{ tag: 'direct', address: 'a' }, { tag: 'nat' }]);
  });

  test('through the station first that the node itself names, so that the call starts at once', () => {
    const routes = planRoutes({ addresses: ['a'], dead: none, nat: true, relayed: true });
    expect(routes).toEqual([{ tag: 'nat' }, { tag: 'direct', address: 'a' }]);
    expect(planRoutes({ addresses: ['a'], dead: none, nat: false, relayed: true })).toEqual([
      { tag: 'direct', address: 'a' },
    ]);
  });

  test('each gets an equal part of what is left, 3 s at most, and enough for a handshake nearby', () => {
    expect(attemptTime(2_000, 2)).toBe(1_000);
    expect(attemptTime(Infinity, 3)).toBe(LONGEST_ATTEMPT);
    expect(attemptTime(100, 4)).toBe(250);
    expect(attemptTime(-5, 1)).toBe(250);
  });
});
