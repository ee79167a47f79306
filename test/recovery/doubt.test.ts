/**
 * An uplink in doubt: a second connection is dialed beside the first, and whichever proves alive stays. On the
 * simulated network, by the clock.
 */
import { describe, expect, test } from 'vitest';
import type { Node } from '../../src/node.ts';
import { closeAtEnd, contextOf, left, processesOf, processOf, runtimeOf } from '../mesh-world.ts';
import { forget } from './forget.ts';
import { CLIENT, die, HOST, started, untilServed } from './lost-node.ts';

const opened = (node: Node): number => contextOf(node).counters.connectionsOpened;

describe('a black hole', () => {
  test('of 5 s costs neither the connection nor the call that waits on it', async () => {
    const { world, node, client } = await started();
    const call = client.call('node.slow', {}, { timeout: 20_000 });
    await world.clock.advance(50);
    world.network.faults.cut(HOST, CLIENT);
    await world.clock.advance(5_000);
    expect(processesOf(client).filter(({ label }) => label.startsWith('connection to'))).toHaveLength(2);
    world.network.faults.heal(HOST, CLIENT);
    expect(await world.settle(call)).toBe('done');
    expect(opened(node)).toBe(1);
    expect(processesOf(client).filter(({ label }) => label.startsWith('connection to'))).toHaveLength(1);
  });

  test('in one direction only is as well survived, whichever it is', async () => {
    for (const [from, to] of [
      [HOST, CLIENT],
      [CLIENT, HOST],
    ] as const) {
      const { world, node, client } = await started();
      const call = client.call('node.slow', {}, { timeout: 20_000 });
      await world.clock.advance(50);
      world.network.faults.cut(from, to, 'forward');
      await world.clock.advance(5_000);
      world.network.faults.heal(from, to, 'forward');
      expect(await world.settle(call)).toBe('done');
      expect(opened(node)).toBe(1);
    }
  });

  test('longer than the idle timeout ends the call as sent, and the client comes back with the network', async () => {
    const { world, client } = await started();
    const call = client.tryCall('node.slow', {}, { timeout: 100_000 });
    await world.clock.advance(50);
    const began = world.clock.now();
    world.network.faults.cut(HOST, CLIENT);
    const result = await world.settle(call);
    expect(result.ok === false && result.error.failure).toMatchObject({
      tag: 'connection_error',
      sent: true,
    });
    expect(world.clock.now() - began).toBeLessThanOrEqual(31_000);
    world.network.faults.heal(HOST, CLIENT);
    await untilServed(world, client, 60_000);
    expect(await world.settle(client.call('node.one'))).toBe(1);
  });
});

describe('a node that died and is there again', () => {
  test.each(['the same', 'another'])(
    'with %s identity is found within 1 s by a client that calls',
    async (which) => {
      const { world, node, client } = await started();
      const identity = which === 'the same' ? contextOf(node).scope.shared('identity') : undefined;
      const call = client.tryCall('node.slow', {}, { timeout: 60_000 });
      await world.clock.advance(50);
      await die(world, node);
      const again = await world.node({
        host: HOST,
        ...(identity === undefined ? {} : { identity: identity as never }),
      });
      closeAtEnd(world, again);
      await again.advertise('node.one', () => 2);
      expect(await untilServed(world, client)).toBeLessThanOrEqual(1_000);
      const result = await world.settle(call);
      expect(result.ok === false && result.error.failure).toMatchObject({
        tag: 'connection_error',
        sent: true,
      });
      expect(client.nodeId).toBe(again.id);
      expect(await world.settle(again.call('client.one'))).toBe('client');
    },
  );

  test('is found by a client that calls nobody as soon as a keep-alive has reached it', async () => {
    const { world, node, client } = await started();
    await world.clock.advance(5_000);
    await die(world, node);
    const again = await world.node({ host: HOST });
    closeAtEnd(world, again);
    // keep-alive 10 s, at most 1 s for the rest
    await world.clock.advance(11_000);
    expect(client.nodeId).toBe(again.id);
    expect(await world.settle(again.call('client.one'))).toBe('client');
  });

  test('is told to those who listen, once each: the old node lost, the new one found', async () => {
    const { world, node, client } = await started();
    const told: unknown[] = [];
    client.events.addEventListener('uplink.lost', ({ detail }) => told.push(['lost', detail.peer]));
    client.events.addEventListener('uplink.reconnected', ({ detail }) => told.push(['back', detail.peer]));
    const gone = node.id;
    await die(world, node);
    const again = await world.node({ host: HOST });
    closeAtEnd(world, again);
    await world.clock.advance(11_000);
    expect(told).toEqual([
      ['lost', gone],
      ['back', again.id],
    ]);
  });

  test('after 3 s is found within 1 s of its return', async () => {
    const { world, node, client } = await started();
    forget(client.tryCall('node.slow', {}, { timeout: 60_000 }));
    await world.clock.advance(50);
    await die(world, node);
    await world.clock.advance(3_000);
    const again = await world.node({ host: HOST });
    closeAtEnd(world, again);
    await again.advertise('node.one', () => 2);
    expect(await untilServed(world, client)).toBeLessThanOrEqual(1_000);
  });
});

describe('an uplink that is killed in the middle of a doubt', () => {
  test.each([100, 350, 600, 900])(
    'after %d ms of silence costs no call, and the doubt is resolved',
    async (ms) => {
      const { world, node, client } = await started();
      const call = client.call('node.slow', {}, { timeout: 20_000 });
      await world.clock.advance(50);
      world.network.faults.cut(HOST, CLIENT);
      await world.clock.advance(ms);
      world.network.faults.heal(HOST, CLIENT);
      await world.clock.advance(2);
      runtimeOf(client).exit(processOf(client, 'uplink'), 'kill');
      expect(await world.settle(call)).toBe('done');
      await world.clock.advance(1_000);
      for (const one of [node, client]) {
        expect(processesOf(one).filter(({ label }) => label.startsWith('connection '))).toHaveLength(1);
      }
      expect(opened(node)).toBe(1);
      expect(await world.settle(client.call('node.one'))).toBe(1);
    },
  );

  test('and whose node is another by then finds that one', async () => {
    const { world, node, client } = await started();
    forget(client.tryCall('node.slow', {}, { timeout: 60_000 }));
    await world.clock.advance(50);
    await die(world, node);
    await world.clock.advance(500);
    runtimeOf(client).exit(processOf(client, 'uplink'), 'kill');
    const again = await world.node({ host: HOST });
    closeAtEnd(world, again);
    await again.advertise('node.one', () => 2);
    expect(await untilServed(world, client)).toBeLessThanOrEqual(1_500);
  });
});

describe('a lie', () => {
  test('that the node does not know the connection costs neither it nor a call', async () => {
    const { world, node, client } = await started();
    const call = client.call('node.slow', {}, { timeout: 20_000 });
    await world.clock.advance(50);
    const connection = contextOf(client).scope.shared<{ links: Iterable<never> }>('endpoint');
    for (const link of connection?.links ?? []) {
      for (let n = 0; n < 3; n++) {
        (link as { receive(packet: unknown): void }).receive({
          frames: [{ tag: 'gone' }],
          sentAt: world.clock.now(),
          size: 21,
        });
        await world.clock.advance(1_500);
      }
    }
    expect(await world.settle(call)).toBe('done');
    expect(opened(node)).toBe(1);
    await world.settle(client.disconnect());
    expect(left(client)).toEqual({ alive: 0, timers: 0, calls: 0 });
  });
});
