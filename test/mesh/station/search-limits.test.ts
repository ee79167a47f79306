/** What clients and strange stations may have searched for among stations: bounded, and what is served costs nothing. */
import { expect, test } from 'vitest';
import { closeAtEnd, meshWorld, told, type MeshWorld } from '../../mesh-world.ts';
import type { Client } from '../../../src/mesh/client/client.ts';
import { rawPeer } from '../raw-peer.ts';
import { chain, countCalls, stations } from './stations.ts';

/** How calls for so many names end, by tag or value. */
async function ends(
  world: MeshWorld,
  client: Client,
  names: readonly string[],
): Promise<Map<unknown, number>> {
  const results = await world.settle(Promise.all(names.map((name) => client.tryCall(name))));
  const counts = new Map<unknown, number>();
  for (const result of results) counts.set(told(result), 1 + (counts.get(told(result)) ?? 0));
  return counts;
}

const names = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `c.${what}${n}`);

test('a client that calls what nobody serves has 1,024 names searched for, then a few; others have theirs', async () => {
  const world = meshWorld();
  const all = await stations(world, chain(2));
  const [loud, quiet] = [await world.client(all[0]!), await world.client(all[0]!)];
  closeAtEnd(world, loud, quiet);
  await world.settle(all[1]!.advertise('c.served', () => 'served'));
  expect(told(await world.settle(loud.tryCall('c.served')))).toBe('served');
  const calls = countCalls(all);
  const counts = await ends(world, loud, names('none', 2_000));
  const searched = counts.get('procedure_not_found') ?? 0;
  expect(searched).toBeGreaterThanOrEqual(1_024);
  expect(searched).toBeLessThan(1_100);
  expect(counts.get('overloaded')).toBe(2_000 - searched);
  expect(calls()[1]).toBe(searched);
  expect(told(await world.settle(loud.tryCall('c.served')))).toBe('served');
  expect(told(await world.settle(quiet.tryCall('c.other')))).toBe('procedure_not_found');
});

test('what is answered costs nothing: any number of names that are served', async () => {
  const world = meshWorld();
  const all = await stations(world, chain(2));
  const client = await world.client(all[0]!);
  closeAtEnd(world, client);
  const served = names('served', 1_200);
  for (const name of served) await world.settle(all[1]!.advertise(name, () => 'yes'));
  expect(await ends(world, client, served.slice(0, 700))).toEqual(new Map([['yes', 700]]));
  expect(await ends(world, client, served.slice(700))).toEqual(new Map([['yes', 500]]));
});

test('one name that nobody serves is searched for once in two seconds, however often it is called', async () => {
  const world = meshWorld();
  const all = await stations(world, chain(3));
  const client = await world.client(all[0]!);
  closeAtEnd(world, client);
  const calls = countCalls(all);
  for (let n = 0; n < 50; n++)
    expect(told(await world.settle(client.tryCall('c.none')))).toBe('procedure_not_found');
  expect(calls()).toEqual([50, 1, 1]);
  // unless its caller wants to know it anew
  expect(told(await world.settle(client.tryCall('c.none', {}, { forceRefresh: true })))).toBe(
    'procedure_not_found',
  );
  expect(calls()).toEqual([51, 2, 2]);
});

test('what a search did not find that came from elsewhere is no answer for others', async () => {
  const world = meshWorld();
  // the second one does not ask the first, where the search came from
  const all = await stations(world, [[1], [0]]);
  const client = await world.client(all[1]!);
  closeAtEnd(world, client);
  expect((await world.failure(all[0]!.call('c.new'))).tag).toBe('procedure_not_found');
  await world.settle(all[0]!.advertise('c.new', () => 'new'));
  expect(await world.settle(client.call('c.new'))).toBe('new');
});

test('whoever claims to be a station has as much searched for as a client', async () => {
  const world = meshWorld();
  const all = await stations(world, chain(2));
  const peer = await rawPeer(world, all[0]!, 'strange');
  await peer.greeted({ capabilities: ['rpc', 'node', 'station'] });
  const { rpc } = peer.channels;
  const calls = countCalls(all);
  for (const name of names('none', 2_000)) {
    const search = peer.id().reverse();
    rpc.send('call', peer.call(name, { hop_count: 1, search_id: search, timeout: 20_000 }));
  }
  await world.clock.until(() => rpc.of('reply').length === 2_000, 20_000);
  expect(calls()[0]).toBe(2_000);
  expect(calls()[1]).toBeGreaterThanOrEqual(1_024);
  expect(calls()[1]).toBeLessThan(1_400);
});
