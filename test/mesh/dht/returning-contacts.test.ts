/** A contact that is back after a while makes a node look for its place again; one with another connection never left. */
import { describe, expect, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld } from '../../mesh-world.ts';
import { CloseCode, rawPeer, type RawPeer } from '../raw-peer.ts';
import { expectNoCrash, joinedNodes, tableOf } from './dht-mesh.ts';
import { doubt, has, see, strangers } from './strangers.ts';

describe('a node with its place looks itself up', () => {
  /** How many lookups it makes when a contact that was lost is seen again so many ms later. */
  const lookups = async (away: number): Promise<number> => {
    const world = meshWorld({ poison: false });
    const [first, second] = (await joinedNodes(world, 2)) as [Node, Node];
    closeAtEnd(world, second, first);
    const [contact] = strangers(first, 1);
    see(first, contact!);
    await world.clock.advance(1_000);
    doubt(first, contact!.nodeId);
    await world.clock.settle();
    expect([has(first, contact!), contextOf(first).dht.lost.size]).toEqual([false, 1]);
    await world.clock.advance(away);
    const before = contextOf(first).counters.lookups;
    see(first, contact!);
    await world.clock.settle();
    expect([has(first, contact!), contextOf(first).dht.lost.size]).toEqual([true, 0]);
    return contextOf(first).counters.lookups - before;
  };

  test('for a contact that was away for more than ten seconds: it may know a whole mesh that we lost', async () => {
    expect(await lookups(10_001)).toBe(1);
  });

  test('not for one that was away for less, and not for a new one', async () => {
    expect(await lookups(10_000)).toBe(0);
    const world = meshWorld({ poison: false });
    const [first, second] = (await joinedNodes(world, 2)) as [Node, Node];
    closeAtEnd(world, second, first);
    await world.clock.advance(20_000);
    const before = contextOf(first).counters.lookups;
    see(first, strangers(first, 1)[0]!);
    await world.clock.settle();
    expect(contextOf(first).counters.lookups).toBe(before);
  });
});

describe('a contact that leaves while its successor is connected', () => {
  const ENDS: Readonly<Record<string, (peer: RawPeer) => void>> = {
    'is torn': ({ world, link }) => world.network.faults.resetLink(link),
    'says goodbye': ({ link }) => link.close(CloseCode.shuttingDown, ''),
  };

  test.each(Object.entries(ENDS))('stays when its old connection %s', async (_name, end) => {
    const world = meshWorld({ poison: false });
    const [first] = (await joinedNodes(world, 2)) as [Node, Node];
    closeAtEnd(world, first);
    await first.advertise('m.held', () => new Promise(() => {}));
    const greeting = { capabilities: ['rpc', 'node', 'dht'] };
    const old = await (await rawPeer(world, first, 'twin')).greeted(greeting);
    const id = Buffer.from(old.identity.nodeId).toString('hex');
    // it has to wait for an answer before it can end
    old.channels.rpc.send('call', old.call('m.held', { timeout: 20_000 }));
    old.channels.control.send('disconnect', { reason: 'normal', message: '' });
    await world.clock.advance(100);
    const young = await (await rawPeer(world, first, 'twin')).greeted(greeting);
    await world.clock.advance(100);
    const { standings, dht } = contextOf(first);
    expect([standings.of(id).size, tableOf(first).find(id) !== undefined]).toEqual([2, true]);
    end(old);
    await world.clock.advance(10);
    expect([standings.of(id).size, tableOf(first).find(id) !== undefined, dht.lost.size]).toEqual([
      1,
      true,
      0,
    ]);
    end(young);
    await world.clock.advance(10);
    expect([standings.of(id).size, tableOf(first).find(id) !== undefined]).toEqual([0, false]);
    expectNoCrash(world);
  });
});
