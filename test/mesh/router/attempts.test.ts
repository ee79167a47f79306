/** What counts as an attempt, who pays for it, and who is not asked at all. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import {
  closeAtEnd,
  contextOf,
  gate,
  left,
  meshWorld,
  processesOf,
  processOf,
  runtimeOf,
  told,
} from '../../mesh-world.ts';
import type { ProviderView } from '../../../src/mesh/router/strategy.ts';
import type { Node } from '../../../src/node.ts';
import { answered, CALM, failed, hostOf, mesh, serve } from './journey-mesh.ts';

/** Takes all tokens for further attempts; gives how many there were. */
function spend(node: Node): number {
  const { routing, runtime } = contextOf(node);
  let tokens = 0;
  while (routing.budget.take(runtime.clock.now())) tokens++;
  return tokens;
}

/** What answers the one name that a node serves. */
const procedureOf = (node: Node): Process =>
  processesOf(node).find(({ info }) => info?.id?.startsWith('procedure:')) ?? expect.fail('no procedure');

const BUSY = { maxConcurrent: 1, maxQueue: 0 };

describe('an attempt that our own side lost', () => {
  test('is none: a call that may try one provider is answered by its procedure when that was restarted', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    await node.advertise('m.own', () => 'own');
    const procedure = procedureOf(node);
    procedure.suspended = true;
    const call = node.tryCall('m.own', {}, { maxAttempts: 1, explain: true });
    await world.clock.settle();
    runtimeOf(node).exit(procedure, 'kill');
    const result = await world.settle(call);
    expect(result).toMatchObject({ ok: true, value: 'own', route: 'local' });
    expect(result.explanation?.attempts.map(({ outcome }) => outcome)).toEqual(['connection_error', 'ok']);
  });

  test('is not held against the provider: nobody is ejected for it', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    await serve(world, others, 'm.there');
    const id = others[0]!.id;
    for (let n = 0; n < 5; n++) {
      const [standing] = contextOf(caller).standings.of(id);
      standing!.process.suspended = true;
      const call = caller.tryCall('m.there', {}, { maxAttempts: 1, target: id });
      await world.clock.settle();
      runtimeOf(caller).exit(standing!.process, 'kill');
      expect(told(await world.settle(call))).toBe(0);
    }
    const stat = contextOf(caller).routing.stats.of('m.there', id);
    expect([stat.failures, stat.inFlight, stat.allows(world.clock.now())]).toEqual([0, 0, true]);
  });
});

test('a call that its only provider here refused goes elsewhere only when there is a token for that', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 1);
  const door = gate();
  await caller.advertise('m.busy', () => door.promise.then(() => 'here'), { limits: BUSY });
  await serve(world, others, 'm.busy', () => 'elsewhere');
  const first = caller.tryCall('m.busy');
  await world.clock.settle();
  expect(told(await world.settle(caller.tryCall('m.busy')))).toBe('elsewhere');
  spend(caller);
  expect(told(await world.settle(caller.tryCall('m.busy')))).toBe('overloaded');
  door.open();
  expect(told(await world.settle(first))).toBe('here');
});

test('a call whose strategy chooses nobody costs no token', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 2);
  const door = gate();
  await Promise.all(
    others.map((other) => other.advertise('m.busy', () => door.promise.then(() => 'late'), { limits: BUSY })),
  );
  await world.clock.advance(CALM);
  const first = others.map((other) => caller.tryCall('m.busy', {}, { target: other.id }));
  await world.clock.advance(50);
  spend(caller);
  // each is worth a tenth of one
  for (let n = 0; n < 11; n++) {
    let asked = 0;
    const picky = (all: readonly ProviderView[]): ProviderView => (asked++ === 0 ? all[0]! : ({} as never));
    const result = await world.settle(caller.tryCall('m.busy', {}, { strategy: picky }));
    expect(failed(result).failure).toMatchObject({ tag: 'invalid_args', field: 'strategy' });
    expect([asked, failed(result).attempts.length]).toEqual([2, 1]);
  }
  expect(spend(caller)).toBe(1);
  door.open();
  await world.settle(Promise.all(first));
});

test('ten calls that leave the node are worth one token', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 1);
  await serve(world, others, 'm.there');
  spend(caller);
  for (let n = 0; n < 40; n++) await world.settle(caller.call('m.there'));
  // time alone gives one in ten seconds
  expect(spend(caller)).toBe(4);
});

describe('a call whose provider is in doubt', () => {
  test('and that may try one only waits for it', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2);
    await serve(world, others, 'm.work', async () => {
      await new Promise<void>((resolve) => void world.clock.setTimer(50, resolve));
      return 'late';
    });
    await world.settle(caller.call('m.work'));
    const call = caller.tryCall('m.work', {}, { idempotent: true, maxAttempts: 1 });
    await world.clock.advance(10);
    for (const other of others) world.network.faults.stall(hostOf(caller), hostOf(other), 2_000);
    expect(answered(await world.settle(call))).toBe('late');
  });
});

describe('without a DHT neighbors are asked', () => {
  test('each once, also one that is a bootstrap, and no clients', async () => {
    const world = meshWorld();
    const gateway = await world.node({ dht: false });
    const node = await world.node({ dht: false, bootstrap: [gateway.url] });
    const client = await world.client(node);
    closeAtEnd(world, client, node, gateway);
    await serve(world, [gateway], 'm.there');
    await world.settle(node.call('m.there'));
    const asked = (): number => contextOf(gateway).counters.callsIn;
    const before = asked();
    // in whatever order
    for (let n = 0; n < 10; n++)
      expect(told(await world.settle(node.tryCall(`m.nobody${n}`)))).toBe('service_not_found');
    expect([asked() - before, contextOf(client).counters.callsIn]).toEqual([10, 0]);
  });
});

test('a call that is given up in a pause leaves no timer', async () => {
  const world = meshWorld();
  const { caller } = await mesh(world, 1);
  expect(told(await world.settle(caller.tryCall('m.nobody')))).toBe('service_not_found');
  const before = left(caller);
  const control = new AbortController();
  const retry = { times: 5, backoff: 2_000, maxBackoff: 4_000 };
  const call = caller.tryCall('m.nobody', {}, { retry, signal: control.signal, timeout: 60_000 });
  await world.clock.settle();
  control.abort();
  expect(failed(await world.settle(call)).tag).toBe('canceled');
  expect(left(caller)).toEqual(before);
});

test('a procedure that is being restarted is no provider: who has one attempt goes elsewhere', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 1);
  await caller.advertise('m.both', () => 'here');
  await serve(world, others, 'm.both', () => 'elsewhere');
  await world.clock.advance(CALM);
  const handlers = processOf(caller, 'handlers');
  handlers.suspended = true;
  runtimeOf(caller).exit(procedureOf(caller), 'kill');
  const call = (): Promise<unknown> =>
    world.settle(caller.tryCall('m.both', {}, { maxAttempts: 1 })).then(told);
  expect(await call()).toBe('elsewhere');
  handlers.suspended = false;
  runtimeOf(caller).work(handlers, () => undefined);
  await world.clock.settle();
  expect(await call()).toBe('here');
});

test('a procedure that is being restarted is not said not to be there', async () => {
  const world = meshWorld();
  const { caller } = await mesh(world, 1);
  await caller.advertise('m.own', () => 'own');
  processOf(caller, 'handlers').suspended = true;
  runtimeOf(caller).exit(procedureOf(caller), 'kill');
  const error = failed(await world.settle(caller.tryCall('m.own')));
  expect(error.failure).toEqual({
    tag: 'connection_error',
    sent: false,
    detail: 'the procedure is being restarted',
  });
});

test('a repeat that would come after the deadline is none: the caller is told at once', async () => {
  const world = meshWorld();
  const { caller } = await mesh(world, 1);
  const begun = world.clock.now();
  const retry = { times: 5, backoff: 10_000, maxBackoff: 10_000 };
  const error = failed(await world.settle(caller.tryCall('m.nobody', {}, { retry, timeout: 4_000 })));
  expect(error).toMatchObject({ failure: { tag: 'service_not_found' }, exhausted: true });
  expect(world.clock.now() - begun).toBeLessThan(1_000);
});

test('a call that wants this very node, which does not serve it, dials nobody', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 1);
  await serve(world, others, 'm.there');
  const begun = world.clock.now();
  const error = failed(await world.settle(caller.tryCall('m.there', {}, { target: caller.id })));
  expect([error.tag, error.attempts, world.clock.now() - begun]).toEqual(['no_handler', [], 0]);
});

test('a name for which there is no room to be looked up is overloaded: no neighbor is asked instead', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 1);
  await serve(world, others, 'm.there');
  // those that there is room for wait
  world.network.faults.cut(hostOf(caller), hostOf(others[0]!));
  const before = contextOf(caller).counters.callsOut;
  const calls = Array.from({ length: 8_200 }, (_, n) => caller.tryCall(`m.n${n}`, {}, { timeout: 50 }));
  const tags = (await world.settle(Promise.all(calls))).map(told);
  expect(new Set(tags.slice(0, 8_192))).toEqual(new Set(['timeout']));
  expect(tags.slice(8_192)).toEqual(Array.from({ length: 8 }, () => 'overloaded'));
  expect(contextOf(caller).counters.callsOut).toBe(before);
});

test('a call that wants another node goes there, though it is served here too', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 1);
  await caller.advertise('m.both', () => 'here');
  await serve(world, others, 'm.both', () => 'there');
  for (const [target, where] of [
    [others[0]!.id, 'there'],
    [caller.id, 'here'],
  ] as const)
    expect(told(await world.settle(caller.tryCall('m.both', {}, { target })))).toBe(where);
});

test('a name that is served here by a handler and by a client is answered by both', async () => {
  const world = meshWorld();
  const node = await world.node({ dht: false });
  const client = await world.client(node);
  closeAtEnd(world, client, node);
  await node.advertise('m.both', () => 'node');
  await world.settle(client.advertise('m.both', () => 'client'));
  const calls = Array.from({ length: 40 }, () => node.call('m.both'));
  expect(new Set(await world.settle(Promise.all(calls)))).toEqual(new Set(['node', 'client']));
});
