/** A registry that is being restarted hides nobody: calls wait for what it is still to hear. */
import { expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, gate, meshWorld, pair, processOf, told } from '../../mesh-world.ts';

/** Kills the registry; `seen` hears of its successor in the first moment at which the fresh table is seen. */
function restart(node: Node, seen: (registry: Process) => void): void {
  const { runtime, scope } = contextOf(node);
  const share = scope.share.bind(scope);
  scope.share = (name, owner, table) => {
    share(name, owner, table);
    if (name === 'serviceRegistry') seen(owner as Process);
  };
  runtime.exit(processOf(node, 'serviceRegistry'), 'kill');
}

/** The node's connection to a client does nothing until what this gives is called. */
function suspend(node: Node, client: { readonly id: string }): () => void {
  const [standing] = contextOf(node).standings.of(client.id);
  if (standing === undefined) return expect.fail('not connected');
  const { process } = standing;
  process.suspended = true;
  return () => {
    process.suspended = false;
    contextOf(node).runtime.work(process, () => undefined);
  };
}

test('a call that begins before connections have enrolled with a fresh registry waits, and finds what clients serve', async () => {
  const world = meshWorld({ poison: false });
  const { node, client } = await pair(world);
  const other = await world.client(node);
  closeAtEnd(world, other);
  await world.settle(client.advertise('c.echo', (args) => args));
  expect(await world.settle(other.call('c.echo', { n: 1 }))).toEqual({ n: 1 });
  const calls: ReturnType<typeof node.tryCall>[] = [];
  restart(node, () => calls.push(node.tryCall('c.echo', { n: 2 })));
  await world.clock.until(() => calls.length > 0);
  expect((await world.settle(Promise.all(calls))).map(told)).toEqual([{ n: 2 }]);
});

test('a connection whose enrollment finds the mailbox of a fresh registry full says it again', async () => {
  const world = meshWorld({ poison: false });
  const { node, client } = await pair(world);
  await world.settle(client.advertise('c.echo', (args) => args));
  let fresh: Process | undefined;
  restart(node, (registry) => {
    fresh ??= registry;
    registry.bound = 0;
  });
  await world.clock.until(() => fresh !== undefined);
  await world.clock.settle();
  fresh!.bound = Infinity;
  await world.clock.advance(100);
  expect((await world.settle(node.discover('c.echo'))).map(({ nodeId }) => nodeId)).toEqual([client.id]);
  expect(await world.settle(node.call('c.echo', { n: 1 }))).toEqual({ n: 1 });
});

test('while a client has not enrolled yet nobody is told that nobody serves a name, but that the registry is restarted', async () => {
  const world = meshWorld({ poison: false });
  const { node, client } = await pair(world);
  await world.settle(client.advertise('c.echo', (args) => args));
  await world.settle(node.advertise('n.echo', (args) => args));
  const resume = suspend(node, client);
  let restarted = false;
  restart(node, () => (restarted = true));
  await world.clock.until(() => restarted);
  const ids = async (procedure: string): Promise<unknown> =>
    (await world.settle(node.discover(procedure, { forceRefresh: true }))).map(({ nodeId }) => nodeId);
  expect(await world.failure(node.discover('c.echo', { forceRefresh: true }))).toEqual({
    tag: 'connection_error',
    sent: false,
    detail: 'the service registry is being restarted',
  });
  // what is known is told
  expect(await ids('n.echo')).toEqual([node.id]);
  resume();
  await world.clock.settle();
  expect(await ids('c.echo')).toEqual([client.id]);
  expect(await ids('no.name')).toEqual([]);
});

test('a call that waits for the registry has had no attempt by that, and gets none besides', async () => {
  const world = meshWorld({ poison: false });
  const { node, client } = await pair(world);
  const other = await world.node({ bootstrap: [node.url] });
  closeAtEnd(world, other);
  const door = gate();
  const limits = { maxConcurrent: 1, maxQueue: 0 };
  await world.settle(node.advertise('n.busy', () => door.promise.then(() => 'here'), { limits }));
  await world.settle(other.advertise('n.busy', () => 'elsewhere'));
  await world.settle(client.advertise('c.late', () => 'late'));
  await world.clock.advance(3_000);
  const first = node.tryCall('n.busy');
  await world.clock.settle();
  const resume = suspend(node, client);
  let restarted = false;
  restart(node, () => (restarted = true));
  await world.clock.until(() => restarted);
  const once = node.tryCall('n.busy', {}, { maxAttempts: 1 });
  const twice = node.tryCall('n.busy', {}, { maxAttempts: 2 });
  const late = node.tryCall('c.late', {}, { maxAttempts: 1 });
  await world.clock.advance(500);
  resume();
  expect((await world.settle(Promise.all([once, twice, late]))).map(told)).toEqual([
    'overloaded',
    'elsewhere',
    'late',
  ]);
  door.open();
  expect(told(await world.settle(first))).toBe('here');
});
