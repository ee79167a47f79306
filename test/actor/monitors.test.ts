import { describe, expect, test, vi } from 'vitest';
import { Kind } from '../../src/actor/mailbox.ts';
import { Down } from '../../src/actor/monitor.ts';
import type { Ref } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { recorder, seededWorld, spawn, world } from './world.ts';

describe('monitor', () => {
  test('each one fires exactly once, with its own reference and the reason', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime);
    const target = spawn(runtime);
    const refs = [pid.monitor(target), pid.monitor(target)];
    runtime.exit(target, 'gone');
    runtime.exit(target, 'again');
    await clock.settle();
    expect(new Set(inbox.map(({ message }) => (message as Down).ref))).toEqual(new Set(refs));
    expect(inbox.map(({ kind, message }) => [kind, (message as Down).reason])).toEqual([
      [Kind.down, 'gone'],
      [Kind.down, 'gone'],
    ]);
  });

  test('of a dead process fires at once with noproc', async () => {
    const { runtime, clock } = world();
    const target = spawn(runtime);
    runtime.exit(target, 'kill');
    const { pid, inbox } = recorder(runtime);
    const ref = pid.monitor(target);
    await clock.settle();
    expect(inbox.map(({ message }) => message)).toEqual([new Down(ref, target, 'noproc')]);
  });

  test('is one-way: the watcher may die, the target does not care', () => {
    const { runtime } = world();
    const [watcher, target] = [spawn(runtime), spawn(runtime)];
    watcher.monitor(target);
    runtime.exit(watcher, 'gone');
    expect(target.alive).toBe(true);
    expect(target.monitors).toBeNull();
  });

  test('by a dead watcher leaves nothing behind', () => {
    const { runtime } = world();
    const [watcher, target] = [spawn(runtime), spawn(runtime)];
    runtime.exit(watcher, 'gone');
    watcher.monitor(target);
    expect(target.monitors).toBeNull();
  });

  test('a Down is queued although the mailbox is full', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime);
    pid.bound = 1;
    const target = spawn(runtime);
    pid.monitor(target);
    runtime.send(pid, 'fills it');
    runtime.exit(target, 'gone');
    await clock.settle();
    expect(inbox.length).toBe(2);
  });
});

describe('demonitor', () => {
  test('with flush takes back a Down that is queued, and no other', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime);
    const target = spawn(runtime);
    const [first, second] = [pid.monitor(target), pid.monitor(target)] as [Ref, Ref];
    runtime.exit(target, 'gone');
    expect(pid.demonitor(first)).toBe(false);
    await clock.settle();
    expect(inbox.map(({ message }) => (message as Down).ref)).toEqual([second]);
  });

  test('without flush leaves a queued Down', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime);
    const target = spawn(runtime);
    const ref = pid.monitor(target);
    runtime.exit(target, 'gone');
    pid.demonitor(ref, { flush: false });
    await clock.settle();
    expect(inbox.length).toBe(1);
  });

  test('is true once, while the monitor is active', () => {
    const { runtime } = world();
    const [pid, target] = [spawn(runtime), spawn(runtime)];
    const ref = pid.monitor(target);
    expect(pid.demonitor(ref)).toBe(true);
    expect(pid.demonitor(ref)).toBe(false);
    expect(pid.demonitor({ node: '', creation: 0, serial: 1 })).toBe(false);
  });
});

describe('under any interleaving', () => {
  test('exactly one Down per monitor, none after demonitor with flush, over 200 seeds', async () => {
    for (let seed = 0; seed < 200; seed++) {
      const { runtime, clock } = seededWorld(seed);
      const random = runtime.random.fork(`monitors ${seed}`);
      const targets = Array.from({ length: 6 }, () => spawn(runtime));
      const downs = new Map<Ref, number>();
      const flushed = new Set<Ref>();
      const all: Ref[] = [];
      const watchers = Array.from({ length: 6 }, () => {
        const mine: Ref[] = [];
        return spawn(runtime, (kind, message, self) => {
          if (kind === Kind.down) {
            const { ref } = message as Down;
            expect(flushed.has(ref)).toBe(false);
            downs.set(ref, (downs.get(ref) ?? 0) + 1);
            return;
          }
          const target = targets[random.u32() % 6] as Process;
          const choice = random.u32() % 5;
          if (choice < 3) {
            const ref = self.monitor(target);
            mine.push(ref);
            all.push(ref);
          } else if (choice === 3) self.exit(target, 'kill');
          else {
            const ref = mine.splice(random.u32() % (mine.length || 1), 1)[0];
            if (ref !== undefined && !downs.has(ref)) {
              self.demonitor(ref);
              flushed.add(ref);
            }
          }
        });
      });
      for (let i = 0; i < 60; i++) runtime.send(watchers[random.u32() % 6] as Process, i);
      await clock.settle();
      for (const target of targets) runtime.exit(target, 'kill');
      await clock.settle();
      for (const ref of all) expect(downs.get(ref) ?? 0).toBe(flushed.has(ref) ? 0 : 1);
      for (const watcher of watchers) expect(watcher.watching).toBeNull();
    }
  });
});

describe('onExit', () => {
  test('calls once with the reason, at once with noproc for the dead, never after demonitor', () => {
    const { runtime } = world();
    const target = spawn(runtime);
    const calls: unknown[] = [];
    runtime.onExit(target, (reason) => calls.push(reason));
    runtime.demonitor(runtime.onExit(target, () => calls.push('canceled')));
    runtime.exit(target, 'gone');
    runtime.onExit(target, (reason) => calls.push(reason));
    expect(calls).toEqual(['gone', 'noproc']);
  });

  test('one that throws is logged and does not leave the death half done', () => {
    const error = vi.fn();
    const { runtime } = world({ logger: { ...silentLogger, error } });
    const [target, linked] = [spawn(runtime), spawn(runtime)];
    target.link(linked);
    runtime.onExit(target, () => {
      throw new Error('faulty');
    });
    runtime.exit(target, 'gone');
    expect(linked.reason).toBe('gone');
    expect(runtime.alive).toBe(0);
    expect(error.mock.calls[0]?.[0]).toMatchObject({ event: 'runtime.defect', reason: 'Error' });
  });
});
