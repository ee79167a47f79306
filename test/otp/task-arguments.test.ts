import { describe, expect, test } from 'vitest';
import { asyncStream, startTask, startTaskLink } from '../../src/otp.ts';
import { spawn, world } from '../actor/world.ts';

describe('whoever owns a task', () => {
  test('is named when it is none, and nothing is started', () => {
    const { runtime } = world();
    const none = [undefined, null, 5, {}, { pid: spawn(runtime) }] as never[];
    const { spawned } = runtime;
    for (const owner of none) {
      const uses: readonly (() => unknown)[] = [
        () => startTask(owner, () => 1),
        () => startTaskLink(owner, () => 1),
        () => asyncStream(owner, [1], () => 1),
      ];
      for (const use of uses) {
        expect(use).toThrow(TypeError);
        expect(use).toThrow(/^owner must/);
      }
    }
    expect(() => startTaskLink(runtime as never, () => 1)).toThrow(/^owner must/);
    expect(() => asyncStream(runtime, [1], undefined as never)).toThrow(/^work must/);
    expect(() => asyncStream(runtime, [1], () => 1, null as never)).toThrow(/^options must/);
    for (const items of [undefined, null, 5, {}])
      expect(() => asyncStream(runtime, items as never, () => 1)).toThrow(/^items must/);
    expect(runtime.spawned).toBe(spawned);
  });

  test('gives a stream any iterable, a text too', async () => {
    const { runtime } = world();
    const seen: unknown[] = [];
    for await (const each of asyncStream(runtime, 'ab', (letter) => letter)) seen.push(each);
    expect(seen).toEqual([
      { tag: 'ok', value: 'a' },
      { tag: 'ok', value: 'b' },
    ]);
  });
});
