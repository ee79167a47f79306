/**
 * Frames of relays and hole punches that are said again: by whoever said them, by the other end, or by somebody who has nothing
 * to do with it; while the punch is under way, after it, and after the session. They move nothing (SECURITY §10, §14).
 */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { PayloadOf } from '../../../src/codec/payloads.ts';
import { Channel } from '../../../src/mesh/connection/channel.ts';
import type { Node } from '../../../src/node.ts';
import { shared } from '../../../src/mesh/context.ts';
import { contextOf, type MeshWorld } from '../../mesh-world.ts';
import { serve } from './conversation.ts';
import { natWorld, pathTo } from './nat-world.ts';

const TYPES = [
  'relay_request',
  'relay_ready',
  'path_offer',
  'punch_request',
  'punch_coordinate',
  'punch_execute',
  'punch_result',
] as const;
type Type = (typeof TYPES)[number];
type Said = { readonly [T in Type]: { readonly type: T; readonly payload: PayloadOf<T> } }[Type];

/** Every frame of these that anybody sends from now on. */
function record(): Said[] {
  const said: Said[] = [];
  const { send } = Channel.prototype;
  vi.spyOn(Channel.prototype, 'send').mockImplementation(function (this: Channel, type, payload) {
    if ((TYPES as readonly string[]).includes(type)) said.push({ type, payload } as unknown as Said);
    return send.call(this, type, payload);
  });
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  return said;
}

const say = (from: Node, to: Node, { type, payload }: Said): boolean | undefined =>
  contextOf(from).standings.ready(to.id, false)?.say(type, payload);

const NATS = [
  ['203.0.113.11', '10.1.0.2'],
  ['203.0.113.12', '10.2.0.2'],
] as const;
const THIRD = { host: '198.51.100.77', port: 5_000 };

/** Alice and Bob have begun to talk through the station and to punch, which nothing comes of yet. Carol talks to both. */
async function punching(seed: string) {
  const made = await natWorld(seed);
  const { world, behind, station } = made;
  world.network.faults.partition(...NATS);
  const [alice, bob, carol] = [
    await behind('alice', 'port'),
    await behind('bob', 'port'),
    await behind('carol', 'none'),
  ];
  await serve(world, bob, 'bob.echo');
  await serve(world, alice, 'alice.echo');
  await serve(world, carol, 'carol.echo');
  for (const node of [alice, bob]) expect(await world.settle(node.call('carol.echo', { n: 1 }))).toBe(1);
  await world.clock.advance(20_000);
  const said = record();
  expect(await world.settle(alice.call('bob.echo', { n: 1 }))).toBe(1);
  const { coordinator, passed } = contextOf(station).relays;
  await world.clock.until(() =>
    said.some(({ type, payload }) => type === 'punch_coordinate' && payload.role === 'initiator'),
  );
  const third = await stranger(world);
  return { ...made, alice, bob, carol, said, coordinator, passed, third };
}

/** An address that has nothing to do with anybody; gives how much has come to it. */
async function stranger(world: MeshWorld): Promise<() => number> {
  const endpoint = await world.network.transport(THIRD.host).open({
    clock: world.clock,
    random: world.random.fork('third'),
    identity: world.identity('third'),
    bind: THIRD,
  });
  onTestFinished(() => endpoint.close());
  return () => endpoint.stats().datagramsIn;
}

const isDirect = (one: Node, other: Node): boolean =>
  pathTo(one, other)?.kind === 'punched' && pathTo(other, one)?.kind === 'punched';

/** Milliseconds in which the punch that is under way begins anew, and gets through; a new one would begin after 30 s. */
const THIS_PUNCH = 8_000;

/** Datagrams that both ends send in a second of their punch: its questions, their answers to the station. */
const MORE = 100;

/** The same frames, and what somebody who knows their ids would make of them: ends, refusals, other places. */
function forged(said: readonly Said[]): readonly Said[] {
  const error = { code: 'overloaded', message: '' };
  return said.flatMap((frame): Said[] => {
    switch (frame.type) {
      case 'relay_ready':
        return [frame, { type: 'relay_ready', payload: { ...frame.payload, error } }];
      case 'punch_coordinate': {
        const place = { peer_host: THIRD.host, peer_ports: [THIRD.port] };
        return [frame, { type: 'punch_coordinate', payload: { ...frame.payload, ...place } }];
      }
      case 'punch_execute': {
        const { session_id } = frame.payload;
        const results = [
          { session_id, success: true },
          { session_id, success: false, reason: 'refused' },
        ];
        return [frame, ...results.map((payload): Said => ({ type: 'punch_result', payload }))];
      }
      default:
        return [frame];
    }
  });
}

const again = (from: Node, to: Node, frames: readonly Said[]): void => {
  for (const frame of frames) expect(say(from, to, frame)).toBe(true);
};

/** Sessions between Alice and Bob, as each of the three knows them. */
const kept = (station: Node, alice: Node, bob: Node): readonly (readonly string[])[] => [
  [...(contextOf(station).relays.passed?.all() ?? [])].flatMap(({ id, source, target }) =>
    source.nodeId === alice.id && target.nodeId === bob.id ? [id] : [],
  ),
  ...[contextOf(alice).relays.with(bob.id), contextOf(bob).relays.with(alice.id)].map((own) =>
    own.map(({ id }) => Buffer.from(id).toString('latin1')),
  ),
];

/** The punches that Alice wants, and how many the station coordinates. */
const underWay = (station: Node, alice: Node): readonly unknown[] => [
  [...contextOf(alice).relays.punches].filter(([, { alive }]) => alive).map(([id]) => id),
  contextOf(station).relays.coordinator.size,
];

/** What a station says itself, of all that is said. */
const byStation = (said: readonly Said[]): readonly Said[] =>
  said.filter(
    ({ type, payload }) =>
      type === 'relay_ready' ||
      type === 'punch_coordinate' ||
      type === 'punch_result' ||
      (type === 'relay_request' && payload.source_id !== undefined),
  );

const sessionsIn = (said: readonly Said[]): readonly Uint8Array[] =>
  said.flatMap(({ type, payload }) => (type === 'relay_ready' ? [payload.session_id] : []));

describe('frames of a punch that is under way', () => {
  test('said again, or with other words, by somebody else: the punch succeeds, and a third place hears nothing', async () => {
    const { world, station, alice, bob, carol, said, third } = await punching('within-others');
    const before = [kept(station, alice, bob), underWay(station, alice)];
    expect(underWay(station, alice)).toEqual([[expect.any(String)], 1]);
    const frames = forged([...said]);
    for (const to of [station, alice, bob]) {
      again(carol, to, frames);
      for (const session_id of sessionsIn(said))
        contextOf(carol).standings.ready(to.id, false)?.say('relay_close', { session_id, reason: 'mine' });
    }
    await world.clock.advance(200);
    expect([kept(station, alice, bob), underWay(station, alice)]).toEqual(before);
    expect(said.filter(({ type }) => type === 'punch_coordinate')).toHaveLength(
      2 + frames.filter(({ type }) => type === 'punch_coordinate').length * 3,
    );
    world.network.faults.healAll();
    await world.clock.until(() => isDirect(alice, bob), THIS_PUNCH);
    expect(await world.settle(alice.call('bob.echo', { n: 2 }, { timeout: 500 }))).toBe(2);
    expect(third()).toBe(0);
  });

  test('said again by the other end, as a station would: the punch succeeds, and a third place hears nothing', async () => {
    const { world, station, alice, bob, said, third } = await punching('within-peer');
    const before = [kept(station, alice, bob), underWay(station, alice)];
    expect(underWay(station, alice)).toEqual([[expect.any(String)], 1]);
    const frames = forged([...said]);
    again(alice, bob, frames);
    again(bob, alice, frames);
    await world.clock.advance(200);
    expect([kept(station, alice, bob), underWay(station, alice)]).toEqual(before);
    world.network.faults.healAll();
    await world.clock.until(() => isDirect(alice, bob), THIS_PUNCH);
    expect(await world.settle(alice.call('bob.echo', { n: 2 }, { timeout: 500 }))).toBe(2);
    expect(third()).toBe(0);
  });

  test('said again by the station, many times: the punch succeeds, and few questions more are asked', async () => {
    const { world, station, alice, bob, said } = await punching('within-station');
    const before = kept(station, alice, bob);
    const frames = byStation(said);
    const sent = (): number =>
      [alice, bob].reduce(
        (sum, node) => sum + (shared(contextOf(node), 'endpoint')?.stats().datagramsOut ?? 0),
        0,
      );
    const since = sent();
    for (let n = 0; n < 50; n++) {
      again(station, alice, frames);
      again(station, bob, frames);
    }
    await world.clock.advance(1_000);
    expect(kept(station, alice, bob)).toEqual(before);
    expect(sent() - since).toBeLessThan(MORE);
    world.network.faults.healAll();
    await world.clock.until(() => isDirect(alice, bob), THIS_PUNCH);
    expect(await world.settle(alice.call('bob.echo', { n: 2 }, { timeout: 500 }))).toBe(2);
  });

  test('answers that both ends give again, many times: nobody is told twice, and the punch succeeds', async () => {
    const { world, station, alice, bob, said } = await punching('within-ends');
    const before = [kept(station, alice, bob), underWay(station, alice)];
    const coordinates = (): number => said.filter(({ type }) => type === 'punch_coordinate').length;
    const told = coordinates();
    const answers = said.filter(
      ({ type }) => type === 'relay_ready' || type === 'punch_execute' || type === 'path_offer',
    );
    for (let n = 0; n < 20; n++) {
      again(alice, station, answers);
      again(bob, station, answers);
    }
    await world.clock.advance(200);
    expect([kept(station, alice, bob), underWay(station, alice)]).toEqual(before);
    expect(coordinates()).toBe(told);
    world.network.faults.healAll();
    await world.clock.until(() => isDirect(alice, bob), THIS_PUNCH);
    expect(await world.settle(alice.call('bob.echo', { n: 2 }, { timeout: 500 }))).toBe(2);
  });
});

test('frames of a punch that is over, said again by everybody: the path stays, nothing is begun, nothing is left', async () => {
  const { world, station, alice, bob, carol, said, third, coordinator } = await punching('after-punch');
  world.network.faults.healAll();
  await world.clock.until(() => isDirect(alice, bob), THIS_PUNCH);
  await world.clock.advance(2_000);
  const [before, paths] = [
    kept(station, alice, bob),
    [pathTo(alice, bob)?.address, pathTo(bob, alice)?.address],
  ];
  const frames = [...said];
  said.length = 0;
  for (const to of [station, alice, bob]) again(carol, to, forged(frames));
  await world.clock.advance(100);
  expect(coordinator.size).toBe(0);
  again(alice, bob, forged(frames));
  again(bob, alice, forged(frames));
  const ofStation = byStation(frames);
  for (const to of [alice, bob]) again(station, to, ofStation);
  const byEnds = frames.filter((frame) => !ofStation.includes(frame));
  again(alice, station, byEnds);
  const answers = frames.filter(({ type }) => type === 'relay_ready' || type === 'punch_execute');
  again(bob, station, answers);
  await world.clock.advance(20_000);
  expect(kept(station, alice, bob)).toEqual(before);
  expect([pathTo(alice, bob)?.address, pathTo(bob, alice)?.address]).toEqual(paths);
  expect([coordinator.size, third()]).toEqual([0, 0]);
  expect(await world.settle(alice.call('bob.echo', { n: 2 }, { timeout: 500 }))).toBe(2);
});

test('frames of a session that is over, said again by everybody: none is left in the end', async () => {
  const { world, station, alice, bob, carol, said, third, coordinator } = await punching('after-session');
  const frames = [...said];
  await world.settle(bob.close({ timeout: 1 }));
  await world.clock.advance(40_000);
  expect(kept(station, alice, bob)).toEqual([[], [], expect.anything()]);
  const everybody = [station, alice, carol];
  for (const from of everybody) {
    // where a station itself says that a peer is, it is looked for a few times
    const words = from === station ? frames : forged(frames);
    for (const to of everybody) if (from !== to) again(from, to, words);
  }
  await world.clock.advance(100);
  expect([coordinator.size, third()]).toEqual([0, 0]);
  await world.clock.advance(30_000);
  expect(kept(station, alice, bob)).toEqual([[], [], expect.anything()]);
  expect(world.reports.filter(({ tag }) => tag === 'crash')).toEqual([]);
  expect(await world.settle(carol.call('alice.echo', { n: 2 }))).toBe(2);
});
