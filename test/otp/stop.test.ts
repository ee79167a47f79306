import { describe, expect, test } from 'vitest';
import { killTree, stopProcess } from '../../src/otp/stop.ts';
import { spawn, world } from '../actor/world.ts';

describe('stopProcess', () => {
  test('a process that does not trap is dead at once, and the answer synchronous', () => {
    const { runtime } = world();
    const parent = spawn(runtime);
    expect(stopProcess(spawn(runtime, undefined, { parent }), parent, 5_000)).toBe('shutdown');
    expect(stopProcess(spawn(runtime), null, 5_000)).toBe('shutdown');
    expect(runtime.timers.size).toBe(0);
  });

  test('brutalKill kills at once, without terminate', () => {
    const { runtime } = world();
    const process = spawn(runtime, undefined, { trapExit: true, terminate: () => expect.fail() });
    expect(stopProcess(process, null, 'brutalKill')).toBe('killed');
  });

  test('one that traps runs terminate before its queued messages, asked by its parent or by nobody', async () => {
    for (const withParent of [true, false]) {
      const { runtime, clock } = world();
      const parent = withParent ? spawn(runtime) : null;
      const log: unknown[] = [];
      const process = spawn(runtime, (_, message) => void log.push(message), {
        parent,
        trapExit: true,
        terminate: (reason) => void log.push(reason),
      });
      runtime.send(process, 'queued');
      const stopped = stopProcess(process, parent, 100);
      await clock.settle();
      expect([await stopped, log]).toEqual(['shutdown', ['shutdown']]);
      expect(runtime.timers.size).toBe(0);
    }
  });

  test('one that does not go in time is killed, exactly then', async () => {
    const { runtime, clock } = world();
    const process = spawn(runtime, undefined, { trapExit: true, terminate: () => new Promise(() => {}) });
    const stopped = stopProcess(process, null, 100);
    await clock.advance(99);
    expect(process.alive).toBe(true);
    await clock.advance(1);
    expect(await stopped).toBe('killed');
  });

  test('Infinity waits for ever', async () => {
    const { runtime, clock } = world();
    let finish = (): void => {};
    const process = spawn(runtime, undefined, {
      trapExit: true,
      terminate: () => new Promise<void>((resolve) => (finish = resolve)),
    });
    const stopped = stopProcess(process, null, Infinity);
    await clock.advance(10_000_000);
    expect(process.alive).toBe(true);
    finish();
    expect(await stopped).toBe('shutdown');
  });

  test('a dead process gives the reason it died of', () => {
    const { runtime } = world();
    const process = spawn(runtime);
    runtime.exit(process, 'gone');
    expect(stopProcess(process, null, 100)).toBe('gone');
  });

  test('one that dies of something else meanwhile gives that reason', async () => {
    const { runtime, clock } = world();
    const process = spawn(runtime, undefined, {
      trapExit: true,
      terminate: () => Promise.reject(new Error('bad end')),
    });
    const stopped = stopProcess(process, null, 100);
    await clock.settle();
    expect(String(await stopped)).toBe('Error: bad end');
  });
});

test('killTree ends 150,000 children and says nothing about the stack', () => {
  const { runtime } = world();
  const root = spawn(runtime);
  for (let made = 0; made < 150_000; made++) spawn(runtime, undefined, { parent: root, trapExit: true });
  killTree(root);
  expect(runtime.alive).toBe(0);
});
