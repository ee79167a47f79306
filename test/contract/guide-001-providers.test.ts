/**
 * Guide 001, providers at several nodes: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, test } from 'vitest';
import { err, isNotFound, isRetryable, RpcError, type Client } from '../../src/index.ts';
import { closeAtEnd, contextOf, gate, told } from '../mesh-world.ts';
import { hostOf, knownAt, recordsAt, threeNodes } from './discovery-mesh.ts';
import { forever } from './mesh.ts';

const ADD = 'io.macula/beam-campus/hecate/math/add_v1';

/** Without a word to the mesh, as after a crash that nobody noticed. */
function loseHandler(client: Client, procedure: string): void {
  const table = contextOf(client).scope.shared<{ remove(procedure: string, owner: string): unknown }>(
    'serviceRegistry',
  );
  expect(table?.remove(procedure, 'node')).toBeDefined();
}

test("001-register-dht: a client's node publishes it under its own id, and callers dial that node", async () => {
  const { world, a, b, c } = await threeNodes();
  const client = await world.client(a);
  closeAtEnd(world, client);
  await world.settle(client.advertise(ADD, (_args, { caller }) => caller.nodeId));
  await world.clock.advance(1_000);
  expect(recordsAt(c, ADD).map(({ nodeId }) => nodeId)).toEqual([a.id]);
  const result = await world.settle(b.tryCall(ADD));
  expect(result).toMatchObject({ ok: true, value: b.id, route: 'dht', node: a.id });
  expect(b.peers.list().some(({ nodeId }) => nodeId === client.id)).toBe(false);
});

test('001-error-no-handler: the last provider tried had lost its handler; whoever has none at all is not found', async () => {
  const { world, a, b } = await threeNodes();
  await a.advertise(ADD, () => 5);
  await world.clock.advance(1_000);
  expect(await world.settle(b.call(ADD))).toBe(5);
  loseHandler(a, ADD);
  const lost = await world.rejection(b.call(ADD));
  expect(lost).toMatchObject({ failure: { tag: 'no_handler' } });
  // nobody is sent there again
  expect(knownAt(b, ADD)?.providers ?? []).toEqual([]);
  const never = await world.rejection(b.call('no.body'));
  expect(never).toMatchObject({ failure: { tag: 'service_not_found' } });
  expect([isNotFound(lost), isNotFound(never)]).toEqual([true, true]);
});

/** What the guide does in each branch. */
function branch(error: unknown): string {
  if (!(error instanceof RpcError)) return 'not ours';
  if (isNotFound(error)) return 'nobody serves it';
  switch (error.failure.tag) {
    case 'timeout':
      return 'it took too long';
    case 'handler_error':
      return `it said ${String(error.failure.reason)}`;
    default:
      return isRetryable(error.failure) ? 'try later' : 'give up';
  }
}

test('001-error-example: one branch per error, by error.failure.tag; isRetryable says when to try later', async () => {
  const { world, a, b } = await threeNodes();
  const limits = { maxConcurrent: 1, maxQueue: 0 };
  await a.advertise('m.busy', forever, { limits });
  await a.advertise('m.slow', forever);
  await a.advertise('m.fail', () => err('why'));
  await a.advertise('m.crash', () => {
    throw new Error('bug');
  });
  await world.clock.advance(1_000);
  const taken = async (procedure: string): Promise<string> =>
    branch(await world.rejection(b.call(procedure, {}, { timeout: 1_000 })));
  const held = [b.tryCall('m.busy', {}, { timeout: 600_000 })];
  await world.clock.advance(100);
  expect(held).toHaveLength(1);
  const all: string[] = [];
  for (const name of ['no.body', 'm.slow', 'm.fail', 'm.busy', 'm.crash']) all.push(await taken(name));
  expect(all).toEqual(['nobody serves it', 'it took too long', 'it said why', 'try later', 'give up']);
});

test('001-practice-idempotent: idempotent or a key lets a call be repeated; else it is never sent twice', async () => {
  const { world, a, b } = await threeNodes();
  const door = gate();
  let runs = 0;
  await a.advertise(ADD, async () => {
    if (++runs === 1) await door.promise;
    return runs;
  });
  await world.clock.advance(1_000);
  const torn = async (options: object): Promise<readonly unknown[]> => {
    runs = 0;
    const call = b.tryCall(ADD, {}, { retry: { times: 3, backoff: 100 }, ...options });
    await world.clock.advance(50);
    world.network.faults.reset(hostOf(a), hostOf(b));
    return [told(await world.settle(call)), runs];
  };
  expect(await torn({})).toEqual(['connection_error', 1]);
  expect(await torn({ idempotent: true })).toEqual([2, 2]);
  // the provider knows the key: the same run, not another one
  const keyed = torn({ idempotencyKey: 'order 7' });
  await world.clock.advance(1_000);
  door.open();
  expect(await keyed).toEqual([1, 1]);
});
