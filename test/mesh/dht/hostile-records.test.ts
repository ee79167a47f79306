/** What a node that lies about who serves something can do to those who look for it: cost them a moment. */
import { describe, expect, test } from 'vitest';
import type { SignedRecordPayload } from '../../../src/codec/payloads.ts';
import { procedureKey, type RecordFields } from '../../../src/mesh/dht/record.ts';
import type { Identity } from '../../../src/identity/identity.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, REALM, told, type MeshWorld } from '../../mesh-world.ts';
import { rawNode, rawPeer, type RawPeer } from '../raw-peer.ts';
import { expectNoCrash, joinedNodes } from './dht-mesh.ts';
import { lyingContact } from './lying-contact.ts';
import { odd, signedBy } from './signed.ts';

const NAME = 'weather.forecast';
const KEY = procedureKey(NAME);

const signed = (
  world: MeshWorld,
  identity: Identity,
  given: Partial<RecordFields> = {},
): SignedRecordPayload => signedBy(identity, { key: KEY, issuedAt: world.clock.wall(), ...given });

type Answer = (world: MeshWorld, by: Identity, honest: SignedRecordPayload) => readonly SignedRecordPayload[];

const ANSWERS: Readonly<Record<string, Answer>> = {
  'a forged record': (world, by) => [{ ...signed(world, by), sig: new Uint8Array(64).fill(7) }],
  'the signature of another record': (world, by, honest) => [
    { record: honest.record, sig: signed(world, by).sig },
  ],
  'an expired record': (world, by) => [signed(world, by, { issuedAt: world.clock.wall() - 300_000 })],
  'a record from the future': (world, by) => [signed(world, by, { issuedAt: world.clock.wall() + 61_000 })],
  'a record of another realm': (world, by) => [signed(world, by, { realm: 'another' })],
  'a record of another procedure': (world, by) => [signed(world, by, { key: procedureKey('an.other') })],
  'an oversized record': () => [odd('liar', { metadata: { text: 'x'.repeat(4_096) }, procedure_key: KEY })],
  'endpoints that are none': (_world, _by) => [odd('liar', { endpoints: ['nowhere'], procedure_key: KEY })],
  'what the honest one said before': (_world, _by, honest) => [honest],
};

/** A contact of `node` that knows nobody, and has these records. */
const keeper = (
  world: MeshWorld,
  node: Node,
  answer: (peer: RawPeer) => readonly SignedRecordPayload[],
): Promise<RawPeer> => lyingContact(world, node, (peer) => ({ nodes: [], value: answer(peer) }));

describe('a keeper that answers with', () => {
  test.each(Object.entries(ANSWERS))(
    '%s: only the honest provider is found, and called',
    async (_name, answer) => {
      const world = meshWorld({ poison: false });
      const nodes = await joinedNodes(world, 3);
      closeAtEnd(world, ...nodes);
      const [caller, provider] = nodes as [Node, Node];
      await provider.advertise(NAME, () => 'honest');
      await world.clock.advance(1_000);
      const at = { now: world.clock.now(), wall: world.clock.wall() };
      const [honest] = contextOf(caller).records.held(Buffer.from(KEY).toString('hex'), at);
      const old = (honest ?? expect.fail('it is not kept')).payload;
      const peer = await keeper(world, caller, ({ identity }) => answer(world, identity, old));
      for (let n = 0; n < 3; n++) {
        const found = await world.settle(caller.discover(NAME, { forceRefresh: true }));
        expect(found.map(({ nodeId }) => nodeId)).toEqual([provider.id]);
        expect(told(await world.settle(caller.tryCall(NAME)))).toBe('honest');
      }
      expect(peer.channels.dht.of('find_value').length).toBeGreaterThan(0);
      expectNoCrash(world);
    },
  );

  test('what was taken back: the tombstone that others keep wins', async () => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 3);
    closeAtEnd(world, ...nodes);
    const [caller, provider] = nodes as [Node, Node];
    const handle = await provider.advertise(NAME, () => 'honest');
    await world.clock.advance(1_000);
    const at = { now: world.clock.now(), wall: world.clock.wall() };
    const old = contextOf(caller).records.held(Buffer.from(KEY).toString('hex'), at)[0]!.payload;
    await keeper(world, caller, () => [old]);
    await world.settle(handle.unadvertise());
    await world.clock.advance(1_000);
    expect(await world.settle(caller.discover(NAME, { forceRefresh: true }))).toEqual([]);
    // nor does anybody keep it again
    const replayer = await (await rawPeer(world, caller, 'replayer')).greeted();
    replayer.channels.dht.send('store', { type: 'store', request_id: replayer.id(), key: KEY, value: old });
    await world.clock.until(() => replayer.channels.dht.of('store_reply').length === 1, 1_000);
    expect(replayer.channels.dht.of('store_reply')[0]?.error).toMatchObject({ details: { detail: 'stale' } });
  });
});

test('a record that gives the address of somebody else: that one must prove the id, and is not called for it', async () => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, 3);
  closeAtEnd(world, ...nodes);
  const [caller, victim, provider] = nodes as [Node, Node, Node];
  let asked = 0;
  await victim.advertise('victim.own', () => 'own');
  contextOf(victim).counters.callsIn = 0;
  await provider.advertise(NAME, () => ++asked);
  await world.clock.advance(1_000);
  const ghost = world.identity('ghost');
  const lie = signed(world, ghost, { endpoints: [new URL(victim.url).host] });
  await keeper(world, caller, () => [lie]);
  const found = await world.settle(caller.discover(NAME, { forceRefresh: true }));
  expect(found.map(({ nodeId }) => nodeId)).toContain(Buffer.from(ghost.nodeId).toString('hex'));
  for (let n = 1; n <= 10; n++) expect(told(await world.settle(caller.tryCall(NAME)))).toBe(n);
  expect(contextOf(victim).counters.callsIn).toBe(0);
});

test('a provider that accepts and never answers: what is idempotent goes on to another, the rest ends in time, sent', async () => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, 2);
  closeAtEnd(world, ...nodes);
  const [caller, provider] = nodes as [Node, Node];
  await provider.advertise(NAME, () => 'honest');
  await world.clock.advance(1_000);
  const silent = await rawNode(world, 'silent');
  const lie = signed(world, world.identity('silent'), { endpoints: [new URL(silent.url).host] });
  await keeper(world, caller, () => [lie]);
  const id = Buffer.from(world.identity('silent').nodeId).toString('hex');
  const strategy = (all: readonly { readonly nodeId: string }[]) =>
    (all.find(({ nodeId }) => nodeId === id) ?? all[0]!) as never;
  const options = { strategy, forceRefresh: true, timeout: 3_000 };
  const safe = caller.tryCall(NAME, {}, { ...options, idempotent: true });
  await world.clock.until(() => (silent.peers[0]?.channels.control.of('connect').length ?? 0) === 1, 1_000);
  const peer = silent.peers[0]!;
  peer.channels.control.send('connected', {
    node_id: peer.identity.nodeId,
    realm: REALM,
    version: '1.0',
    seed: new Uint8Array(32).fill(7),
  });
  const calls = (): number => peer.channels.rpc.of('call').length;
  await world.clock.until(() => peer.channels.rpc.of('pong').length > 0, 1_000);
  // it keeps up appearances
  peer.channels.rpc.send('pong', peer.channels.rpc.of('pong')[0]!);
  await world.clock.until(() => calls() === 1, 1_000);
  expect(told(await world.settle(safe))).toBe('honest');
  const begun = world.clock.now();
  const once = await world.settle(caller.tryCall(NAME, {}, options));
  expect(once.ok ? expect.fail('answered') : once.error.failure).toMatchObject({
    tag: 'timeout',
    sent: true,
  });
  expect(world.clock.now() - begun).toBe(3_000);
  expect(calls()).toBe(2);
});

describe('the wall clock jumps', () => {
  test.each([
    ['an hour ahead', 3_600_000],
    ['a minute back', -60_000],
    ['an hour back', -3_600_000],
  ])('%s: calls go on, and all is found by asking again within one period of saying it', async (_how, by) => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 4);
    closeAtEnd(world, ...nodes);
    for (const [at, node] of nodes.entries()) await node.advertise(`m.n${at}`, () => at, { ttl: 60 });
    await world.clock.advance(1_000);
    for (const node of nodes) expect(told(await world.settle(node.tryCall('m.n1')))).toBe(1);
    world.clock.jump(by);
    for (const node of nodes) expect(told(await world.settle(node.tryCall('m.n1')))).toBe(1);
    // a third of the ttl, give or take a tenth; and when all that was said before is over
    for (const later of [23_000, 60_000]) {
      await world.clock.advance(later);
      for (const node of nodes) {
        for (const [at, { id }] of nodes.entries()) {
          const found = await world.settle(node.discover(`m.n${at}`, { forceRefresh: true }));
          expect(found.map(({ nodeId }) => nodeId)).toEqual([id]);
        }
      }
    }
    for (const node of nodes) expect(told(await world.settle(node.tryCall('m.n2')))).toBe(2);
    expectNoCrash(world);
  });
});
