/** What was started for an advertisement that then comes to nothing ends again. */
import { describe, expect, test } from 'vitest';
import { RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import { server } from '../../../src/mesh/handlers/server-handler.ts';
import type { GenServer } from '../../../src/otp/gen-server.ts';
import { reply } from '../../../src/otp/result.ts';
import { worker } from '../../../src/otp/supervisor.ts';
import { contextOf, meshWorld, runtimeOf } from '../../mesh-world.ts';
import { nodesOf } from './nodes.ts';

/** What an advertise comes to, without moving time. */
const tagOf = (advertised: Promise<unknown>): Promise<unknown> =>
  advertised.then(
    () => 'ok',
    (error: unknown) => (error instanceof RpcError ? error.failure.tag : error),
  );

describe('a server that takes a second to start', () => {
  const slow = async () => {
    const world = meshWorld();
    const [node] = await nodesOf(world, 1);
    const counting: GenServer<undefined, null, { get(): string }> = {
      label: 'slow',
      init: async () => {
        await new Promise<void>((resolve) => void world.clock.setTimer(1_000, resolve));
        return null;
      },
      handleCall: { get: (_none, state) => reply('slow', state) },
    };
    const alive = runtimeOf(node!).alive;
    return { world, node: node!, handler: server(worker('slow', counting, undefined)), alive };
  };

  test('ends when whoever wanted it has given up meanwhile', async () => {
    const { world, node, handler, alive } = await slow();
    const control = new AbortController();
    const told = tagOf(node.advertise('a.get', handler, { signal: control.signal }));
    await world.clock.advance(500);
    control.abort();
    expect(await world.settle(told)).toBe('canceled');
    await world.clock.advance(2_000);
    expect([runtimeOf(node).alive, contextOf(node).advertised.size]).toEqual([alive, 0]);
  });

  test('ends when somebody else has taken the name for himself meanwhile', async () => {
    const { world, node, handler } = await slow();
    const client = await world.client(node);
    const told = tagOf(node.advertise('a.get', handler));
    await world.clock.advance(500);
    await world.settle(client.advertise('a.get', () => 'client', { exclusive: true }));
    const alive = runtimeOf(node).alive;
    expect(await world.settle(told)).toBe('unauthorized');
    await world.clock.advance(2_000);
    // the server, its keeper and the procedure
    expect(runtimeOf(node).alive).toBeLessThan(alive);
    expect(await world.settle(node.call('a.get'))).toBe('client');
    await world.settle(client.disconnect());
  });
});
