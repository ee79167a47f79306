import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { childrenOf } from '../../../src/actor/tree.ts';
import { createKey, spkiOf, type Identity } from '../../../src/identity/identity.ts';
import { issueMembership } from '../../../src/identity/realm.ts';
import { createMembershipFile } from '../../../src/identity/realm-file.ts';
import { actor, shared } from '../../../src/mesh/context.ts';
import type { ConnectOptions } from '../../../src/mesh/client/options.ts';
import type { Node } from '../../../src/node.ts';
import { CloseCode } from '../../../src/transport/transport.ts';
import { closeAtEnd, contextOf, meshWorld, REALM, type MeshWorld } from '../../mesh-world.ts';
import { rawNode, rawPeer, type RawPeer } from '../raw-peer.ts';

const DAY = 86_400_000;

/** A realm whose key we have. */
function closedWorld() {
  const world = meshWorld();
  const key = createKey(world.random.fork('realm'));
  const realmKey = spkiOf(key);
  const certify = (
    { nodeId }: Pick<Identity, 'nodeId'>,
    over: { realm?: string; from?: number; days?: number; by?: ReturnType<typeof createKey> } = {},
  ): Uint8Array => {
    const { realm = REALM, from = 0, days = 1, by = key } = over;
    const validFrom = Math.round(world.clock.wall()) + from;
    return issueMembership({ realm, nodeId, validFrom, validTo: validFrom + days * DAY }, by);
  };
  /** Options of a member. */
  const member = (name: string, over?: Parameters<typeof certify>[1]) => {
    const identity = world.identity(name);
    return { identity, realmKey, membership: certify(identity, over) };
  };
  const node = async (): Promise<Node> => {
    const made = await world.node(member('node'));
    closeAtEnd(world, made);
    return made;
  };
  return { world, realmKey, certify, member, node };
}

/** What an acceptor answers to a hello with this proof. */
async function answerTo(
  world: MeshWorld,
  node: Node,
  proof: Uint8Array | undefined,
): Promise<{ readonly peer: RawPeer; readonly refused: unknown }> {
  const peer = await (await rawPeer(world, node)).opened();
  peer.openChannels();
  const { control } = peer.channels;
  control.stream.write(peer.connectFrame(proof === undefined ? {} : { realm_proof: proof }));
  // whoever is refused may have sent more already
  peer.channels.rpc.send('call', peer.call('realm.secret'));
  await world.clock.advance(100);
  return { peer, refused: control.of('refused')[0] };
}

describe('a closed realm', () => {
  test('serves members: both sides prove it, and calls work', async () => {
    const { world, node, member } = closedWorld();
    const at = await node();
    await world.settle(at.advertise('realm.echo', (args: object) => args));
    const client = await world.client(at, member('client'));
    closeAtEnd(world, client);
    expect(await world.settle(client.call('realm.echo', { a: 1 }))).toEqual({ a: 1 });
  });

  test.each([
    ['without a certificate', () => undefined, 'missing'],
    ['with one of another realm', (all) => all.certify(all.me, { realm: 'other' }), 'another realm'],
    ['with a valid one of another node', (all) => all.certify(all.world.identity('victim')), 'another node'],
    ['with an expired one', (all) => all.certify(all.me, { from: -2 * DAY }), 'expired'],
    ['with one that is not valid yet', (all) => all.certify(all.me, { from: 61_000 }), 'not valid yet'],
    ['with one signed by itself', (all) => all.certify(all.me, { by: all.me.privateKey }), 'not signed'],
    [
      'with a forged one',
      (all) => all.certify(all.me).map((byte, at) => (at === 60 ? byte ^ 1 : byte)),
      'not signed',
    ],
    ['with half of one', (all) => all.certify(all.me).subarray(0, 80), 'no membership'],
  ] as readonly [
    string,
    (all: ReturnType<typeof closedWorld> & { readonly me: Identity }) => Uint8Array | undefined,
    string,
  ][])('refuses a peer %s as unauthorized, before anything is served', async (_, proofOf, words) => {
    const all = closedWorld();
    const { world } = all;
    const me = world.identity('raw');
    const node = await all.node();
    let ran = false;
    await world.settle(node.advertise('realm.secret', () => (ran = true)));
    const { peer, refused } = await answerTo(world, node, proofOf({ ...all, me }));
    expect(peer.accepted).toBe(false);
    expect(peer.closeCode).toBe(CloseCode.refused);
    expect(refused).toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining(words) as string,
    });
    expect(ran).toBe(false);
    await world.clock.advance(30_000);
    const connections = actor(contextOf(node), 'connections') ?? expect.fail();
    expect([...childrenOf(connections)]).toEqual([]);
  });

  test('bears with clocks that differ by 60 s', async () => {
    const { world, node, member } = closedWorld();
    const at = await node();
    for (const [name, from] of [
      ['early', 59_000],
      ['late', -DAY - 59_000],
    ] as const) {
      const client = await world.client(at, member(name, { from }));
      closeAtEnd(world, client);
    }
  });

  test('a client that is refused says unauthorized, and does not dial again', async () => {
    const { world, node } = closedWorld();
    const at = await node();
    expect(await world.failure(world.client(at))).toMatchObject({ tag: 'unauthorized' });
    const opened = contextOf(at).counters.connectionsOpened;
    await world.clock.advance(120_000);
    expect(contextOf(at).counters.connectionsOpened).toBe(opened);
  });

  test.each([
    ['none', () => undefined],
    ['the certificate of another node', (certify) => certify({ nodeId: new Uint8Array(32).fill(3) })],
  ] as readonly [string, (certify: ReturnType<typeof closedWorld>['certify']) => Uint8Array | undefined][])(
    'the acceptor has to prove itself too: a member refuses a node that shows %s',
    async (_, proofOf) => {
      const { world, member, certify } = closedWorld();
      const { peers, url } = await rawNode(world, 'impostor');
      const dialing = world.dial(url, member('client'));
      await world.clock.until(() => peers[0]?.channels.control.of('connect').length === 1);
      const impostor = peers[0] ?? expect.fail('nobody dialed');
      expect(impostor.channels.control.of('connect')[0]?.realm_proof).toBeInstanceOf(Uint8Array);
      const proof = proofOf(certify);
      impostor.channels.control.send('connected', {
        node_id: impostor.identity.nodeId,
        realm: REALM,
        version: '1.0',
        seed: new Uint8Array(32),
        ...(proof === undefined ? {} : { realm_proof: proof }),
      });
      expect(await world.failure(dialing)).toMatchObject({
        tag: 'unauthorized',
        detail: expect.stringContaining('realm proof') as string,
      });
    },
  );

  test('a connection outlives no certificate: the peer proves itself again, or is refused for good', async () => {
    const { world, node, member } = closedWorld();
    const at = await node();
    const options: ConnectOptions = member('client', { from: -DAY + 600_000 });
    const client = await world.client(at, options);
    closeAtEnd(world, client);
    await world.settle(at.advertise('realm.echo', (args: object) => args));
    await world.clock.advance(600_000 + 55_000);
    expect(await world.settle(client.call('realm.echo', { still: true }))).toEqual({ still: true });
    await world.clock.advance(60_000);
    expect(await world.failure(client.call('realm.echo'))).toMatchObject({
      tag: 'unauthorized',
      detail: expect.stringContaining('expired') as string,
    });
    const opened = contextOf(at).counters.connectionsOpened;
    await world.clock.advance(600_000);
    expect(contextOf(at).counters.connectionsOpened).toBe(opened);
  });

  test('who has renewed in time is back at once: the file is read again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'espalier-renewed-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const file = join(folder, 'membership');
    const { world, node, certify, realmKey } = closedWorld();
    const at = await node();
    await world.settle(at.advertise('realm.echo', (args: object) => args));
    const identity = world.identity('client');
    createMembershipFile(file, certify(identity, { from: -DAY + 600_000 }), world.random);
    const client = await world.client(at, { identity, realmKey, membership: { file } });
    closeAtEnd(world, client);
    rmSync(file);
    createMembershipFile(file, certify(identity), world.random);
    const lost = { count: 0 };
    client.events.addEventListener('uplink.lost', () => lost.count++);
    await world.clock.advance(720_000);
    expect(lost.count).toBe(1);
    expect(await world.settle(client.call('realm.echo', { back: true }))).toEqual({ back: true });
  });

  test('nodes find each other in it, and a node that is no member finds nobody', async () => {
    const { world, node, member } = closedWorld();
    const first = await node();
    const second = await world.node({ ...member('second'), bootstrap: [first.url] });
    const stranger = await world.node({ bootstrap: [first.url] });
    closeAtEnd(world, stranger, second);
    await world.clock.advance(5_000);
    const published = await world.settle(second.advertise('realm.echo', (args: object) => args));
    await world.clock.until(() => published.state() === 'published');
    expect(await world.settle(first.call('realm.echo', { a: 1 }))).toEqual({ a: 1 });
    expect((await world.failure(stranger.call('realm.echo', {}))).tag).not.toBe('handler_crash');
    const contacts = (of: Node): number => shared(contextOf(of), 'routingTable')?.size ?? -1;
    expect([contacts(first), contacts(second), contacts(stranger)]).toEqual([1, 1, 0]);
  });

  test('an open realm ignores a proof', async () => {
    const { world, member } = closedWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const { peer } = await answerTo(world, node, member('raw').membership);
    expect(peer.accepted).toBe(true);
    peer.link.close(CloseCode.normal, '');
  });
});

describe('startNode and connect', () => {
  test('refuse a membership of another node or time, before anything is bound or dialed', async () => {
    const { world, member, certify, realmKey } = closedWorld();
    const identity = world.identity('me');
    for (const membership of [certify(world.identity('other')), certify(identity, { from: -2 * DAY })])
      expect(await world.failure(world.node({ identity, realmKey, membership }))).toMatchObject({
        tag: 'invalid_args',
        field: 'membership',
      });
    expect(await world.failure(world.node({ identity, realmKey }))).toMatchObject({ field: 'membership' });
    const { membership } = member('me');
    expect(await world.failure(world.node({ identity, membership }))).toMatchObject({ field: 'realmKey' });
    expect(await world.failure(world.node({ realmKey: 'x' as never }))).toMatchObject({ field: 'realmKey' });
  });
});
