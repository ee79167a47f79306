import { describe, expect, test } from 'vitest';
import { asyncStream, startTask, startTaskLink, startTaskSupervisor } from '../../src/otp.ts';
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

  test('is judged before a task supervisor starts anything, as are items, work and options', async () => {
    const { runtime } = world();
    const tasks = await startTaskSupervisor(runtime);
    const owner = spawn(runtime);
    const { spawned } = runtime;
    for (const none of [undefined, 5, {}, { pid: owner }, runtime] as never[]) {
      const uses: readonly (() => unknown)[] = [
        () => tasks.async(none, () => 1),
        () => tasks.asyncNolink(none, () => 1),
        () => tasks.asyncStream(none, [1], () => 1),
        () => tasks.asyncStreamNolink(none, [1], () => 1),
      ];
      for (const use of uses) {
        expect(use).toThrow(TypeError);
        expect(use).toThrow(/^owner must/);
      }
    }
    expect(() => tasks.async(null as never, () => 1)).toThrow(/^owner must/);
    expect(() => tasks.asyncStream(null as never, [1], () => 1)).toThrow(/^owner must/);
    type Start = (body: never, options?: never) => unknown;
    const starts: readonly Start[] = [
      (body, options) => tasks.async(owner, body, options),
      (body, options) => tasks.asyncNolink(owner, body, options),
      (body, options) => tasks.startChild(body, options),
    ];
    for (const start of starts) {
      const body = (() => 1) as never;
      expect(() => start(undefined as never)).toThrow(/^body must/);
      expect(() => start(body, null as never)).toThrow(/^options must/);
      expect(() => start(body, { timeout: -1 } as never)).toThrow(RangeError);
    }
    for (const items of [undefined, null, 5, {}] as never[]) {
      expect(() => tasks.asyncStream(owner, items, () => 1)).toThrow(/^items must/);
      expect(() => tasks.asyncStreamNolink(null, items, () => 1)).toThrow(/^items must/);
    }
    expect(() => tasks.asyncStream(owner, [1], undefined as never)).toThrow(/^work must/);
    expect(() => tasks.asyncStreamNolink(null, [1], () => 1, null as never)).toThrow(/^options must/);
    expect([runtime.spawned, tasks.children]).toEqual([spawned, []]);
    expect(await tasks.asyncNolink(null, () => 1).await()).toBe(1);
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
