/** The rules are the vectors' (`test/vectors/backoff.json`). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { delay, HEALTHY_AFTER, maxDelay, nextAttempt } from '../../../src/mesh/peer/backoff.ts';
import { contextOf, meshWorld } from '../../mesh-world.ts';

interface Case {
  readonly name: string;
  readonly input: { attempt?: number; op?: string; events?: readonly (string | { healthyMs: number })[] };
  readonly expect: {
    readonly ok: { capMs: number; minMs: number; maxMs: number; attempts: readonly (number | null)[] };
  };
}

const { cases } = JSON.parse(
  readFileSync(new URL('../../vectors/backoff.json', import.meta.url), 'utf8'),
) as { readonly cases: readonly Case[] };

const draws = (attempt: number, count: number): number[] => {
  const random = seededRandom('backoff');
  return Array.from({ length: count }, () => delay(attempt, random));
};

describe('attempts', () => {
  test.each(cases.filter(({ input }) => input.attempt !== undefined))(
    '$name',
    ({ input, expect: { ok } }) => {
      const attempt = input.attempt ?? 0;
      expect(maxDelay(attempt)).toBe(ok.capMs);
      for (const wait of draws(attempt, 200)) {
        expect(wait).toBeGreaterThanOrEqual(ok.minMs);
        expect(wait).toBeLessThanOrEqual(ok.maxMs);
      }
    },
  );

  test('values vary', () => {
    expect(new Set(draws(3, 100)).size).toBeGreaterThan(90);
  });

  test('draws are spread over the whole range', () => {
    const all = draws(6, 10_000);
    const mean = all.reduce((sum, wait) => sum + wait, 0) / all.length;
    expect(mean).toBeGreaterThan(7_500);
    expect(mean).toBeLessThan(8_500);
    expect(all.filter((wait) => wait < 1_000).length).toBeGreaterThan(500);
    expect(all.filter((wait) => wait > 15_000).length).toBeGreaterThan(500);
  });
});

describe('the count', () => {
  test.each(cases.filter(({ input }) => input.events?.includes('fail')))(
    '$name',
    ({ input, expect: { ok } }) => {
      let attempt = 0;
      const seen = (input.events ?? []).map((event) => {
        if (event === 'fail') return attempt++;
        attempt = nextAttempt(attempt, (event as { healthyMs: number }).healthyMs);
        return null;
      });
      expect(seen).toEqual(ok.attempts);
    },
  );

  test('a connection lost twice in one moment is dialed once', async () => {
    const world = meshWorld();
    const node = await world.node({ host: '198.18.77.1' });
    const client = await world.client(node);
    const here = contextOf(client).scope.shared<{ local: { host: string } }>('endpoint')!.local.host;
    expect(world.network.faults.reset('198.18.77.1', here)).toBe(1);
    world.network.faults.reset('198.18.77.1', here);
    await world.clock.advance(HEALTHY_AFTER);
    expect(contextOf(node).counters.connectionsOpened).toBe(2);
    await world.settle(client.disconnect());
    await world.settle(node.close());
  });
});
