import { describe, expect, test } from 'vitest';
import { actor } from '../../../src/mesh/context.ts';
import { closeAtEnd, contextOf, gate, meshWorld, processOf, runtimeOf } from '../../mesh-world.ts';
import {
  addressOf,
  ask,
  callPeer,
  connectionsOf,
  endOf,
  nodesOf,
  peersOf,
  PING,
  statsOf,
  targetOf,
} from './peer-world.ts';

/** An address at which nobody is. */
const NOBODY = '198.18.250.9:9443';

describe('one connection per peer', () => {
  test('1,000 questions at once to a peer that is not connected make one connection', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const outcomes = await world.settle(
      Promise.all(Array.from({ length: 1_000 }, () => ask(a!, targetOf(b!)))),
    );
    expect(new Set(outcomes.map(endOf))).toEqual(new Set(['pong']));
    expect([connectionsOf(a!).length, connectionsOf(b!).length]).toEqual([1, 1]);
    expect(contextOf(b!).counters.connectionsOpened).toBe(1);
    expect(statsOf(a!)).toEqual({ hits: 0, misses: 1_000, evictions: 0, total: 1_000, hitRate: 0, size: 1 });
    expect(endOf(await world.settle(ask(a!, targetOf(b!))))).toBe('pong');
    expect(statsOf(a!)).toMatchObject({ hits: 1, total: 1_001 });
  });

  test('calls and questions by id, by address and by another address share it, in both directions', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    await b!.advertise('who.there', () => b!.id);
    const wanted = [
      ask(a!, { nodeId: undefined, addresses: [addressOf(b!)] }),
      ask(a!, { nodeId: b!.id, addresses: [addressOf(b!)] }),
    ];
    const answered = callPeer(a!, targetOf(b!), 'who.there');
    expect((await world.settle(Promise.all(wanted))).map(endOf)).toEqual(['pong', 'pong']);
    expect(await world.settle(answered)).toEqual({ ok: true, value: b!.id });
    expect(connectionsOf(a!).length).toBe(1);
    const { spawned } = runtimeOf(a!);
    expect(endOf(await world.settle(ask(a!, { nodeId: undefined, addresses: [addressOf(b!)] })))).toBe(
      'pong',
    );
    expect(runtimeOf(a!).spawned).toBe(spawned);
    // the other side uses the one that is there, though it did not dial it
    expect(endOf(await world.settle(ask(b!, { nodeId: a!.id, addresses: [] })))).toBe('pong');
    expect(connectionsOf(b!).length).toBe(1);
    expect(statsOf(b!).misses).toBe(0);
    expect(peersOf(a!)).toMatchObject([
      { nodeId: b!.id, address: addressOf(b!), direction: 'out', kind: 'node', dht: false, suspect: false },
    ]);
    expect(peersOf(b!)).toMatchObject([{ nodeId: a!.id, direction: 'in', kind: 'node' }]);
  });

  test('two that dial each other in one moment, with calls on both sides, agree on one and lose no call', async () => {
    const world = meshWorld({ delay: { min: 1, max: 40 } });
    const [a, b] = await nodesOf(world, 2);
    for (const node of [a!, b!]) await node.advertise('who.there', () => node.id);
    const random = world.random.fork('offsets');
    for (let round = 0; round < 20; round++) {
      const outcomes: Promise<unknown>[] = [];
      const [first, second] = round % 2 === 0 ? [a!, b!] : [b!, a!];
      for (let n = 0; n < 10; n++) outcomes.push(callPeer(first, targetOf(second), 'who.there'));
      await world.clock.advance(random.u32() % 120);
      for (let n = 0; n < 10; n++) outcomes.push(callPeer(second, targetOf(first), 'who.there'));
      const results = await world.settle(Promise.all(outcomes));
      expect(
        new Set(results.map((result) => (result as { value?: string }).value)),
        `round ${round}`,
      ).toEqual(new Set([a!.id, b!.id]));
      await world.clock.advance(1_500);
      expect([connectionsOf(a!).length, connectionsOf(b!).length], `round ${round}`).toEqual([1, 1]);
      runtimeOf(a!).exit(connectionsOf(a!)[0]!, 'kill');
      await world.clock.advance(500);
      expect([connectionsOf(a!).length, connectionsOf(b!).length], `round ${round}`).toEqual([0, 0]);
    }
  });

  test('a node does not connect to itself, by its id or by its address', async () => {
    const world = meshWorld();
    const [a] = await nodesOf(world, 1);
    const { spawned } = runtimeOf(a!);
    expect(endOf(await world.settle(ask(a!, targetOf(a!))))).toBe('noconnection');
    expect(runtimeOf(a!).spawned).toBe(spawned);
    expect(endOf(await world.settle(ask(a!, { nodeId: undefined, addresses: [addressOf(a!)] })))).toBe(
      'noconnection',
    );
    await world.clock.advance(1_000);
    expect(connectionsOf(a!).length).toBe(0);
  });
});

describe('addresses', () => {
  test('the next one is tried when nobody answers at the first, within the deadline', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const target = { nodeId: b!.id, addresses: [NOBODY, addressOf(b!)] };
    expect(endOf(await world.settle(ask(a!, target, PING, 2_000)))).toBe('pong');
    const first = world.clock.now();
    runtimeOf(a!).exit(connectionsOf(a!)[0]!, 'kill');
    await world.clock.advance(10);
    // what was dead a moment ago is left out
    expect(endOf(await world.settle(ask(a!, target, PING, 2_000)))).toBe('pong');
    expect(world.clock.now() - first).toBeLessThan(500);
  });

  test('nobody at any of them fails the call as not sent, and the next one at once, for a few seconds', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const target = { nodeId: b!.id, addresses: [NOBODY] };
    expect(await world.settle(callPeer(a!, target, 'who.there', 20_000))).toMatchObject({
      ok: false,
      failure: { tag: 'connection_error', sent: false },
    });
    const before = world.clock.now();
    expect(endOf(await world.settle(ask(a!, target, PING, 20_000)))).toBe('noconnection');
    expect(world.clock.now()).toBe(before);
    const dials = contextOf(a!).runtime.spawned;
    await world.clock.advance(5_000);
    const again = ask(a!, target, PING, 1_000);
    await world.clock.settle();
    expect(contextOf(a!).runtime.spawned).toBe(dials + 1);
    expect((await world.settle(again)).ok).toBe(false);
  });

  test('whoever answers there must prove the id that is wanted', async () => {
    const world = meshWorld();
    const [a, b, c] = await nodesOf(world, 3);
    expect(endOf(await world.settle(ask(a!, { nodeId: b!.id, addresses: [addressOf(c!)] })))).toBe(
      'noconnection',
    );
    // the address is not to blame: who lives there is reached
    expect(endOf(await world.settle(ask(a!, targetOf(c!))))).toBe('pong');
    expect(
      endOf(await world.settle(ask(a!, { nodeId: b!.id, addresses: [addressOf(c!), addressOf(b!)] }))),
    ).toBe('pong');
    expect(new Set(peersOf(a!).map(({ nodeId }) => nodeId))).toEqual(new Set([b!.id, c!.id]));
  });

  test('whoever refuses us there says so to a question, at once and for good; a call goes to another provider', async () => {
    const world = meshWorld();
    const [a] = await nodesOf(world, 1);
    const [foreign] = await nodesOf(world, 1, { realm: 'another' });
    const target = { nodeId: undefined, addresses: [addressOf(foreign!)] };
    const before = world.clock.now();
    expect(endOf(await world.settle(ask(a!, target)))).toBe('unauthorized');
    expect(world.clock.now() - before).toBeLessThan(500);
    expect(await world.settle(callPeer(a!, target, 'who.there'))).toMatchObject({
      failure: {
        tag: 'connection_error',
        sent: false,
        detail: expect.stringContaining('another realm') as string,
      },
    });
    // one who is silent beside it may be another
    const both = { nodeId: undefined, addresses: [NOBODY, addressOf(foreign!)] };
    expect(endOf(await world.settle(ask(a!, both)))).toBe('noconnection');
    let refusals = 0;
    a!.events.addEventListener('connection.refused', () => refusals++);
    expect(await world.failure(a!.peers.sendMessage(addressOf(foreign!), 'ping'))).toMatchObject({
      tag: 'unauthorized',
    });
    expect(refusals).toBe(1);
  });

  test('no address, a name, port 0 and groups of machines are nobody', async () => {
    const world = meshWorld();
    const [a] = await nodesOf(world, 1);
    const nodeId = 'ab'.repeat(32);
    for (const addresses of [
      [],
      ['example.org:1'],
      ['1.2.3.4:0'],
      ['0.0.0.0:1'],
      ['224.0.0.1:5'],
      ['[::]:1'],
    ]) {
      expect(endOf(await world.settle(ask(a!, { nodeId, addresses }))), addresses[0]).toBe('noconnection');
    }
    expect(connectionsOf(a!).length).toBe(0);
  });
});

describe('what is kept', () => {
  test('the one used least leaves when there are too many, never one with a call in flight', async () => {
    const world = meshWorld();
    const [a] = await nodesOf(world, 1, { pool: { size: 3 } });
    const others = await nodesOf(world, 5);
    const held = gate<string>();
    await others[0]!.advertise('who.waits', () => held.promise);
    const waiting = callPeer(a!, targetOf(others[0]!), 'who.waits', 60_000);
    await world.clock.advance(100);
    for (const other of others.slice(1)) {
      expect(endOf(await world.settle(ask(a!, targetOf(other))))).toBe('pong');
      await world.clock.advance(100);
    }
    const kept = [others[0], others[3], others[4]].map((other) => other!.id);
    expect(new Set(peersOf(a!).map(({ nodeId }) => nodeId))).toEqual(new Set(kept));
    expect(statsOf(a!)).toMatchObject({ evictions: 2, size: 3 });
    await world.clock.advance(500);
    expect(others.map((other) => connectionsOf(other).length)).toEqual([1, 0, 0, 1, 1]);
    held.open('done');
    expect(await world.settle(waiting)).toEqual({ ok: true, value: 'done' });
  });

  test('however many dial us, and whatever they ask, those that we dialed stay', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2, { pool: { size: 2 } });
    const guests = await nodesOf(world, 4);
    await world.settle(ask(a!, targetOf(b!)));
    for (const guest of guests) {
      await world.clock.advance(10);
      await world.settle(ask(guest, targetOf(a!)));
    }
    await world.clock.advance(500);
    expect(peersOf(a!).map(({ nodeId }) => nodeId)).toEqual([b!, ...guests.slice(2)].map(({ id }) => id));
  });

  test('one that nobody uses leaves after its time; one that is used stays', async () => {
    const world = meshWorld();
    const [a, b, c] = await nodesOf(world, 3);
    await world.settle(Promise.all([ask(a!, targetOf(b!)), ask(a!, targetOf(c!))]));
    for (let n = 0; n < 15; n++) {
      await world.clock.advance(5_000);
      await world.settle(ask(a!, targetOf(c!)));
    }
    expect(peersOf(a!).map(({ nodeId }) => nodeId)).toEqual([c!.id]);
    expect([connectionsOf(b!).length, connectionsOf(c!).length]).toEqual([0, 1]);
    expect(contextOf(c!).counters.connectionsOpened).toBe(1);
    // it comes back when it is wanted
    expect(endOf(await world.settle(ask(a!, targetOf(b!))))).toBe('pong');
  });

  test('a call that is sent in the moment in which the connection leaves goes another way, on both sides', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2, { pool: { idleTimeout: 5_000 } });
    for (const node of [a!, b!]) await node.advertise('who.there', () => node.id);
    await world.settle(ask(a!, targetOf(b!)));
    const outcomes: Promise<unknown>[] = [];
    for (let n = 0; n < 30; n++) {
      // one of these lies in the middle of the goodbye
      const wait = 9_950 + 4 * n;
      await world.clock.advance(wait);
      outcomes.push(callPeer(a!, targetOf(b!), 'who.there'), callPeer(b!, targetOf(a!), 'who.there'));
      await world.clock.advance(10);
    }
    const results = await world.settle(Promise.all(outcomes));
    const failed = results.filter((result) => !(result as { ok: boolean }).ok);
    expect(failed).toEqual([]);
    expect(statsOf(a!).evictions + statsOf(b!).evictions).toBeGreaterThan(5);
  });

  test('a client is never put out, and counts for nothing', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2, { pool: { size: 1, idleTimeout: 1_000 } });
    const client = await world.client(a!);
    closeAtEnd(world, client);
    await world.settle(ask(a!, targetOf(b!)));
    await world.clock.advance(120_000);
    expect(contextOf(client).counters.connectionsOpened).toBe(1);
    expect(peersOf(a!)).toMatchObject([{ nodeId: client.id, kind: 'client', direction: 'in' }]);
  });
});

describe('a killed pool', () => {
  test('costs no connection and no call that was sent; those that waited for it fail as not sent', async () => {
    const world = meshWorld();
    const [a, b, c] = await nodesOf(world, 3);
    const held = gate<string>();
    await b!.advertise('who.waits', () => held.promise);
    const sent = callPeer(a!, targetOf(b!), 'who.waits', 60_000);
    await world.clock.advance(100);
    const waiting = callPeer(a!, targetOf(c!), 'who.there');
    const asked = ask(a!, { nodeId: 'ab'.repeat(32), addresses: [NOBODY] });
    await world.clock.advance(1);
    runtimeOf(a!).exit(processOf(a!, 'peerPool'), 'kill');
    expect(await world.settle(waiting)).toMatchObject({ failure: { tag: 'connection_error', sent: false } });
    expect((await world.settle(asked)).ok).toBe(false);
    await world.clock.advance(100);
    expect(peersOf(a!).map(({ nodeId }) => nodeId)).toContain(b!.id);
    // the dial that its predecessor began is not lost, nor made twice
    expect(endOf(await world.settle(ask(a!, targetOf(c!))))).toBe('pong');
    await world.clock.advance(5_000);
    expect(connectionsOf(c!).length).toBe(1);
    expect(new Set(peersOf(a!).map(({ nodeId }) => nodeId))).toEqual(new Set([b!.id, c!.id]));
    held.open('done');
    expect(await world.settle(sent)).toEqual({ ok: true, value: 'done' });
  });

  test('under load: whatever is not answered was not sent', async () => {
    const world = meshWorld({ delay: { min: 1, max: 20 } });
    const nodes = await nodesOf(world, 6);
    const [a, ...others] = nodes;
    for (const other of others) await other.advertise('who.there', () => other.id);
    const outcomes: Promise<unknown>[] = [];
    for (let round = 0; round < 60; round++) {
      for (const other of others) outcomes.push(callPeer(a!, targetOf(other), 'who.there'));
      if (round % 10 === 3) runtimeOf(a!).exit(actor(contextOf(a!), 'peerPool')!, 'kill');
      await world.clock.advance(7);
      if (round % 10 === 9) await world.clock.advance(2_000);
    }
    for (const result of await world.settle(Promise.all(outcomes))) {
      if (!(result as { ok: boolean }).ok) {
        expect(result).toMatchObject({ failure: { tag: 'connection_error', sent: false } });
      }
    }
    const after = await world.settle(
      Promise.all(others.map((other) => callPeer(a!, targetOf(other), 'who.there'))),
    );
    expect(after.every(({ ok }) => ok)).toBe(true);
  });
});
