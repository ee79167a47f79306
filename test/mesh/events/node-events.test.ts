/** What users listen to, and what listeners may do wrong. */
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/actor/clock.ts';
import type { ActorExit } from '../../../src/actor/exit-channel.ts';
import { seededRandom } from '../../../src/actor/random.ts';
import type { NodeOptions } from '../../../src/mesh/client/options.ts';
import type { RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import type { EventName } from '../../../src/mesh/events/catalogue.ts';
import { EventHub } from '../../../src/mesh/events/hub.ts';
import { LISTENERS, type NodeEvent, type NodeEvents } from '../../../src/mesh/events/node-events.ts';
import { startNode, type Node } from '../../../src/node.ts';
import { memoryNetwork } from '../../../src/transport/memory/network.ts';
import { contextOf, pair } from '../../mesh-world.ts';
import { keepingLogger, loggedWorld, type Line } from './listening.ts';

const heard = (events: NodeEvents, ...names: EventName[]): [string, object][] => {
  const all: [string, object][] = [];
  for (const name of names) {
    events.addEventListener(name, ({ type, detail }: NodeEvent) => void all.push([type, detail]));
  }
  return all;
};

describe('node.events', () => {
  test('is an EventTarget that tells what happens, whatever the log writes; the detail is frozen', async () => {
    const world = loggedWorld();
    const node = await world.node();
    expect(node.events).toBeInstanceOf(EventTarget);
    const all = heard(
      node.events,
      'connection.opened',
      'connection.closed',
      'service.advertised',
      'node.stopped',
    );
    const client = await world.client(node);
    await world.settle(client.advertise('m.echo', (args) => args));
    await world.settle(client.disconnect());
    await world.settle(node.close());
    expect(all.map(([type]) => type)).toEqual([
      'connection.opened',
      'service.advertised',
      'connection.closed',
      'node.stopped',
    ]);
    expect(all[1]?.[1]).toEqual({ procedure: 'm.echo', provider: client.id });
    expect(all.every(([, detail]) => Object.isFrozen(detail))).toBe(true);
  });

  test('tells of crashes below this node, with the id that the caller was told, and of nobody else', async () => {
    const world = loggedWorld();
    const { runtime } = world.log();
    const { node, client } = await pair(world, { node: { runtime } });
    const other = await world.node({ runtime, listen: '0.0.0.0:9500' });
    const [here, there] = [heard(node.events, 'actor.crash'), heard(other.events, 'actor.crash')];
    await node.advertise('m.crash', () => {
      throw new Error('secret');
    });
    const failure = await world.failure(client.call('m.crash'));
    expect(here).toMatchObject([['actor.crash', { id: (failure as { id: string }).id, reason: 'Error' }]]);
    expect(JSON.stringify(here)).not.toContain('secret');
    expect(there).toEqual([]);
    await world.settle(other.close());
  });

  test('a listener hears every call, also those that the log leaves out', async () => {
    const world = loggedWorld();
    const log = world.log('info');
    const node = await world.node({ runtime: log.runtime });
    const all = heard(node.events, 'rpc.completed');
    await node.advertise('m.echo', (args) => args);
    await world.settle(Promise.all(Array.from({ length: 150 }, () => node.call('m.echo'))));
    await world.clock.advance(1_000);
    await world.settle(node.call('m.echo'));
    expect([all.length, log.of('rpc.completed').length]).toEqual([151, 101]);
    expect(log.of('rpc.completed').at(-1)?.fields).toMatchObject({ outcome: 'ok', skipped: 50 });
    expect(log.of('rpc.call')).toEqual([]);
    await world.settle(node.close());
  });

  test('listeners that throw or reject are reported and harm neither the call nor the others', async () => {
    const world = loggedWorld();
    const log = world.log('error');
    const node = await world.node({ runtime: log.runtime });
    const bad = (): never => {
      throw new TypeError('bad');
    };
    node.events.addEventListener('rpc.completed', bad);
    node.events.addEventListener('rpc.completed', { handleEvent: bad });
    node.events.addEventListener('rpc.completed', async () => bad());
    const all = heard(node.events, 'rpc.completed');
    await node.advertise('m.echo', (args) => args);
    expect(await world.settle(node.call('m.echo', { n: 1 }))).toEqual({ n: 1 });
    await world.clock.settle();
    expect([all.length, log.of('runtime.defect').length]).toEqual([1, 3]);
    await world.settle(node.close());
  });

  test('once, signal and removal end the listening; twice is once', async () => {
    const world = loggedWorld();
    const node = await world.node();
    const { wants } = contextOf(node).events;
    const counts = { once: 0, signal: 0, removed: 0, twice: 0 };
    const stop = new AbortController();
    const removed = (): number => counts.removed++;
    const twice = (): number => counts.twice++;
    expect(wants['service.advertised']).toBe(false);
    node.events.addEventListener('service.advertised', () => counts.once++, { once: true });
    node.events.addEventListener('service.advertised', () => counts.signal++, { signal: stop.signal });
    node.events.addEventListener('service.advertised', removed);
    node.events.addEventListener('service.advertised', twice);
    node.events.addEventListener('service.advertised', twice);
    expect(wants['service.advertised']).toBe(true);
    const first = once(node.events, 'service.advertised');
    await node.advertise('m.a', (args) => args);
    expect(await first).toHaveLength(1);
    stop.abort();
    node.events.removeEventListener('service.advertised', removed);
    await node.advertise('m.b', (args) => args);
    expect(counts).toEqual({ once: 1, signal: 1, removed: 1, twice: 2 });
    node.events.removeEventListener('service.advertised', twice);
    expect(wants['service.advertised']).toBe(false);
    await world.settle(node.close());
  });

  test(`more than ${LISTENERS} listeners are a RangeError, an unknown name a TypeError`, () => {
    const { events } = { events: new EventHub(loggedWorld().runtime()).target };
    for (let n = 0; n < LISTENERS; n++) events.addEventListener('rpc.call', () => n);
    expect(() => events.addEventListener('rpc.call', () => 0)).toThrow(RangeError);
    const target: EventTarget = events;
    expect(() => target.addEventListener('rpc.cal', () => {})).toThrow(TypeError);
  });
});

describe('emit', () => {
  test('a name or fields that are not in the catalogue do not compile', () => {
    const hub = new EventHub(loggedWorld().runtime());
    hub.emit('overload.refused', { procedure: 'm.echo', bound: 'peer' });
    hub.emit('service.advertised', { procedure: 'm.echo', provider: 'here' });
    // @ts-expect-error a field is missing
    hub.emit('overload.refused', { procedure: 'm.echo' });
    // @ts-expect-error a field of another type
    hub.emit('overload.refused', { procedure: 'm.echo', bound: 1 });
    // @ts-expect-error a field too many
    hub.emit('overload.refused', { procedure: 'm.echo', bound: 'peer', args: {} });
    // @ts-expect-error a name that is none
    hub.emit('overload.refuse', { procedure: 'm.echo', bound: 'peer' });
    expect(hub.wants['overload.refused']).toBe(false);
  });

  test('a logger that says nothing of its level is asked for everything; one that throws harms nobody', () => {
    const world = loggedWorld();
    const { runtime } = world.log();
    const bad = (): never => {
      throw new Error('disk full');
    };
    const logger = { trace: bad, debug: bad, info: bad, warn: bad, error: bad, fatal: bad };
    const hub = new EventHub(Object.create(runtime, { logger: { value: logger } }) as typeof runtime);
    expect(
      Object.entries(hub.wants)
        .filter(([, wanted]) => !wanted)
        .map(([name]) => name),
    ).toEqual([
      'actor.crash',
      'actor.unhandled',
      'supervisor.progress',
      'supervisor.child_terminated',
      'supervisor.start_error',
      'supervisor.shutdown_error',
      'supervisor.shutdown',
      'runtime.defect',
      'runtime.blocked',
      'machine.log',
    ]);
    expect(() => hub.emit('events.skipped', { of: 'x', skipped: 1 })).not.toThrow();
  });
});

describe('diagnostics channels', () => {
  test('espalier:rpc.call tells of each call, its args by type and size', async () => {
    const world = loggedWorld();
    const node = await world.node();
    await node.advertise('m.echo', (args) => args);
    const seen: unknown[] = [];
    const subscriber = (message: unknown): void => void seen.push(message);
    channel('espalier:rpc.call').subscribe(subscriber);
    onTestFinished(() => {
      channel('espalier:rpc.call').unsubscribe(subscriber);
    });
    await world.settle(node.call('m.echo', { secret: 'hunter2' }));
    expect(seen).toEqual([
      { procedure: 'm.echo', args: 'object', size: expect.any(Number) as number, caller: node.id },
    ]);
    await world.settle(node.close());
  });

  test('espalier:actor.exit tells of each end, by its kind', async () => {
    const world = loggedWorld();
    const node = await world.node();
    await node.advertise('m.echo', () => {
      throw new RangeError('hunter2');
    });
    const seen: ActorExit[] = [];
    const subscriber = (message: unknown): void => void seen.push(message as ActorExit);
    channel('espalier:actor.exit').subscribe(subscriber);
    onTestFinished(() => {
      channel('espalier:actor.exit').unsubscribe(subscriber);
    });
    await world.settle(node.tryCall('m.echo'));
    await world.settle(node.close());
    expect(seen.map(({ actor }) => actor)).toEqual(expect.arrayContaining(['Invocation', 'router', 'node']));
    expect(JSON.stringify(seen)).not.toContain('hunter2');
    expect(seen.find(({ actor }) => actor === 'node')).toMatchObject({ reason: 'shutdown', orderly: true });
  });
});

describe('logLevel', () => {
  const alone = (options: NodeOptions): Promise<Node> => {
    const network = memoryNetwork({ clock: systemClock, random: seededRandom('level') });
    return startNode({ realm: 'r', listen: '0.0.0.0:1', transport: network.transport(), ...options });
  };

  test('filters what a given logger is handed, and what is wanted', async () => {
    const lines: Line[] = [];
    const node = await alone({ logger: keepingLogger(lines), logLevel: 'warn' });
    expect(contextOf(node).events.wants).toMatchObject({ 'node.stopped': false, 'uplink.lost': true });
    await node.close();
    expect(lines).toEqual([]);
  });

  test('info tells of the life of a node', async () => {
    const lines: Line[] = [];
    const node = await alone({ logger: keepingLogger(lines, 'info') });
    await node.close();
    expect(lines.map(({ event, level }) => [event, level])).toEqual(
      ['node.started', 'drain.begun', 'drain.ended', 'node.stopped'].map((event) => [event, 'info']),
    );
  });

  test('what is no level, and no word of crashDetails, is invalid_args', async () => {
    const wrong = async (options: object): Promise<unknown> =>
      alone(options).catch((error: unknown) => (error as RpcError).failure);
    expect(await wrong({ logLevel: 'loud' })).toMatchObject({ tag: 'invalid_args', field: 'logLevel' });
    expect(await wrong({ crashDetails: 'logs' })).toMatchObject({
      tag: 'invalid_args',
      field: 'crashDetails',
    });
  });
});
