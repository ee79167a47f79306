/**
 * What a node answers about itself, and to whom.
 */
import { describe, expect, test } from 'vitest';
import type { ValueMap } from '../../../src/codec/value.ts';
import { createKey, spkiOf } from '../../../src/identity/identity.ts';
import { issueMembership } from '../../../src/identity/realm.ts';
import type { ConnectOptions } from '../../../src/mesh/client/options.ts';
import type { MeshClient } from '../../../src/mesh/client/mesh-client.ts';
import type { Result } from '../../../src/mesh/errors/rpc-error.ts';
import { decodeLookup, type LookupAnswer } from '../../../src/mesh/system/lookup-answer.ts';
import { decodePeers, type PeerList } from '../../../src/mesh/system/peer-list.ts';
import { LOOKUP, PEERS } from '../../../src/mesh/system/system-procedures.ts';
import type { Client } from '../../../src/mesh/client/client.ts';
import { contextOf, meshWorld, REALM, type MeshWorld } from '../../mesh-world.ts';
import { rawPeer } from '../raw-peer.ts';
import { nodesOf } from '../registry/nodes.ts';

const HELLO = (): string => 'hello';

const ask = (of: Client, procedure: string, args: ValueMap = {}): Promise<Result> =>
  (of as unknown as MeshClient).askNode(procedure, args, { timeout: 3_000 });

const failureOf = (result: Result): unknown => (result.ok ? undefined : result.error.failure);
const peersIn = (result: Result): PeerList | undefined =>
  result.ok ? decodePeers(result.value as never) : undefined;
const lookupIn = (result: Result): LookupAnswer | undefined =>
  result.ok ? decodeLookup(result.value as never) : undefined;

describe('_mesh.peers', () => {
  test('a node tells itself who is connected, and since when', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const client = await world.client(a!);
    await world.clock.advance(2_000);
    const list = peersIn(await world.settle(ask(a!, PEERS)));
    expect(list?.total).toBe(2);
    expect(list?.peers).toMatchObject([
      {
        nodeId: b!.id,
        kind: 'node',
        dht: true,
        path: 'direct',
        via: '',
        tls: false,
        direction: 'in',
        inFlight: 0,
        suspect: false,
      },
      {
        nodeId: client.id,
        kind: 'client',
        dht: false,
        path: 'direct',
        via: '',
        tls: false,
        direction: 'in',
        inFlight: 0,
      },
    ]);
    const [node, last] = list?.peers ?? [];
    expect(last?.age).toBeGreaterThanOrEqual(2_000);
    expect(node?.age).toBeGreaterThan(last?.age ?? Infinity);
    await world.settle(client.disconnect());
  });

  test('a client on loopback is told all but itself', async () => {
    const world = meshWorld();
    const { node, clients } = await onLoopback(world);
    const [first, second] = clients;
    const list = peersIn(await world.settle(ask(first!, PEERS)));
    expect(list?.peers.map(({ nodeId }) => nodeId)).toEqual([second!.id]);
    await world.settle(Promise.all(clients.map((client) => client.disconnect())));
    await world.settle(node.close());
  });

  test('in an open realm a client from elsewhere is not told where the others are', async () => {
    const world = meshWorld();
    const [node] = await nodesOf(world, 1);
    const client = await world.client(node!);
    expect(failureOf(await world.settle(ask(client, PEERS)))).toMatchObject({ tag: 'unauthorized' });
    await world.settle(client.disconnect());
  });

  test('in a closed realm every member is told, wherever it is', async () => {
    const world = meshWorld();
    const key = createKey(world.random.fork('realm'));
    const member = (name: string): ConnectOptions => {
      const identity = world.identity(name);
      const validFrom = Math.round(world.clock.wall());
      const certificate = {
        realm: REALM,
        nodeId: identity.nodeId,
        validFrom,
        validTo: validFrom + 86_400_000,
      };
      return { identity, realmKey: spkiOf(key), membership: issueMembership(certificate, key) };
    };
    const node = await world.node({ ...member('node'), dht: false });
    const [client, other] = [
      await world.client(node, member('client')),
      await world.client(node, member('other')),
    ];
    const list = peersIn(await world.settle(ask(client, PEERS)));
    expect(list?.peers.map(({ nodeId }) => nodeId)).toEqual([other.id]);
    await world.settle(Promise.all([client.disconnect(), other.disconnect()]));
    await world.settle(node.close());
  });

  test('a node that asks is refused: it has a pool of its own', async () => {
    const world = meshWorld();
    const [node] = await nodesOf(world, 1);
    const peer = await rawPeer(world, node!);
    const plain = peer.connectFrame.bind(peer);
    peer.connectFrame = (over) => plain({ ...over, capabilities: ['rpc', 'node'] });
    await peer.greeted();
    for (const procedure of [PEERS, LOOKUP])
      peer.channels.rpc.send('call', peer.call(procedure, { args: { procedure: 'calc.add' } }));
    await world.clock.advance(50);
    expect(peer.channels.rpc.of('reply').map(({ error }) => error?.code)).toEqual([
      'unauthorized',
      'unauthorized',
    ]);
  });
});

describe('_mesh.lookup', () => {
  test('asks the DHT whatever the cache knows, and tells what it took', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const client = await world.client(b!);
    expect(lookupIn(await world.settle(ask(client, LOOKUP, { procedure: 'calc.add' })))).toMatchObject({
      providers: [],
      asked: 1,
      answered: 1,
      failed: 0,
      hops: 1,
    });
    await world.settle(a!.advertise('calc.add', HELLO));
    await world.settle(b!.advertise('calc.add', HELLO));
    await world.clock.advance(500);
    const answer = lookupIn(await world.settle(ask(client, LOOKUP, { procedure: 'calc.add' })));
    expect(answer?.providers.map(({ nodeId, route }) => [nodeId, route])).toEqual([
      [b!.id, 'local'],
      [a!.id, 'dht'],
    ]);
    expect(answer?.ms).toBeGreaterThan(0);
    await world.settle(client.disconnect());
  });

  test('those who ask for one name at once share one lookup', async () => {
    const world = meshWorld();
    const [, b] = await nodesOf(world, 2);
    const client = await world.client(b!);
    const before = contextOf(b!).discovery.lookups;
    const asked = Array.from({ length: 100 }, () => ask(client, LOOKUP, { procedure: 'calc.add' }));
    const answers = await world.settle(Promise.all(asked));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(contextOf(b!).discovery.lookups - before).toBe(1);
    await world.settle(client.disconnect());
  });

  test('says so where there is no DHT, and refuses what is no name', async () => {
    const world = meshWorld();
    const [node] = await nodesOf(world, 1, { dht: false });
    const client = await world.client(node!);
    const found = await world.settle(ask(client, LOOKUP, { procedure: 'calc.add' }));
    expect(failureOf(found)).toMatchObject({ tag: 'connection_error', sent: false });
    for (const args of [{}, { procedure: 7 }, { procedure: 'Bad Name' }])
      expect(failureOf(await world.settle(ask(client, LOOKUP, args)))).toMatchObject({
        tag: 'invalid_args',
        field: 'procedure',
        // for people: who typed the name reads it
        detail: expect.stringMatching(/^must be /) as string,
      });
    await world.settle(client.disconnect());
  });
});

/** A node at 127.0.0.1 with two clients on its machine. */
async function onLoopback(world: MeshWorld): Promise<{
  readonly node: Awaited<ReturnType<MeshWorld['node']>>;
  readonly clients: readonly Client[];
}> {
  const host = '198.18.7.1';
  const node = await world.node({ host, listen: '127.0.0.1:9443' });
  const clients = [await world.client(node, { host }), await world.client(node, { host })];
  return { node, clients };
}
