/**
 * Every pair of NATs of BASELINES §4, both ways: the first call goes through the station, and the direct path is won exactly where
 * the table says that it can be.
 */
import { describe, expect, test } from 'vitest';
import { contextOf } from '../../mesh-world.ts';
import { natWorld, pathTo, type Type } from './nat-world.ts';

const TYPES = ['fullcone', 'addr', 'port', 'sym', 'symport'] as const;

/** Neither side's port can be known by the other. */
const isRelayed = (one: Type, other: Type): boolean =>
  (one === 'sym' && (other === 'port' || other === 'sym' || other === 'symport')) ||
  (other === 'sym' && (one === 'port' || one === 'symport'));

const pairs = TYPES.flatMap((one) => TYPES.map((other) => [one, other] as const));

describe.each(pairs)('%s calls %s', (one, other) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i', async (seed) => {
    const { world, behind } = await natWorld(`${one}-${other}-${seed}`);
    const caller = await behind('caller', one);
    const provider = await behind('provider', other);
    await world.settle(provider.advertise('math.add', ({ a, b }: { a: number; b: number }) => a + b));
    await world.clock.until(
      () => contextOf(provider).discovery.publications.get('math.add')?.state === 'published',
    );
    const since = world.clock.now();
    expect(await world.settle(caller.call('math.add', { a: 2, b: 3 }))).toBe(5);
    // discovery in the DHT takes one round trip to the station, the call four through it
    expect(world.clock.now() - since).toBeLessThanOrEqual(20 + 4 * 40 + 50);
    expect(pathTo(caller, provider)?.kind).toBe('relayed');
    const direct = (): boolean =>
      pathTo(caller, provider)?.kind === 'punched' && pathTo(provider, caller)?.kind === 'punched';
    if (isRelayed(one, other)) {
      await world.clock.advance(20_000);
      expect(direct()).toBe(false);
      expect(pathTo(caller, provider)?.kind).toBe('relayed');
    } else {
      await world.clock.until(direct, 1_000);
    }
    expect(await world.settle(caller.call('math.add', { a: 2, b: 4 }))).toBe(6);
  });
});
