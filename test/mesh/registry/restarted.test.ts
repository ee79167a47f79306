/** A registry that is being restarted hides nobody: calls wait for what it is still to hear. */
import { expect, test } from 'vitest';
import { closeAtEnd, contextOf, meshWorld, pair, processOf } from '../../mesh-world.ts';

test('a call that begins before connections have enrolled with a fresh registry waits, and finds what clients serve', async () => {
  const world = meshWorld({ poison: false });
  const { node, client } = await pair(world);
  const other = await world.client(node);
  closeAtEnd(world, other);
  await world.settle(client.advertise('c.echo', (args) => args));
  expect(await world.settle(other.call('c.echo', { n: 1 }))).toEqual({ n: 1 });
  const { runtime, scope } = contextOf(node);
  const calls: ReturnType<typeof node.tryCall>[] = [];
  const share = scope.share.bind(scope);
  // the first moment at which the fresh table is seen
  scope.share = (name, owner, table) => {
    share(name, owner, table);
    if (name === 'serviceRegistry') calls.push(node.tryCall('c.echo', {}));
  };
  runtime.exit(processOf(node, 'serviceRegistry'), 'kill');
  await world.clock.until(() => calls.length > 0);
  const tags = (await world.settle(Promise.all(calls))).map((result) =>
    result.ok ? 'ok' : result.error.failure.tag,
  );
  expect(tags).toEqual(['ok']);
});
