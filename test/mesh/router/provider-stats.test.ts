/** What the latency of a provider is made of. */
import { expect, test } from 'vitest';
import type { RpcFailure } from '../../../src/mesh/errors/rpc-failure.ts';
import { ProviderStats, type ProviderStat } from '../../../src/mesh/router/provider-stats.ts';
import { answered, mesh, serve } from './journey-mesh.ts';
import { contextOf, meshWorld } from '../../mesh-world.ts';

const stat = (): ProviderStat => new ProviderStats().of('m.work', 'a');

const NO: RpcFailure = { tag: 'handler_error', reason: 'no' };

function answer(one: ProviderStat, took: number, failure?: RpcFailure, dialed?: boolean): void {
  one.began(0);
  one.ended(0, took, failure, undefined, dialed);
}

test('whoever has become quick only at saying no is not fast', () => {
  const one = stat();
  for (let n = 0; n < 10; n++) answer(one, 10);
  for (let n = 0; n < 10; n++) answer(one, 0.1, NO);
  expect(one.latency(0)).toBe(10);
  for (let n = 0; n < 10; n++) answer(one, 20, NO);
  expect(one.latency(0)).toBeGreaterThan(15);
});

test('a call that had to wait for the dial says nothing of the next one', () => {
  const one = stat();
  answer(one, 30, undefined, true);
  expect(one.latency(0)).toBeUndefined();
  answer(one, 0.5);
  expect(one.latency(0)).toBe(0.5);
});

test('a call for which its provider has to be dialed does not count for its latency', async () => {
  const world = meshWorld({ delay: 20 });
  const { caller, others } = await mesh(world, 1);
  const [other] = others as [(typeof others)[number]];
  await serve(world, others, 'm.work', (at) => at);
  const { standings, runtime, routing } = contextOf(caller);
  expect(answered(await world.settle(caller.tryCall('m.work')))).toBe(0);
  const latency = (): number | undefined => routing.stats.of('m.work', other.id).latency(world.clock.now());
  const before = latency();
  expect(before).toBeCloseTo(40, -1);
  for (const { process } of standings.of(other.id)) runtime.exit(process, 'kill');
  await world.clock.advance(0);
  expect(standings.ready(other.id)).toBeUndefined();
  expect(answered(await world.settle(caller.tryCall('m.work')))).toBe(0);
  expect(latency()).toBe(before);
});
