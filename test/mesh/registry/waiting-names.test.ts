/** More names than lookups at once: they wait for one, and what was not asked is never said not to be there. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { DiscoverRequest, type Discovery } from '../../../src/mesh/registry/discovery.ts';
import { Flights } from '../../../src/mesh/registry/flights.ts';
import { startServer, type GenServer } from '../../../src/otp/gen-server.ts';
import { noReply } from '../../../src/otp/result.ts';
import type { Node } from '../../../src/node.ts';
import { contextOf, meshWorld, runtimeOf, told, type MeshWorld } from '../../mesh-world.ts';
import { hostOf, mesh, type Mesh } from '../router/journey-mesh.ts';

interface Desk {
  readonly flights: Flights;
  /** Lookups begun so far. */
  begun(): number;
  /** Asks who serves a name, and waits in the actor's way. */
  ask(procedure: string, asker?: string, timeout?: number): { request: DiscoverRequest; said: Discovery[] };
}

/** An actor as the service registry is one, that makes so many lookups at once. */
async function deskOf(node: Node, running: number): Promise<Desk> {
  const context = contextOf(node);
  const made: { self: Process; flights: Flights }[] = [];
  const server: GenServer<undefined, Flights> = {
    mailbox: 16_384,
    init: (_args, self) => {
      const flights = new Flights(context, self as Process, running);
      made.push({ self: self as Process, flights });
      return flights;
    },
    handleRequest: (request, flights) => {
      flights.join(request as DiscoverRequest);
      return noReply(flights);
    },
    handleInfo: (message, flights) => {
      flights.onMessage(message);
      return noReply(flights);
    },
  };
  await startServer(runtimeOf(node), server);
  const { self, flights } = made[0]!;
  const { lookups } = context.discovery;
  return {
    flights,
    begun: () => context.discovery.lookups - lookups,
    ask: (procedure, asker = '', timeout = 5_000) => {
      const said: Discovery[] = [];
      const request = new DiscoverRequest(procedure, false, asker, (discovery) => void said.push(discovery));
      runtimeOf(node).call(self, request, timeout);
      return { request, said };
    },
  };
}

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `m.name_${n}`);

async function serveAll(world: MeshWorld, node: Node, all: readonly string[]): Promise<void> {
  const handles = await Promise.all(all.map((name) => node.advertise(name, () => name)));
  await world.clock.until(() => handles.every((handle) => handle.state() === 'published'), 30_000);
}

/** Nobody answers the caller: a lookup takes its time. */
function cutOff(world: MeshWorld, { caller, others }: Mesh): void {
  for (const other of others) world.network.faults.cut(hostOf(caller), hostOf(other));
}

test('300 names of a mesh with slow lines that are called at once are all found, and by the DHT', async () => {
  const world = meshWorld({ delay: 60 });
  const { caller, others } = await mesh(world, 2);
  const all = names(300);
  await serveAll(world, others[0]!, all);
  const results = await world.settle(Promise.all(all.map((name) => caller.tryCall(name))));
  expect(results.map(told)).toEqual(all);
  expect(new Set(results.map((result) => result.ok && result.route))).toEqual(new Set(['dht']));
});

describe('lookups', () => {
  test('are so many at once; each name has its turn, and is found', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    const all = names(10);
    await serveAll(world, others[0]!, all);
    const desk = await deskOf(caller, 3);
    const asked = all.map((name) => desk.ask(name));
    await world.clock.settle();
    expect(desk.begun()).toBe(3);
    await world.clock.until(() => asked.every(({ said }) => said.length === 1), 1_000);
    expect(desk.begun()).toBe(10);
    const found = asked.map(({ said: [discovery] }) => discovery);
    expect(found.every((one) => one?.tag === 'providers' && one.providers.length === 1)).toBe(true);
  });

  test('of others leave an eighth to our own', async () => {
    const world = meshWorld();
    const { flights, begun } = await deskOf((await mesh(world, 1)).caller, 8);
    for (const name of names(20)) flights.begin(name, name);
    expect(begun()).toBe(7);
    flights.begin('m.ours');
    expect(begun()).toBe(8);
  });

  test('of one who asks for many do not keep the same name from another, nor from us', async () => {
    const world = meshWorld();
    const whole = await mesh(world, 1);
    const { flights } = await deskOf(whole.caller, 8);
    const { lookups } = contextOf(whole.caller).discovery;
    for (const name of [...names(100), 'm.there', 'm.here']) flights.begin(name, 'greedy');
    expect(contextOf(whole.caller).discovery.lookups - lookups).toBe(4);
    // places are kept for others, and for us
    flights.begin('m.there', 'modest');
    expect(contextOf(whole.caller).discovery.lookups - lookups).toBe(5);
    flights.begin('m.here');
    expect(contextOf(whole.caller).discovery.lookups - lookups).toBe(6);
    // it has its lookup: that is the one
    flights.begin('m.here', 'modest');
    expect(contextOf(whole.caller).discovery.lookups - lookups).toBe(6);
  });

  test('of one who asks for many are half of all', async () => {
    const world = meshWorld();
    const { flights, begun } = await deskOf((await mesh(world, 1)).caller, 8);
    for (const name of names(20)) flights.begin(name, 'greedy');
    expect(begun()).toBe(4);
    flights.begin('m.one', 'modest');
    expect(begun()).toBe(5);
  });

  test('of one who asks for many do not come before the one of another', async () => {
    const world = meshWorld();
    const whole = await mesh(world, 1);
    const { caller } = whole;
    const desk = await deskOf(caller, 2);
    const many = names(10).map((name) => desk.ask(name, 'greedy'));
    const one = desk.ask('m.one', 'modest');
    await world.clock.until(() => one.said.length === 1, 1_000);
    expect(one.said[0]?.tag).toBe('providers');
    expect(many.filter(({ said }) => said.length === 1).length).toBeLessThanOrEqual(4);
  });
});

describe('a name that waits', () => {
  test('and that nobody waits for any more is not looked up, and leaves its place to others', async () => {
    const world = meshWorld();
    const whole = await mesh(world, 1);
    cutOff(world, whole);
    const desk = await deskOf(whole.caller, 1);
    // two more than its share
    const asked = names(1_026).map((name) => desk.ask(name, 'greedy'));
    await world.clock.settle();
    expect(asked.map(({ said }) => said.length).reduce((sum, count) => sum + count)).toBe(2);
    for (const { request } of asked.slice(1)) request.cancel(undefined);
    const more = desk.ask('m.more', 'greedy');
    expect(more.said).toEqual([]);
    await world.clock.until(() => more.said.length === 1, 10_000);
    expect(desk.begun()).toBe(2);
  });

  test('is looked up all the same when it was begun without a caller', async () => {
    const world = meshWorld();
    const { caller } = await mesh(world, 1);
    const desk = await deskOf(caller, 1);
    const first = desk.ask('m.first');
    await world.clock.settle();
    desk.flights.begin('m.second');
    const second = desk.ask('m.second');
    await world.clock.settle();
    second.request.cancel(undefined);
    await world.clock.until(() => first.said.length === 1, 1_000);
    await world.clock.advance(100);
    expect(desk.begun()).toBe(2);
  });

  test('when its caller has no more time was not asked: that is overload, and no absence', async () => {
    const world = meshWorld();
    const whole = await mesh(world, 1);
    cutOff(world, whole);
    const desk = await deskOf(whole.caller, 1);
    const [running, waiting] = [desk.ask('m.first', '', 100), desk.ask('m.second', '', 100)];
    await world.clock.advance(200);
    expect([running.said, waiting.said]).toEqual([
      [expect.objectContaining({ tag: 'unreachable', full: false })],
      [expect.objectContaining({ tag: 'unreachable', full: true })],
    ]);
  });

  test('for long, and whose lookup fails at once, is looked up again when it is asked for', async () => {
    const world = meshWorld();
    const whole = await mesh(world, 1);
    cutOff(world, whole);
    const desk = await deskOf(whole.caller, 1);
    const since = world.clock.now();
    const [, second] = [desk.ask('m.first', '', 20_000), desk.ask('m.second', '', 20_000)];
    await world.clock.until(() => second.said.length === 1, 20_000);
    // a lookup that took so long itself would not be made again at once
    expect(world.clock.now() - since).toBeGreaterThan(500);
    desk.ask('m.second');
    await world.clock.settle();
    expect(desk.begun()).toBe(3);
  });

  test('behind lookups that somebody else has taken all waits too, and is found when there is one', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    await serveAll(world, others[0]!, ['m.there']);
    const desk = await deskOf(caller, 4);
    world.network.faults.cut(hostOf(caller), hostOf(others[0]!));
    // as many as the node has
    const all = await deskOf(caller, 1_000);
    for (const name of names(256)) all.flights.begin(name);
    expect(all.begun()).toBe(256);
    const asked = desk.ask('m.there', '', 20_000);
    await world.clock.advance(1_000);
    expect([all.begun(), asked.said.length]).toEqual([256, 0]);
    world.network.faults.healAll();
    await world.clock.until(() => asked.said.length === 1, 20_000);
    expect(asked.said[0]).toMatchObject({ tag: 'providers', providers: [{ nodeId: others[0]!.id }] });
  });
});
