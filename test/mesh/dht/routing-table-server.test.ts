import { describe, expect, test } from 'vitest';
import { Runtime } from '../../../src/actor/runtime.ts';
import { silentLogger } from '../../../src/actor/logger.ts';
import type { Clock } from '../../../src/actor/clock.ts';
import { K } from '../../../src/mesh/dht/contact.ts';
import { lookUp } from '../../../src/mesh/dht/dht.ts';
import { bucketIndex } from '../../../src/mesh/dht/node-id.ts';
import type { NodeOptions } from '../../../src/mesh/client/options.ts';
import { Request } from '../../../src/otp/server-ref.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, processOf, type MeshWorld } from '../../mesh-world.ts';
import { die, expectNoCrash, find, hostOf, idOf, joinedNodes, kill, minutes, tableOf } from './dht-mesh.ts';
import { doubt, has, see, strangers } from './strangers.ts';

async function alone(): Promise<{ world: MeshWorld; node: Node }> {
  const world = meshWorld();
  const node = await world.node();
  closeAtEnd(world, node);
  return { world, node };
}

describe('a full bucket', () => {
  test('asks its oldest contact, and gives its place to the newcomer when it is silent', async () => {
    const { world, node } = await alone();
    const all = strangers(node, K + 1);
    for (const contact of all.slice(0, K)) see(node, contact);
    await world.clock.advance(minutes(4));
    see(node, all[K]!);
    await world.clock.settle();
    expect([has(node, all[0]!), has(node, all[K]!)]).toEqual([true, false]);
    await world.clock.advance(5_000);
    expect([has(node, all[0]!), has(node, all[K]!)]).toEqual([false, true]);
    expect(tableOf(node).size).toBe(K);
  });

  test('asks nobody who has answered a moment ago: a newcomer costs no connections', async () => {
    const { world, node } = await alone();
    const all = strangers(node, 3 * K);
    for (const contact of all.slice(0, K)) see(node, contact);
    await world.clock.advance(minutes(4) - 1);
    const before = world.network.events;
    for (const contact of all.slice(K)) see(node, contact);
    await world.clock.settle();
    expect(world.network.events).toBe(before);
    expect(all.slice(0, K).every((contact) => has(node, contact))).toBe(true);
  });

  test('keeps its oldest contact while that one answers, whoever comes', async () => {
    const world = meshWorld({ poison: false });
    const node = await world.node();
    let old = await world.node({ bootstrap: [node.url] });
    while (bucketIndex(idOf(node), idOf(old)) !== 0) {
      await die(world, old);
      old = await world.node({ bootstrap: [node.url] });
    }
    await world.settle(old.ready());
    closeAtEnd(world, old, node);
    for (let minute = 0; minute < 5; minute++) {
      for (const contact of strangers(node, 500)) see(node, contact);
      await world.clock.advance(minutes(1));
    }
    expect(tableOf(node).find(old.id)).toBeDefined();
    expectNoCrash(world);
  });
});

describe('contacts stay', () => {
  test('when this machine slept through the deadlines of its questions', async () => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 4);
    let slept = 0;
    const sleeper: Clock = { ...world.clock, now: () => world.clock.now() + slept };
    const runtime = new Runtime({
      clock: sleeper,
      random: world.random.fork('sleeper'),
      logger: silentLogger,
    });
    const node = await world.node({ runtime, bootstrap: [nodes[0]!.url] });
    await world.settle(node.ready());
    closeAtEnd(world, ...nodes, node);
    for (const other of nodes) world.network.faults.stall(hostOf(node), hostOf(other), 3_000);
    const done = lookUp(contextOf(node), { kind: 'nodes', target: new Uint8Array(32) }, 10_000);
    await world.clock.advance(10);
    slept = 3_600_000;
    await world.settle(done);
    expect(tableOf(node).size).toBe(4);
    expect(contextOf(node).dht.lost.size).toBe(0);
  });

  test('when the wall clock jumps', async () => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 3);
    closeAtEnd(world, ...nodes);
    world.clock.jump(minutes(600));
    await world.clock.advance(minutes(1));
    world.clock.jump(-minutes(660));
    for (const node of nodes) await find(world, node, 'a.b');
    for (const node of nodes) expect(tableOf(node).size).toBe(2);
  });

  test('when the actor is killed, all of them, and none of the dead comes back', async () => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 4);
    closeAtEnd(world, ...nodes.slice(0, 3));
    await die(world, nodes[3]!);
    await find(world, nodes[0]!, 'a.b');
    expect(tableOf(nodes[0]!).size).toBe(2);
    const before = tableOf(nodes[0]!);
    kill(nodes[0]!, 'routingTable');
    await world.clock.advance(2_000);
    expect(tableOf(nodes[0]!)).not.toBe(before);
    expect(tableOf(nodes[0]!).size).toBe(2);
  });
});

test('a contact whose connection falls silent leaves, though nobody has asked it anything', async () => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, 3);
  closeAtEnd(world, nodes[0]!, nodes[1]!);
  await die(world, nodes[2]!);
  const asked = nodes.slice(0, 2).map((node) => contextOf(node).counters.lookups);
  await world.clock.advance(45_000);
  for (const node of nodes.slice(0, 2)) expect(tableOf(node).find(nodes[2]!.id)).toBeUndefined();
  expect(nodes.slice(0, 2).map((node) => contextOf(node).counters.lookups)).toEqual(asked);
});

test('a contact that says goodbye leaves at once, and the last one leaves the first node alone, not cut off', async () => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, 3);
  const [first, second, third] = nodes;
  closeAtEnd(world, first!);
  const told: string[] = [];
  first!.events.addEventListener('dht.unreachable', () => told.push('unreachable'));
  await world.settle(second!.close());
  await world.clock.advance(10);
  expect(tableOf(first!).find(second!.id)).toBeUndefined();
  expect(tableOf(third!).find(second!.id)).toBeUndefined();
  await world.settle(third!.close());
  await world.clock.advance(10);
  expect((await find(world, first!, 'a.b'))?.outcome).toEqual({ tag: 'providers', providers: [] });
  await world.clock.advance(minutes(5));
  expect(told).toEqual([]);
});

describe('a contact that did not answer, and then comes back', () => {
  /** It answers from a machine of its own by the time the question whether it is there has been sent. */
  const comeBack = async (options: NodeOptions) => {
    const world = meshWorld({ poison: false });
    const [first] = await joinedNodes(world, 2);
    const identity = world.identity('mover');
    const before = await world.node({ identity, bootstrap: [first!.url] });
    await world.settle(before.ready());
    expect(tableOf(first!).find(before.id)?.address).toBe(new URL(before.url).host);
    await die(world, before);
    doubt(first!, before.id);
    await world.clock.settle();
    const after = await world.node({ identity, bootstrap: [first!.url], ...options });
    closeAtEnd(world, after, first!);
    await world.settle(after.peers.sendMessageAndWait(new URL(first!.url).host, 'ping'));
    await world.clock.advance(4_000);
    expect(contextOf(first!).standings.ready(after.id)?.address).toBe(new URL(after.url).host);
    return { first: first!, after };
  };

  test('is where it is now, not where it was asked', async () => {
    const { first, after } = await comeBack({});
    expect(tableOf(first).find(after.id)?.address).toBe(new URL(after.url).host);
  });

  test('without a DHT is none any more', async () => {
    const { first, after } = await comeBack({ dht: false });
    expect(tableOf(first).find(after.id)).toBeUndefined();
  });
});

test('a node whose table is emptied while it looks for its place has none, and tries again', async () => {
  const world = meshWorld({ poison: false });
  const [first, third] = (await joinedNodes(world, 2)) as [Node, Node];
  await die(world, third);
  const node = await world.node({ bootstrap: [first.url] });
  closeAtEnd(world, first, node);
  const told: string[] = [];
  node.events.addEventListener('dht.unreachable', () => told.push('unreachable'));
  node.events.addEventListener('dht.recovered', () => told.push('recovered'));
  await world.clock.until(() => tableOf(node).size === 1);
  // the first has answered by then, and named one that is silent
  await world.clock.advance(20);
  world.network.faults.partition([hostOf(node)], [hostOf(first)]);
  contextOf(node).runtime.cast(processOf(node, 'routingTable'), new Request('failed', { nodeId: first.id }));
  await world.clock.until(() => told.length > 0, 2_900);
  world.network.faults.healAll();
  await world.settle(node.ready(), minutes(1));
  expect(told).toEqual(['unreachable', 'recovered']);
  expect(tableOf(node).find(first.id)).toBeDefined();
});

test('nobody is a contact of its own', async () => {
  const { world, node } = await alone();
  see(node, { id: idOf(node), nodeId: node.id, address: new URL(node.url).host });
  await world.clock.settle();
  expect(tableOf(node).size).toBe(0);
});

test('an idle node looks up its own place once per refresh, and the far buckets, and no more', async () => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, 3, { dht: { refresh: minutes(1) } });
  closeAtEnd(world, ...nodes);
  const { counters } = contextOf(nodes[0]!);
  const before = counters.lookups;
  await world.clock.advance(minutes(10));
  // ten periods, each 10 % shorter or longer
  expect(counters.lookups - before).toBeGreaterThanOrEqual(9);
  expect(counters.lookups - before).toBeLessThanOrEqual(11);
});

describe('contacts that did not answer a lookup, though they are there', () => {
  test('are back in a moment, each time', async () => {
    const world = meshWorld({ poison: false });
    // a third one, so that it is not looked for because nobody is left
    const [first, second, third] = (await joinedNodes(world, 3)) as [Node, Node, Node];
    closeAtEnd(world, second, third, first);
    for (let time = 0; time < 3; time++) {
      doubt(first, second.id);
      await world.clock.settle();
      expect(has(first, second)).toBe(false);
      await world.clock.advance(100);
      expect(has(first, second)).toBe(true);
    }
  });

  test('are asked again where they are, though nobody was there a moment ago', async () => {
    const world = meshWorld({ poison: false });
    const [first, second, third] = (await joinedNodes(world, 3)) as [Node, Node, Node];
    closeAtEnd(world, second, third, first);
    contextOf(first).dht.failures.note(tableOf(first).find(second.id)!, world.clock.now());
    expect((await find(world, first, 'a.b'))?.stats.answered).toBe(1);
    doubt(first, second.id);
    await world.clock.advance(100);
    expect((await find(world, first, 'a.b'))?.stats.answered).toBe(2);
  });
});

test('a table whose actor was killed hears of the silence of the connections it had', async () => {
  const world = meshWorld({ poison: false });
  const [first, second, third] = (await joinedNodes(world, 3)) as [Node, Node, Node];
  closeAtEnd(world, first, second);
  kill(first, 'routingTable');
  await world.clock.advance(1_000);
  await die(world, third);
  const { lookups } = contextOf(first).counters;
  expect(has(first, third)).toBe(true);
  await world.clock.advance(45_000);
  expect([has(first, second), has(first, third)]).toEqual([true, false]);
  expect(contextOf(first).counters.lookups).toBe(lookups);
});

test('a bucket in which something was looked up is not refreshed until a period later', async () => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, 3);
  closeAtEnd(world, ...nodes);
  const [first] = nodes as [Node];
  await world.clock.advance(minutes(1));
  const target = idOf(first).slice();
  target[0]! ^= 0x80;
  const isStale = (): boolean =>
    tableOf(first)
      .stale(world.clock.now(), minutes(1), world.random)
      .some((id) => bucketIndex(idOf(first), id) === 0);
  expect(isStale()).toBe(true);
  await world.settle(lookUp(contextOf(first), { kind: 'nodes', target }, 5_000));
  await world.clock.settle();
  expect(isStale()).toBe(false);
  await world.clock.advance(minutes(1));
  expect(isStale()).toBe(true);
});

test('who answers a lookup was heard then', async () => {
  const world = meshWorld({ poison: false });
  const [first, second] = (await joinedNodes(world, 2)) as [Node, Node];
  closeAtEnd(world, second, first);
  // the connection is there yet: nobody introduces itself
  await world.clock.advance(10_000);
  const now = world.clock.now();
  expect(tableOf(first).heardAt(idOf(second))).toBeLessThan(now);
  await find(world, first, 'a.b');
  await world.clock.settle();
  expect(tableOf(first).heardAt(idOf(second))).toBeGreaterThanOrEqual(now);
});

test('a first node says no for itself as long as it is alone, and not when it has met somebody who is silent', async () => {
  const { world, node } = await alone();
  expect((await find(world, node, 'a.b'))?.outcome).toEqual({ tag: 'providers', providers: [] });
  const [stranger] = strangers(node, 1);
  see(node, stranger!);
  await world.clock.settle();
  expect((await find(world, node, 'a.b'))?.outcome).toMatchObject({ tag: 'unreachable' });
});
