/** What a lookup says when not all could be asked, or when its time was over. */
import { describe, expect, test } from 'vitest';
import { shared } from '../../../src/mesh/context.ts';
import { K, type Contact } from '../../../src/mesh/dht/contact.ts';
import { lookUp } from '../../../src/mesh/dht/dht.ts';
import { procedureKey } from '../../../src/mesh/dht/record.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, processOf, REALM, type MeshWorld } from '../../mesh-world.ts';
import {
  expectNoCrash,
  find,
  holders,
  hostOf,
  joinedNodes,
  named,
  providersOf,
  publish,
} from './dht-mesh.ts';
import { lyingContact } from './lying-contact.ts';
import { signedBy } from './signed.ts';
import { has, see, strangers } from './strangers.ts';

/** Joined nodes of which the first serves a name, and the second knows somebody whom nobody else does. */
async function withStranger(count: number): Promise<{
  readonly world: MeshWorld;
  readonly first: Node;
  readonly asker: Node;
  readonly stranger: Contact;
}> {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, count);
  closeAtEnd(world, ...nodes);
  const [first, asker] = nodes as [Node, Node];
  await publish(world, first, 'known.name');
  const [stranger] = strangers(asker, 1) as [Contact];
  see(asker, stranger);
  await world.clock.settle();
  return { world, first, asker, stranger };
}

test('a node that could not be asked by our own fault leaves a lookup that found nothing without a no, and is not blamed', async () => {
  const { world, first, asker, stranger } = await withStranger(4);
  expect(has(asker, stranger)).toBe(true);
  // it would have to be dialed, and nobody does that now; the others are connected
  const pool = processOf(asker, 'peerPool');
  pool.suspended = true;
  const unsure = await find(world, asker, 'no.name');
  expect(unsure?.stats).toMatchObject({ answered: 3, failed: 1 });
  expect(unsure?.outcome).toEqual({ tag: 'unreachable', detail: 'not all nodes could be asked' });
  // what was found is found all the same
  expect(providersOf(await find(world, asker, 'known.name'))).toBe(named(first));
  expect(has(asker, stranger)).toBe(true);
  expect(contextOf(asker).dht.failures.size).toBe(0);
  pool.suspended = false;
  contextOf(asker).runtime.work(pool, () => undefined);
  const sure = await find(world, asker, 'no.name');
  expect(sure?.stats).toMatchObject({ answered: 3, failed: 1 });
  expect(sure?.outcome).toEqual({ tag: 'providers', providers: [] });
  // it was silent a moment ago, whoever still names it
  expect(contextOf(asker).dht.failures.has(stranger, world.clock.now())).toBe(true);
  expectNoCrash(world);
});

describe('a lookup whose time is over', () => {
  test('tells of the providers that it has found, and else that it is not sure', async () => {
    const { world, first, asker } = await withStranger(3);
    const ask = (procedure: string): Promise<string> => {
      const request = { kind: 'providers', procedure, key: procedureKey(procedure) } as const;
      return world.settle(lookUp(contextOf(asker), request, 30)).then(providersOf);
    };
    expect(await ask('known.name')).toBe(named(first));
    expect(await ask('no.name')).toBe('unreachable: not all nodes answered within 30 ms');
  });

  test('tells how many keep its record by then', async () => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 4);
    closeAtEnd(world, ...nodes);
    const [first, busy] = nodes as [Node, Node];
    const store = processOf(busy, 'recordStore');
    store.suspended = true;
    const key = procedureKey('a.b');
    const wall = world.clock.wall();
    const identity = shared(contextOf(first), 'identity')!;
    const value = signedBy(identity, { key, realm: REALM, seq: wall, issuedAt: wall });
    const done = await world.settle(lookUp(contextOf(first), { kind: 'store', key, value }, 500));
    expect(done?.outcome).toEqual({ tag: 'stored', stored: 3, of: 4 });
    expect(holders(world, nodes, 'a.b').map(({ id }) => id)).not.toContain(busy.id);
  });
});

test('a record that is refused is not counted as kept, by others or here', async () => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, 4);
  closeAtEnd(world, ...nodes);
  const [first, full] = nodes as [Node, Node];
  for (const node of [full, first]) {
    const { records } = contextOf(node);
    const judge = records.judge.bind(records);
    records.judge = () => 'full';
    const done = await publish(world, first, 'a.b');
    expect(done?.outcome).toEqual({ tag: 'stored', stored: 3, of: 4 });
    records.judge = judge;
    await world.clock.advance(1);
  }
});

test('whoever answers with records that nobody can use has none: a lookup does not count it among those that have', async () => {
  const world = meshWorld({ poison: false });
  const node = await world.node();
  closeAtEnd(world, node);
  const key = procedureKey('a.b');
  const identity = world.identity('somebody');
  const wall = world.clock.wall();
  const forged = { ...signedBy(identity, { key, realm: REALM, seq: wall, issuedAt: wall }) };
  const value = [{ ...forged, sig: new Uint8Array(forged.sig.length) }];
  await lyingContact(world, node, () => ({ nodes: [], value }));
  const done = await find(world, node, 'a.b');
  expect(done?.stats).toMatchObject({ answered: 1, first: undefined });
  expect(done?.outcome).toEqual({ tag: 'providers', providers: [] });
});

test('a lookup that nobody answers finds what is kept here', async () => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, 3);
  closeAtEnd(world, ...nodes);
  const [first, asker, third] = nodes as [Node, Node, Node];
  await publish(world, first, 'a.b');
  for (const other of [first, third]) world.network.faults.cut(hostOf(asker), hostOf(other));
  const kept = await find(world, asker, 'a.b');
  expect([kept?.stats.answered, providersOf(kept)]).toEqual([0, named(first)]);
  expect(providersOf(await find(world, asker, 'no.name'))).toMatch(/^unreachable/);
});

test('of twenty silent contacts each is asked as soon as those before it are late', async () => {
  const world = meshWorld();
  const node = await world.node();
  closeAtEnd(world, node);
  for (const stranger of strangers(node, K)) see(node, stranger);
  await world.clock.settle();
  const done = await find(world, node, 'a.b');
  expect(done?.stats).toMatchObject({ asked: K, answered: 0, failed: K });
  // nine, nine and two, a second between them; the last ones have failed after three
  expect(done?.stats.took).toBeLessThan(5_500);
});
