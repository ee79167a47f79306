/** Stations that are peered in circles: a search ends, and asks each of them once. */
import { describe, expect, test } from 'vitest';
import type { CallPayload } from '../../../src/codec/payloads.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, type MeshWorld } from '../../mesh-world.ts';
import { rawPeer, type RawPeer } from '../raw-peer.ts';
import { chain, clique, countCalls, countSent, ring, stations, type Peers } from './stations.ts';

/** Who knows nobody, and how often each was asked, those left out that said at once that they had been. */
async function searched(world: MeshWorld, all: readonly Node[]): Promise<readonly number[]> {
  const seen = all.map((node) => contextOf(node).routing.searches.size);
  expect((await world.failure(all[0]!.call('c.nobody'))).tag).toBe('procedure_not_found');
  return all.map((node, at) => contextOf(node).routing.searches.size - seen[at]!);
}

describe.each<[string, Peers]>([
  ['a ring of three', ring(3)],
  ['a ring of five', ring(5)],
  ['a clique of four', clique(4)],
  ['a clique of eight', clique(8)],
])('%s', (_name, peers) => {
  test('asks each station once for a name that nobody knows', async () => {
    const world = meshWorld();
    const all = await stations(world, peers);
    const calls = countCalls(all);
    expect(await searched(world, all)).toEqual(all.map(() => 1));
    // who is asked again says so at once, and asks nobody
    for (const count of calls()) expect(count).toBeLessThan(peers.length + 1);
    await world.clock.advance(10_000);
    for (const node of all)
      for (const standing of contextOf(node).standings.all()) expect(standing.inFlight()).toBe(0);
  });

  test('finds whoever serves it, wherever that is', async () => {
    const world = meshWorld();
    const all = await stations(world, peers);
    for (const [at, node] of all.entries()) await world.settle(node.advertise(`c.n${at}`, () => at));
    for (const node of all)
      for (const [at] of all.entries()) expect(await world.settle(node.call(`c.n${at}`))).toBe(at);
  });
});

test('a name is searched for again when it is called again two seconds later', async () => {
  const world = meshWorld();
  const all = await stations(world, ring(4));
  for (let n = 0; n < 3; n++) {
    expect(await searched(world, all)).toEqual([1, 1, 1, 1]);
    // until then, nobody is asked
    expect(await searched(world, all)).toEqual([0, 0, 0, 0]);
    await world.clock.advance(2_000);
  }
});

test('a call is never passed back to where it came from', async () => {
  const world = meshWorld();
  const all = await stations(world, chain(3));
  const sent = countSent(all);
  expect((await world.failure(all[0]!.call('c.nobody'))).tag).toBe('procedure_not_found');
  expect(sent()).toEqual([1, 1, 0]);
});

test('a call that is repeated is another search: who came meanwhile is found', async () => {
  const world = meshWorld();
  const all = await stations(world, chain(3));
  const calling = all[0]!.call('c.late', {}, { retry: { times: 5, backoff: 200 } });
  await world.clock.advance(50);
  await world.settle(all[2]!.advertise('c.late', () => 'late'));
  expect(await world.settle(calling)).toBe('late');
});

describe('the hop limit', () => {
  test('ten stations after the first are reached, the eleventh is not', async () => {
    const world = meshWorld();
    const all = await stations(world, chain(12));
    await world.settle(all[10]!.advertise('c.ten', () => 10));
    await world.settle(all[11]!.advertise('c.eleven', () => 11));
    expect(await world.settle(all[0]!.call('c.ten'))).toBe(10);
    expect((await world.failure(all[0]!.call('c.eleven'))).tag).toBe('procedure_not_found');
    expect(await world.settle(all[1]!.call('c.eleven'))).toBe(11);
  });
});

/** A raw peer that says what it likes of itself. */
async function raw(world: MeshWorld, node: Node, capabilities: readonly string[]): Promise<RawPeer> {
  return (await rawPeer(world, node, capabilities.join())).greeted({ capabilities });
}

const search = (fill: number): Uint8Array => new Uint8Array(16).fill(fill);

async function ask(world: MeshWorld, peer: RawPeer, over: Partial<CallPayload>): Promise<unknown> {
  const { rpc } = peer.channels;
  const before = rpc.of('reply').length;
  rpc.send('call', peer.call('c.far', over));
  await world.clock.until(() => rpc.of('reply').length > before);
  const reply = rpc.of('reply').at(-1)!;
  return reply.error?.code ?? reply.result;
}

describe('hop counts and search ids that are made up', () => {
  test("a client's are as if they were not there", async () => {
    const world = meshWorld();
    const all = await stations(world, chain(3));
    await world.settle(all[2]!.advertise('c.far', () => 'far'));
    const client = await raw(world, all[0]!, ['rpc']);
    for (const over of [
      { hop_count: 255, search_id: search(1) },
      { hop_count: 0, search_id: search(1) },
      { hop_count: 10 },
    ])
      expect(await ask(world, client, over)).toBe('far');
    expect(contextOf(all[0]!).routing.searches.size).toBe(3);
  });

  test("a node's are believed: too many hops and what has been here end at once, before anything runs", async () => {
    const world = meshWorld();
    const all = await stations(world, chain(3));
    let runs = 0;
    await world.settle(all[0]!.advertise('c.far', () => ++runs));
    const node = await raw(world, all[0]!, ['rpc', 'node', 'station']);
    expect(await ask(world, node, { hop_count: 11, search_id: search(1) })).toBe('procedure_not_found');
    expect(await ask(world, node, { hop_count: 10, search_id: search(1) })).toBe(1);
    expect(await ask(world, node, { hop_count: 1, search_id: search(1) })).toBe('procedure_not_found');
    expect(await ask(world, node, { search_id: search(2) })).toBe(2);
    await world.clock.advance(60_000);
    expect(await ask(world, node, { hop_count: 1, search_id: search(1) })).toBe(3);
  });

  test('who has passed on a call as often as may be passes it on no further', async () => {
    const world = meshWorld();
    const all = await stations(world, chain(2));
    await world.settle(all[1]!.advertise('c.far', () => 'far'));
    const node = await raw(world, all[0]!, ['rpc', 'node']);
    const sent = countSent(all);
    expect(await ask(world, node, { hop_count: 9, search_id: search(1) })).toBe('far');
    expect(await ask(world, node, { hop_count: 10, search_id: search(2) })).toBe('procedure_not_found');
    expect(sent()).toEqual([1, 0]);
  });

  test('who claims to be a station and is no peer of ours is not believed about the caller', async () => {
    const world = meshWorld();
    const all = await stations(world, chain(2));
    await world.settle(all[0]!.advertise('c.far', (_args, { caller }) => caller.nodeId));
    const node = await raw(world, all[0]!, ['rpc', 'node', 'station']);
    const victim = Buffer.from(all[1]!.id, 'hex');
    const id = Buffer.from(node.identity.nodeId).toString('hex');
    expect(await ask(world, node, { hop_count: 1, search_id: search(1), caller: victim })).toBe(id);
  });

  test('a node that is no station reads none of it', async () => {
    const world = meshWorld();
    const plain = await world.node({ dht: false });
    closeAtEnd(world, plain);
    await world.settle(plain.advertise('c.far', () => 'far'));
    const node = await raw(world, plain, ['rpc', 'node', 'station']);
    for (let n = 0; n < 2; n++)
      expect(await ask(world, node, { hop_count: 11, search_id: search(1) })).toBe('far');
    expect(contextOf(plain).routing.searches.size).toBe(0);
  });
});
