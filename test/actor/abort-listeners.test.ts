import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { offAbort, onAbort } from '../../src/actor/abort-listeners.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { createRuntime, noReply, startServer, startTask } from '../../src/otp.ts';
import { reasonOf } from './world.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('one signal for many', () => {
  test('has one listener of the platform, and none when nobody waits any more', () => {
    const controller = new AbortController();
    const { signal } = controller;
    const told: number[] = [];
    const runs = Array.from({ length: 100 }, (_, at) => () => void told.push(at));
    for (const run of runs) onAbort(signal, run);
    expect(getEventListeners(signal, 'abort').length).toBe(1);
    for (const run of runs.slice(0, 99)) offAbort(signal, run);
    expect(getEventListeners(signal, 'abort').length).toBe(1);
    offAbort(signal, runs[99]!);
    expect(getEventListeners(signal, 'abort').length).toBe(0);
    controller.abort();
    expect(told).toEqual([]);
  });

  test('tells each once, in the order of asking, also those who ask again meanwhile', () => {
    const controller = new AbortController();
    const told: string[] = [];
    onAbort(controller.signal, () => {
      told.push('a');
      onAbort(controller.signal, () => told.push('too late'));
    });
    onAbort(controller.signal, () => told.push('b'));
    controller.abort();
    controller.abort();
    expect(told).toEqual(['a', 'b']);
  });

  test('calls and waits that share it warn nobody, and all end with it', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const runtime = createRuntime({ logger: silentLogger });
    const silent = { init: () => 0, handleCall: { never: (_: unknown, state: number) => noReply(state) } };
    const ref = await startServer(runtime, silent, undefined);
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const task = startTask(runtime, () => new Promise<never>(() => {}));
    const ends = Array.from({ length: 20 }, () => [
      reasonOf(ref.call('never', null, options)),
      reasonOf(task.yield(options)),
    ]).flat();
    controller.abort('enough');
    expect(await Promise.all(ends)).toEqual(ends.map(() => ({ canceled: 'enough' })));
    const own = startTask(runtime, (self) => {
      for (let n = 0; n < 20; n++) self.signal.addEventListener('abort', () => {});
    });
    await own.await();
    expect(warned.mock.calls).toEqual([]);
  });
});
