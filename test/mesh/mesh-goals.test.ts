/**
 * Twenty nodes that serve and call: what each advertises is called from each; and what an outage may cost. The same with a hundred in `test/scale/mesh-hundred.test.ts`, over QUIC in
 * `test/net/mesh-goals.test.ts`.
 */
import { expect, test } from 'vitest';
import type { Node } from '../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, told } from '../mesh-world.ts';
import { expectNoCrash, hostOf, joinedNodes } from './dht/dht-mesh.ts';

const NODES = 20;
/** Milliseconds: some thousand virtual connections take a while on a busy machine. */
const SLOW = 60_000;
const service = (number: number): string => `service.number_${number}`;

test(
  'every service is called from every node, after one lookup of few hops',
  async () => {
    const world = meshWorld({ seed: 'all pairs', poison: false });
    const nodes = await joinedNodes(world, NODES);
    closeAtEnd(world, ...nodes);
    for (const [number, node] of nodes.entries())
      await node.advertise(service(number), () => number, { ttl: 60 });
    await world.clock.advance(1_000);
    const wrong: string[] = [];
    let hops = 0;
    for (const [at, caller] of nodes.entries()) {
      const calls = nodes.map((_, number) => caller.tryCall(service(number), {}, { explain: true }));
      for (const [number, result] of (await world.settle(Promise.all(calls))).entries()) {
        if (told(result) !== number) wrong.push(`${at} calls ${number}: ${String(told(result))}`);
        hops = Math.max(hops, result.explanation?.hops ?? 0);
      }
      expect(contextOf(caller).discovery.lookups).toBeLessThanOrEqual(NODES - 1);
    }
    expect(wrong).toEqual([]);
    expect(hops).toBeGreaterThan(0);
    expect(hops).toBeLessThanOrEqual(Math.log2(NODES) + 2);
    expectNoCrash(world);
  },
  SLOW,
);

test('what is advertised while nobody can be reached is found by all within a refresh of the return', async () => {
  const world = meshWorld({ seed: 'alone', poison: false });
  const nodes = await joinedNodes(world, 6);
  closeAtEnd(world, ...nodes);
  const [lonely, ...others] = nodes as [Node, ...Node[]];
  await lonely.advertise('m.before', () => 'before');
  await others[0]!.advertise('m.remote', () => 'remote');
  await world.clock.advance(1_000);
  const warnings: string[] = [];
  lonely.events.addEventListener('dht.unreachable', () => warnings.push('unreachable'));
  lonely.events.addEventListener('dht.recovered', () => warnings.push('recovered'));
  world.network.faults.partition([hostOf(lonely)], others.map(hostOf));
  await world.clock.advance(60_000);
  // what is served here goes on as ever: in the same moment, without a frame
  const before = world.clock.now();
  for (let n = 0; n < 100; n++) expect(told(await world.settle(lonely.tryCall('m.before')))).toBe('before');
  expect(world.clock.now()).toBe(before);
  const meanwhile = await lonely.advertise('m.meanwhile', () => 'meanwhile');
  expect(told(await world.settle(lonely.tryCall('m.meanwhile')))).toBe('meanwhile');
  expect(meanwhile.state()).not.toBe('published');
  for (let n = 0; n < 5; n++) expect((await world.settle(lonely.tryCall(`no.n${n}`))).ok).toBe(false);
  await world.clock.advance(240_000);
  expect(warnings).toEqual(['unreachable']);
  world.network.faults.healAll();
  await world.clock.advance(60_000);
  expect(warnings).toEqual(['unreachable', 'recovered']);
  for (const node of others) {
    expect(told(await world.settle(node.tryCall('m.meanwhile')))).toBe('meanwhile');
    expect(told(await world.settle(node.tryCall('m.before')))).toBe('before');
  }
  expect(told(await world.settle(lonely.tryCall('m.remote')))).toBe('remote');
});

test('the halves of a partition serve themselves, and all is found from everywhere within minutes of its end', async () => {
  const world = meshWorld({ seed: 'halves', poison: false });
  const nodes = await joinedNodes(world, 8);
  closeAtEnd(world, ...nodes);
  for (const [number, node] of nodes.entries())
    await node.advertise(service(number), () => number, { ttl: 60 });
  await world.clock.advance(1_000);
  const half = (odd: number): Node[] => nodes.filter((_, at) => at % 2 === odd);
  world.network.faults.partition(half(0).map(hostOf), half(1).map(hostOf));
  // ten minutes; records and caches of the other side are over
  await world.clock.advance(600_000);
  for (const [at, caller] of nodes.entries()) {
    for (let number = 0; number < nodes.length; number++) {
      const result = told(await world.settle(caller.tryCall(service(number))));
      if (at % 2 === number % 2) expect([at, number, result]).toEqual([at, number, number]);
      else expect(result).not.toBe(number);
    }
  }
  await nodes[4]!.advertise('m.even', () => 'even', { ttl: 60 });
  world.network.faults.healAll();
  // the look for who was lost, and a third of the ttl
  await world.clock.advance(120_000);
  for (const caller of nodes) {
    for (let number = 0; number < nodes.length; number++)
      expect(told(await world.settle(caller.tryCall(service(number))))).toBe(number);
    expect(told(await world.settle(caller.tryCall('m.even')))).toBe('even');
  }
  expectNoCrash(world);
});
