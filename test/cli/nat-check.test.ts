/** `espalier doctor --nat` over a simulated network: what it asks, in which order, and what it leaves behind. */
import { describe, expect, test } from 'vitest';
import { natCheck } from '../../src/cli/doctor/nat-check.ts';
import type { Check } from '../../src/cli/doctor/checks.ts';
import type { NatReport } from '../../src/mesh/nat/detection/report.ts';
import type { NatType } from '../../src/transport/memory/nat-types.ts';
import { meshWorld, REALM, type MeshWorld } from '../mesh-world.ts';
import { clique, stations, urlOf } from '../mesh/station/stations.ts';

interface Checked {
  readonly report: NatReport | undefined;
  readonly checks: readonly Check[];
}

async function checked(world: MeshWorld, urls: readonly string[], type: NatType): Promise<Checked> {
  const nat = world.network.nat({ host: '203.0.113.2', type });
  const transport = world.network.transport('10.1.0.2', { nat });
  const checks: Check[] = [];
  const settings = { realm: REALM, runtime: world.runtime(), listen: '0.0.0.0:0', transport };
  const report = await world.settle(
    natCheck(urls, settings, {
      timeout: 5_000,
      signal: new AbortController().signal,
      done: (check) => checks.push(check),
    }),
  );
  return { report, checks };
}
const linesOf = ({ checks }: Checked): readonly string[] =>
  checks.map(({ name, status }) => `${name} ${status}`);

describe('natCheck', () => {
  test('asks one station alone, then both, and says what is possible', async () => {
    const world = meshWorld();
    await stations(world, clique(2));
    const result = await checked(world, [urlOf(0), urlOf(1)], 'port');
    expect(result.report).toMatchObject({
      behindNat: true,
      mapping: 'ei',
      filtering: 'pd',
      allocation: 'pp',
    });
    expect(linesOf(result)).toEqual([
      'station ok',
      'station ok',
      'nat ok',
      'mapping ok',
      'filtering ok',
      'reach ok',
    ]);
    // of ours nothing is left; each of both stations has its own socket and the one beside it
    expect(world.network.sockets).toBe(4);
  });

  test('a station that is down fails, and the other one is asked', async () => {
    const world = meshWorld();
    await stations(world, clique(2));
    const result = await checked(world, ['https://198.18.200.1:9443', urlOf(1)], 'addr');
    expect(result.report).toMatchObject({ observers: 1, filtering: 'hd', mapping: 'unknown' });
    expect(linesOf(result).slice(0, 3)).toEqual(['station fail', 'station ok', 'nat ok']);
  });

  test('where UDP is blocked nothing is measured, and that is a failure', async () => {
    const world = meshWorld();
    await stations(world, clique(1));
    const result = await checked(world, [urlOf(0)], 'blocked');
    expect(result.report).toBeUndefined();
    expect(linesOf(result)).toEqual(['station fail', 'nat fail']);
    expect(result.checks.at(-1)?.hint).toContain('UDP is blocked');
  });

  test.each([
    [['ftp://x'], undefined, 'nat'],
    [['https://198.18.90.1:9443'], undefined, 'realm'],
    [Array.from({ length: 9 }, (_, at) => urlOf(at)), REALM, 'nat'],
  ])('%j with realm %s is invalid_args', async (urls, realm, field) => {
    const world = meshWorld();
    const settings = realm === undefined ? {} : { realm };
    const signal = new AbortController().signal;
    const failure = await world.failure(natCheck(urls, settings, { timeout: 1_000, signal, done: () => {} }));
    expect(failure).toMatchObject({ tag: 'invalid_args', field });
  });
});
