/** Who is no contact any more leaves the table, though nobody was silent; and a restart makes nobody younger. */
import { expect, test } from 'vitest';
import { K } from '../../../src/mesh/dht/contact.ts';
import { bucketIndex } from '../../../src/mesh/dht/node-id.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, type MeshWorld } from '../../mesh-world.ts';
import { die, find, idOf, joinedNodes, kill, minutes, tableOf } from './dht-mesh.ts';
import { has, see, strangers } from './strangers.ts';

/** The same identity on another machine without a DHT, connected to `first` again. */
async function comeBackWithout(world: MeshWorld, first: Node, label: string): Promise<Node> {
  const identity = world.identity(label);
  const after = await world.node({ identity, dht: false, bootstrap: [first.url] });
  await world.settle(after.peers.sendMessageAndWait(new URL(first.url).host, 'ping'));
  expect(contextOf(first).standings.ready(after.id)?.dht).toBe(false);
  return after;
}

test('a contact that answers a lookup, and is back without a DHT, leaves', async () => {
  const world = meshWorld({ poison: false });
  const [first, second] = (await joinedNodes(world, 2)) as [Node, Node];
  const before = await world.node({ identity: world.identity('mover'), bootstrap: [first.url] });
  await world.settle(before.ready());
  await die(world, before);
  const after = await comeBackWithout(world, first, 'mover');
  closeAtEnd(world, after, second, first);
  expect([has(first, after), has(first, second)]).toEqual([true, true]);
  expect((await find(world, first, 'a.b'))?.stats).toMatchObject({ answered: 2, failed: 0 });
  await world.clock.settle();
  expect([has(first, after), has(first, second)]).toEqual([false, true]);
});

test('the oldest contact of a full bucket that answers, and is back without a DHT, makes room', async () => {
  const world = meshWorld({ poison: false });
  const node = await world.node();
  let label = 'mover 0';
  const mover = (): Promise<Node> => world.node({ identity: world.identity(label), bootstrap: [node.url] });
  let old = await mover();
  for (let at = 1; bucketIndex(idOf(node), idOf(old)) !== 0; at++) {
    await world.settle(old.close());
    label = `mover ${at}`;
    old = await mover();
  }
  await world.settle(old.ready());
  const all = strangers(node, K);
  for (const contact of all.slice(1)) see(node, contact);
  await world.clock.advance(minutes(4));
  await die(world, old);
  const after = await comeBackWithout(world, node, label);
  closeAtEnd(world, after, node);
  see(node, all[0]!);
  await world.clock.settle();
  expect([has(node, after), has(node, all[0]!)]).toEqual([true, false]);
  await world.clock.advance(100);
  expect([has(node, after), has(node, all[0]!)]).toEqual([false, true]);
});

test('a contact that has moved into a network with its share leaves: where it was it is no more', async () => {
  const world = meshWorld();
  const node = await world.node();
  closeAtEnd(world, node);
  const [one, two, mover] = strangers(node, 3);
  for (const contact of [one!, { ...two!, address: '203.0.0.2:9443' }, mover!]) see(node, contact);
  await world.clock.settle();
  expect([one!, two!, mover!].map((contact) => has(node, contact))).toEqual([true, true, true]);
  see(node, { ...mover!, address: '203.0.0.3:9443' });
  await world.clock.settle();
  expect([one!, two!, mover!].map((contact) => has(node, contact))).toEqual([true, true, false]);
  // it is there: nobody looks for it
  expect(contextOf(node).dht.lost.size).toBe(0);
});

test('a table whose actor was killed knows when each contact was heard: the restart is no answer of theirs', async () => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, 4);
  closeAtEnd(world, ...nodes);
  const [first] = nodes as [Node];
  await world.clock.advance(minutes(1));
  const heard = (): unknown[] =>
    (contextOf(first).dht.table?.contacts() ?? []).map(({ id, nodeId }) => [
      nodeId,
      contextOf(first).dht.table?.heardAt(id),
    ]);
  const before = heard();
  expect(before.length).toBe(3);
  const { table } = contextOf(first).dht;
  kill(first, 'routingTable');
  // no time for anybody to answer
  await world.clock.settle();
  expect(contextOf(first).dht.table).not.toBe(table);
  expect(heard()).toEqual(before);
  expect(tableOf(first).size).toBe(3);
});
