import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Kind } from '../../src/actor/mailbox.ts';
import { NameScope } from '../../src/actor/names.ts';
import type { Process } from '../../src/actor/process.ts';
import { same, spawn, world } from './world.ts';

describe('NameScope', () => {
  test('a name maps to one live process; a taken name and a dead process are refused', () => {
    const { runtime } = world();
    const [a, b, dead] = [spawn(runtime), spawn(runtime), spawn(runtime)];
    runtime.exit(dead, 'kill');
    expect(a.register('x')).toBe(true);
    expect(b.register('x')).toBe(false);
    expect(dead.register('y')).toBe(false);
    expect(runtime.names.whereis('x')).toBe(a);
    expect(runtime.names.names()).toEqual(['x']);
  });

  test('a name is free before anybody hears of the death', async () => {
    const { runtime, clock } = world();
    const holder = spawn(runtime);
    holder.register('x');
    const taken: unknown[] = [];
    const watcher: Process = spawn(runtime, (kind, _message, self) => {
      if (kind === Kind.down) taken.push(self.register('x'));
    });
    watcher.monitor(holder);
    runtime.onExit(holder, () => taken.push(runtime.names.whereis('x')));
    runtime.exit(holder, 'kill');
    await clock.settle();
    expect(taken).toEqual([undefined, true]);
  });

  test('a name held by one that dies in the same stroke is free already, and its next holder keeps it', () => {
    const { runtime } = world();
    const [a, b, c, heir] = [spawn(runtime), spawn(runtime), spawn(runtime), spawn(runtime)];
    a.link(b);
    a.link(c);
    c.register('x');
    const seen: unknown[] = [];
    // a took b and c along: both are dead, but only b has been buried so far
    runtime.onExit(b, () => seen.push(c.alive, runtime.names.whereis('x'), heir.register('x')));
    runtime.exit(a, 'gone');
    expect(seen).toEqual([false, undefined, true]);
    expect(runtime.names.whereis('x')).toBe(heir);
  });

  test('unregister frees a name; the death of the former holder does not touch the new one', () => {
    const { runtime } = world();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    a.register('x');
    runtime.names.unregister('x');
    runtime.names.unregister('never');
    b.register('x');
    runtime.exit(a, 'kill');
    expect(runtime.names.whereis('x')).toBe(b);
  });

  test('scopes are independent', () => {
    const { runtime } = world();
    const scope = new NameScope();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    a.register('x');
    expect(b.register('x', scope)).toBe(true);
    expect(scope.whereis('x')).toBe(b);
    expect(runtime.names.whereis('x')).toBe(a);
  });

  test('what is shared under a name is gone with its holder; others may not share', () => {
    const { runtime } = world();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    a.register('x');
    runtime.names.share('x', a, { table: 1 });
    expect(runtime.names.shared('x')).toEqual({ table: 1 });
    expect(() => runtime.names.share('x', b, 2)).toThrow('only the process named x');
    expect(() => runtime.names.share('y', b, 2)).toThrow('only the process named y');
    runtime.exit(a, 'kill');
    expect(runtime.names.shared('x')).toBeUndefined();
  });

  test('any mix of register, unregister and death: the scope agrees with a map', () => {
    const step = fc.record({
      tag: fc.constantFrom('register' as const, 'unregister' as const, 'kill' as const),
      who: fc.nat(4),
      name: fc.constantFrom('a', 'b', 'c'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const { runtime } = world();
        const pids = Array.from({ length: 5 }, () => spawn(runtime));
        const model = new Map<string, Process>();
        for (const { tag, who, name } of steps) {
          const pid = pids[who] as Process;
          if (tag === 'register') {
            const free = pid.alive && !model.has(name);
            same(pid.register(name), free);
            if (free) model.set(name, pid);
          } else if (tag === 'unregister') {
            runtime.names.unregister(name);
            model.delete(name);
          } else {
            runtime.exit(pid, 'kill');
            for (const [held, holder] of model) if (holder === pid) model.delete(held);
          }
          expect(runtime.names.names().toSorted()).toEqual([...model.keys()].toSorted());
          for (const each of ['a', 'b', 'c']) same(runtime.names.whereis(each), model.get(each));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
