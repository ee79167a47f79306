/** A client that its node refuses is gone on both sides: no actor, no timer, no socket, no second dial. */
import { describe, expect, test } from 'vitest';
import { CloseCode, type Endpoint } from '../../src/transport/transport.ts';
import { closeAtEnd, contextOf, meshWorld, processesOf, REALM, runtimeOf } from '../mesh-world.ts';
import { rawNode, rawPeer } from '../mesh/raw-peer.ts';

const HOST = '198.18.78.1';

describe('a refused client', () => {
  test.each([
    ['by the realm', { realm: 'another' }],
    ['by its own pin', { nodeId: 'ab'.repeat(32) }],
  ])('%s leaves nothing behind', async (_name, options) => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const before = processesOf(node).length;
    const timers = runtimeOf(node).timers.size;
    const endpoint = contextOf(node).scope.shared<Endpoint>('endpoint') as Endpoint;
    const runtime = world.runtime();
    for (let n = 0; n < 20; n++) {
      const failure = await world.failure(world.client(node, { ...options, runtime, host: HOST }));
      expect(failure.tag).toBe('unauthorized');
      expect([runtime.alive, runtime.timers.size]).toEqual([0, 0]);
      await world.clock.advance(20);
      expect(endpoint.stats()).toMatchObject({ links: 0, halfOpen: 0 });
      expect(processesOf(node)).toHaveLength(before);
      expect(contextOf(node).standings.size).toBe(0);
    }
    expect(runtimeOf(node).timers.size).toBe(timers);
    // its machine holds no port: the first one it had is free
    const again = await world.network.transport(HOST).open({
      clock: world.clock,
      random: world.random,
      identity: world.identity('again'),
      bind: { host: HOST, port: 49_152 },
    });
    await world.settle(again.close());
    const dials = endpoint.stats().datagramsIn;
    await world.clock.advance(60_000);
    expect(endpoint.stats().datagramsIn).toBe(dials);
  });

  test('that stays where it is has its connection closed by the node', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const before = processesOf(node).length;
    const timers = runtimeOf(node).timers.size;
    const peer = await (await rawPeer(world, node)).opened();
    peer.openChannels();
    peer.channels.control.stream.write(peer.connectFrame({ realm: 'another' }));
    await world.clock.advance(50);
    expect(peer.channels.control.of('refused')).toHaveLength(1);
    expect(peer.closeCode).toBe(CloseCode.refused);
    expect(processesOf(node)).toHaveLength(before);
    expect(contextOf(node).standings.size).toBe(0);
    expect(runtimeOf(node).timers.size).toBe(timers);
  });

  test('after it was accepted once does not dial again either, and says why', async () => {
    const world = meshWorld();
    const host = '198.18.77.1';
    const node = await world.node({ host });
    const client = await world.client(node, { host: HOST });
    await world.settle(node.close());
    const other = await world.node({ host, realm: 'another' });
    closeAtEnd(world, client, other);
    await world.clock.advance(60_000);
    const { counters } = contextOf(other);
    expect(counters.connectionsOpened).toBe(0);
    expect(counters.connectionsClosed).toBe(1);
    expect((await world.failure(client.call('some.thing'))).tag).toBe('unauthorized');
    const processes = processesOf(client).map(({ label }) => label);
    expect(processes.filter((label) => label.startsWith('connection '))).toEqual([]);
    expect(runtimeOf(client).timers.size).toBe(0);
  });

  test('because its node speaks another version does not dial again', async () => {
    const world = meshWorld();
    const raw = await rawNode(world, 'newer');
    const dialing = world.dial(raw.url);
    const greeted = (n: number): boolean => raw.peers[n]?.channels.control.of('connect').length === 1;
    await world.clock.until(() => greeted(0));
    const [first] = raw.peers;
    first?.channels.control.send('connected', {
      node_id: first.identity.nodeId,
      realm: REALM,
      version: '1.0',
      seed: new Uint8Array(32),
    });
    const client = await world.settle(dialing);
    closeAtEnd(world, client);
    first?.link.close(CloseCode.normal);
    await world.clock.until(() => greeted(1));
    raw.peers[1]?.channels.control.send('refused', { code: 'protocol_error', message: 'version 1.0' });
    await world.clock.advance(60_000);
    expect(raw.peers).toHaveLength(2);
    expect((await world.failure(client.call('some.thing'))).tag).toBe('protocol_error');
    await world.settle(raw.endpoint.close());
  });
});
