/** Kills in the middle of a doubt: whoever dies, the client is back, and gives up only for somebody else. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import type { RemoteClient } from '../../src/node.ts';
import type { Link } from '../../src/transport/transport.ts';
import { closeAtEnd, contextOf, processesOf, processOf, runtimeOf } from '../mesh-world.ts';
import { forget } from './forget.ts';
import { connectionsOf, endpointOf, started, untilServed, type Pair } from './lost-node.ts';

const givenUp = (client: RemoteClient): string[] => {
  const reasons: string[] = [];
  client.events.addEventListener('uplink.given_up', ({ detail }) => void reasons.push(detail.reason));
  return reasons;
};

const linkOf = (client: RemoteClient): Link => {
  const [link] = endpointOf(client).links;
  if (link === undefined) throw new Error('no link');
  return link;
};

/** Until the rival has said hello; the old connection can be heard again from then on. */
async function greeted(): Promise<Pair & { readonly rival: Process }> {
  const pair = await started(50);
  const { world, node, client } = pair;
  forget(client.tryCall('node.slow', {}, { timeout: 20_000 }));
  await world.clock.advance(200);
  const old = linkOf(client);
  world.network.faults.cutLink(old);
  const { standings } = contextOf(client);
  const rival = (): Process | undefined =>
    [...standings.of(node.id)].find((one) => one.greeted && one.readySince === undefined)?.process;
  for (let ms = 0; ms < 10_000 && rival() === undefined; ms++) await world.clock.advance(1);
  world.network.faults.healLink(old);
  return { ...pair, rival: rival() as Process };
}

describe('after the rival has said hello', () => {
  test.each([1, 20, 49, 51, 60, 99])(
    'the uplink is killed %d ms later: the client is back, and never gave up',
    async (ms) => {
      const { world, node, client } = await greeted();
      const reasons = givenUp(client);
      await world.clock.advance(ms);
      runtimeOf(client).exit(processOf(client, 'uplink'), 'kill');
      expect(await untilServed(world, client)).toBeLessThanOrEqual(1_000);
      await world.clock.advance(2_000);
      expect(await world.settle(node.call('client.one'))).toBe('client');
      expect(await world.settle(client.call('node.one'))).toBe(1);
      expect([connectionsOf(client), connectionsOf(node), reasons]).toEqual([1, 1, []]);
      // its hello was said: it is kept, and no third one is needed
      expect(contextOf(node).counters.connectionsOpened).toBe(2);
    },
  );

  test.each([1, 60, 99])(
    'the rival is killed %d ms later: the client is back, and never gave up',
    async (ms) => {
      const { world, node, client, rival } = await greeted();
      const reasons = givenUp(client);
      await world.clock.advance(ms);
      runtimeOf(client).exit(rival, 'kill');
      await world.clock.advance(50);
      expect(await untilServed(world, client)).toBeLessThanOrEqual(1_500);
      await world.clock.advance(2_000);
      expect(await world.settle(node.call('client.one'))).toBe('client');
      expect([connectionsOf(client), connectionsOf(node), reasons]).toEqual([1, 1, []]);
    },
  );
});

describe('somebody else with the same identity', () => {
  async function replaced(): Promise<Pair & { readonly newer: RemoteClient; readonly reasons: string[] }> {
    const pair = await started();
    const { world, node, client } = pair;
    const reasons = givenUp(client);
    const identity = contextOf(client).scope.shared('identity') as never;
    const newer = await world.client(node, { identity });
    closeAtEnd(world, newer);
    await world.clock.advance(1_000);
    return { ...pair, newer, reasons };
  }

  test('takes the place for good', async () => {
    const { world, client, newer, reasons } = await replaced();
    expect(reasons).toHaveLength(1);
    // an epoch is not for people
    expect(reasons[0]).not.toMatch(/[0-9a-f]{16}/);
    await world.clock.advance(60_000);
    expect(connectionsOf(client)).toBe(0);
    expect(await world.settle(newer.call('node.one'))).toBe(1);
  });

  test('keeps it when the uplink of the one that gave up is killed', async () => {
    const { world, client, newer } = await replaced();
    runtimeOf(client).exit(processOf(client, 'uplink'), 'kill');
    await world.clock.advance(60_000);
    expect(connectionsOf(client)).toBe(0);
    expect(contextOf(newer).counters.connectionsClosed).toBe(0);
    expect((await world.failure(client.call('node.one'))).tag).toBe('connection_error');
  });

  test('keeps it when a rival of the one that was replaced was on its way', async () => {
    const { world, node, client } = await started(50);
    const reasons = givenUp(client);
    const identity = contextOf(client).scope.shared('identity') as never;
    forget(client.tryCall('node.slow', {}, { timeout: 20_000 }));
    await world.clock.advance(200);
    // what we say is lost; what the node says is heard
    world.network.faults.cutLink(linkOf(client), 'forward');
    for (let ms = 0; ms < 5_000 && connectionsOf(node) < 2; ms++) await world.clock.advance(1);
    const newer = await world.client(node, { identity });
    closeAtEnd(world, newer);
    await world.clock.advance(10_000);
    expect([reasons.length, connectionsOf(client)]).toEqual([1, 0]);
    expect(contextOf(newer).counters.connectionsClosed).toBe(0);
  });
});

describe('an uplink that is killed while its connection is suspect', () => {
  test('has a successor that hears of it: the outage ends with the next connection, not with the idle timeout', async () => {
    const { world, client } = await started();
    forget(client.tryCall('node.slow', {}, { timeout: 60_000 }));
    await world.clock.advance(50);
    // the link alone: another one would come through
    world.network.faults.cutLink(linkOf(client));
    const { standings } = contextOf(client);
    const doubtful = (): boolean => [...standings.of(client.nodeId)].some((one) => one.doubtful);
    for (let ms = 0; ms < 5_000 && !doubtful(); ms++) await world.clock.advance(1);
    runtimeOf(client).exit(processOf(client, 'uplink'), 'kill');
    expect(await untilServed(world, client)).toBeLessThanOrEqual(3_500);
    expect(connectionsOf(client)).toBe(1);
  });

  test('has a successor that prefers a connection that is not doubtful', async () => {
    const { world, node, client } = await started();
    const { standings } = contextOf(client);
    forget(client.tryCall('node.slow', {}, { timeout: 60_000 }));
    await world.clock.advance(50);
    world.network.faults.cutLink(linkOf(client));
    const ready = (): Process | undefined =>
      [...standings.of(node.id)].find((one) => one.readySince !== undefined && !one.doubtful)?.process;
    await world.clock.advance(500);
    for (let ms = 0; ms < 5_000 && ready() === undefined; ms++) await world.clock.advance(1);
    const rival = ready();
    runtimeOf(client).exit(processOf(client, 'uplink'), 'kill');
    await world.clock.advance(10);
    expect(processesOf(client).filter(({ label }) => label.startsWith('connection '))).toEqual([rival]);
    expect(await world.settle(client.call('node.one'))).toBe(1);
  });
});

describe('a hint', () => {
  test('that the connection is unknown leaves it as doubtful as it was', async () => {
    const { world, client } = await started();
    forget(client.tryCall('node.slow', {}, { timeout: 60_000 }));
    await world.clock.advance(50);
    const link = linkOf(client);
    world.network.faults.cutLink(link);
    await world.clock.advance(450);
    const [standing] = contextOf(client).standings.of(client.nodeId);
    expect(standing?.doubtful).toBe(true);
    (link as unknown as { receive(packet: unknown): void }).receive({
      frames: [{ tag: 'gone' }],
      sentAt: world.clock.now(),
      size: 21,
    });
    expect(standing?.doubtful).toBe(true);
  });
});
