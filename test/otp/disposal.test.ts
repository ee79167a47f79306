/** What `await using` does with the references that stop something. */
import { expect, test } from 'vitest';
import {
  createRuntime,
  ServerRef,
  startAgent,
  startDynamicSupervisor,
  startSupervisor,
  startTaskSupervisor,
  startWatchdog,
  stopServer,
} from '../../src/otp.ts';
import { spawn, world } from '../actor/world.ts';

test('the end of a block stops a supervisor of any kind, an agent and a watchdog', async () => {
  const { runtime } = world();
  const starts = [
    () => startSupervisor(runtime, { children: [] }),
    () => startDynamicSupervisor(runtime),
    () => startTaskSupervisor(runtime),
    () => startAgent(runtime, () => 0),
  ];
  for (const start of starts) {
    {
      await using ref = await start();
      expect([ref.pid, runtime.alive]).toMatchObject([{ alive: true }, 1]);
    }
    expect(runtime.alive).toBe(0);
  }
  const watched = createRuntime();
  {
    await using watchdog = startWatchdog(watched);
    await watchdog.ready;
    expect(watched.scheduler.watch).not.toBeNull();
  }
  expect(watched.scheduler.watch).toBeNull();
});

test('what has ended before is fine', async () => {
  const { runtime } = world();
  const tree = await startSupervisor(runtime, { children: [] });
  const agent = await startAgent(runtime, () => 0);
  await tree.stop();
  await agent.stop();
  await tree[Symbol.asyncDispose]();
  await agent[Symbol.asyncDispose]();
  expect(await tree.stop()).toBe('noproc');
  await expect(agent.stop()).rejects.toMatchObject({ reason: 'noproc' });
  await expect(stopServer(new ServerRef(runtime, tree.pid as never))).rejects.toMatchObject({
    reason: 'noproc',
  });
});

test('an agent that ends with another reason rejects, as its stop does', async () => {
  const { runtime } = world();
  const agent = await startAgent(runtime, () => 0);
  const blocked = agent.update(() => new Promise<never>(() => undefined)).catch((error: unknown) => error);
  const disposed = agent[Symbol.asyncDispose]();
  runtime.exit(agent.pid as never, 'kill', spawn(runtime));
  await expect(disposed).rejects.toMatchObject({ reason: 'killed' });
  await blocked;
});
