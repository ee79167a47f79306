/**
 * The supervision trees of nodes and clients, as drawn: each picture equals the tree that runs, and what a killed actor must not cost.
 * Each actor is killed in turn in `test/recovery/kill-table.test.ts`.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { childrenOf } from '../../src/actor/tree.ts';
import { connectLocal } from '../../src/index.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { worker } from '../../src/otp/supervisor.ts';
import { SERVER_INTENSITY } from '../../src/mesh/registry/serving.ts';
import type { Client } from '../../src/mesh/client/client.ts';
import type { Node, RemoteClient } from '../../src/node.ts';
import {
  closeAtEnd,
  contextOf,
  meshWorld,
  processesOf,
  processOf,
  runtimeOf,
  type MeshWorld,
} from '../mesh-world.ts';
import { drawn } from './drawn.ts';

const mine: GenServer<undefined, null> = { label: 'mine', init: () => null };

async function started(): Promise<{ world: MeshWorld; node: Node; client: RemoteClient }> {
  const world = meshWorld();
  const child = worker('mine', mine, undefined);
  const node = await world.node({ children: [child] });
  const client = await world.client(node, { children: [child] });
  closeAtEnd(world, client, node);
  await node.advertise('node.one', () => 'node');
  await world.settle(client.advertise('client.one', () => 'client'));
  return { world, node, client };
}

/** Everything a user wants of the two, with what was advertised before and what is advertised now. */
async function expectWorking(world: MeshWorld, node: Node, client: RemoteClient): Promise<void> {
  expect(await world.settle(node.call('node.one'))).toBe('node');
  expect(await world.settle(client.call('node.one'))).toBe('node');
  expect(await world.settle(client.call('client.one'))).toBe('client');
  expect(await world.settle(node.call('client.one'))).toBe('client');
  const local = connectLocal(node);
  for (const [at, provider] of [node, local, client].entries()) {
    const ad = await world.settle(provider.advertise(`fresh.n${at}`, () => at));
    expect(await world.settle(node.call(`fresh.n${at}`))).toBe(at);
    expect(await world.settle(client.call(`fresh.n${at}`))).toBe(at);
    await world.settle(ad.unadvertise());
  }
}

describe('what comes and goes', () => {
  test('a killed uplink or peer pool loses no connection and no call on it', async () => {
    const { world, node, client } = await started();
    await node.advertise(
      'node.slow',
      () => new Promise((resolve) => void world.clock.setTimer(1_000, () => resolve('slow'))),
    );
    const call = client.call('node.slow');
    await world.clock.advance(10);
    runtimeOf(client).exit(processOf(client, 'uplink'), 'kill');
    runtimeOf(node).exit(processOf(node, 'peerPool'), 'kill');
    await world.clock.advance(10);
    runtimeOf(client).exit(processOf(client, 'peerPool'), 'kill');
    expect(await world.settle(call)).toBe('slow');
    expect(contextOf(node).counters.connectionsOpened).toBe(1);
    await expectWorking(world, node, client);
  });

  test('a killed peer pool still knows who is connected: the older of two twins is closed', async () => {
    const { world, node } = await started();
    const identity = world.identity('twin');
    const older = await world.client(node, { identity });
    runtimeOf(node).exit(processOf(node, 'peerPool'), 'kill');
    await world.clock.settle();
    const newer = await world.client(node, { identity });
    closeAtEnd(world, older, newer);
    await world.clock.advance(100);
    expect(contextOf(node).counters.connectionsClosed).toBe(1);
    expect((await world.failure(older.call('no.where'))).tag).toBe('connection_error');
  });

  test('a killed endpoint that took a free port listens on the same one again', async () => {
    const world = meshWorld();
    const node = await world.node({ listen: '0.0.0.0:0' });
    const client = await world.client(node);
    closeAtEnd(world, client, node);
    await node.advertise('node.one', () => 1);
    runtimeOf(node).exit(processOf(node, 'endpoint'), 'kill');
    await world.clock.advance(60_000);
    expect(await world.settle(client.call('node.one'))).toBe(1);
  });

  test('a killed registry or router loses no running call, and no local advertisement is started twice', async () => {
    const { world, node } = await started();
    await node.advertise(
      'node.slow',
      () => new Promise((resolve) => void world.clock.setTimer(1_000, () => resolve('slow'))),
    );
    const call = node.call('node.slow');
    await world.clock.advance(10);
    const before = [...childrenOf(processOf(node, 'handlers'))];
    runtimeOf(node).exit(processOf(node, 'router'), 'kill');
    runtimeOf(node).exit(processOf(node, 'serviceRegistry'), 'kill');
    await world.clock.advance(10);
    expect([...childrenOf(processOf(node, 'handlers'))]).toEqual(before);
    expect(await world.settle(call)).toBe('slow');
  });

  test('the root gives up after more than three restarts in five seconds, and says so', async () => {
    const { world, node } = await started();
    for (let n = 0; n < 4; n++) {
      runtimeOf(node).exit(processOf(node, 'identity'), 'kill');
      await world.clock.settle();
    }
    expect(await world.settle(node.ended)).toBe('shutdown');
    expect(runtimeOf(node).alive).toBe(0);
  });
});

describe('the pictures', () => {
  const FILES = [
    'node',
    'transport',
    'network',
    'peers',
    'services',
    'handlers',
    'app',
    'roles',
    'station',
    'dist',
  ] as const;

  test.each(FILES)('%s.ts draws what runs, with its strategy and intensity', async (file) => {
    const { world, node, client } = await started();
    // has all that a node can have
    const station = await world.node({
      station: { peers: [node.url] },
      stations: [node.url],
      dist: { cookie: 'secret', name: '9443@here', cluster: { strategy: 'static', nodes: [] } },
      inspector: true,
    });
    closeAtEnd(world, station);
    const drawing = drawn(file);
    const process = processOf(station, file);
    const { strategy, intensity, period } = process.behavior.inspect!(process) as Record<string, unknown>;
    expect(drawing.head).toContain(String(strategy));
    expect(drawing.head).toContain(`${String(intensity)} in ${Number(period) / 1_000} s`);
    if (file === 'handlers' || file === 'app') return;
    const seen = new Set<string>();
    for (const owner of [station, node, client]) {
      const running = processesOf(owner).find(({ label }) => label === file);
      const ids = running === undefined ? [] : [...childrenOf(running)].map(({ label }) => label);
      for (const id of ids) seen.add(id);
      // some have only a part of what is drawn, all of it in the same order
      expect(ids).toEqual(drawing.children.filter((id) => ids.includes(id)));
    }
    expect([...seen].toSorted()).toEqual(drawing.children.toSorted());
  });

  test('only who does something beside has roles, and only a node discovers', async () => {
    const { world, node, client } = await started();
    const station = await world.node({ station: true });
    closeAtEnd(world, station);
    const has = (owner: Client, label: string): boolean =>
      processesOf(owner).some((process) => process.label === label);
    expect([station, node, client].map((owner) => has(owner, 'roles'))).toEqual([true, false, false]);
    expect([station, node, client].map((owner) => has(owner, 'discovery'))).toEqual([true, true, false]);
  });

  test('the keeper of a server of its own has the figures that handlers.ts draws', () => {
    const { intensity, period } = SERVER_INTENSITY;
    const text = readFileSync(new URL('../../supervisors/handlers.ts', import.meta.url), 'utf8');
    expect(text).toContain(`keeper (oneForOne, ${intensity} in ${period / 1_000} s)`);
  });

  test('connections states its figures too', async () => {
    const { node } = await started();
    const process = processOf(node, 'connections');
    const { strategy, intensity, period } = process.behavior.inspect!(process) as Record<string, unknown>;
    const text = readFileSync(new URL('../../supervisors/transport.ts', import.meta.url), 'utf8');
    expect(text).toContain(
      `(dynamic, ${String(strategy)}, ${String(intensity)} in ${Number(period) / 1_000} s)`,
    );
    expect(text).toContain('intensity: 1, period: seconds(5)');
  });

  test('every process of a node is supervised, and nothing else hangs beside its root', async () => {
    const { node } = await started();
    const roots = [...childrenOf(runtimeOf(node))].map(({ label }) => label);
    expect(roots).toEqual(['node']);
    for (const process of processesOf(node).slice(1)) expect(process.linkedToParent).toBe(true);
  });
});
