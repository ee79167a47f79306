import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf, pathOf } from '../../src/actor/tree.ts';
import { seededWorld, spawn, world } from './world.ts';

describe('the tree of processes', () => {
  test('children hang below their parent in start order', () => {
    const { runtime } = world();
    const parent = spawn(runtime);
    const children = Array.from({ length: 4 }, () => spawn(runtime, undefined, { parent, linked: false }));
    runtime.exit(children[1] as Process, 'gone');
    expect([...childrenOf(parent)]).toEqual([children[0], children[2], children[3]]);
    expect([...childrenOf(runtime)]).toEqual([parent]);
  });

  test('the path leads from the root to the parent', () => {
    const { runtime } = world();
    const root = spawn(runtime, undefined, { label: 'root' });
    const middle = spawn(runtime, undefined, { parent: root, id: 'middle' });
    const leaf = spawn(runtime, undefined, { parent: middle });
    expect(pathOf(leaf)).toEqual(['root', 'middle']);
    expect(leaf.label).toBe('Test');
  });

  test('linked children die with their parent, whole branches without a stack', () => {
    const { runtime } = world();
    let parent = spawn(runtime);
    const root = parent;
    for (let i = 0; i < 100_000; i++) parent = spawn(runtime, undefined, { parent });
    runtime.exit(root, 'gone');
    expect(runtime.alive).toBe(0);
    expect([...childrenOf(runtime)]).toEqual([]);
  });

  test('the death of a linked child that is not orderly ends its parent', () => {
    const { runtime } = world();
    const parent = spawn(runtime);
    const [normal, bad] = [spawn(runtime, undefined, { parent }), spawn(runtime, undefined, { parent })];
    runtime.die(normal, 'normal');
    expect(parent.alive).toBe(true);
    runtime.exit(bad, 'gone');
    expect(parent.reason).toBe('gone');
  });

  test('what is alive is never out of sight: children that are not linked move to the root', () => {
    const { runtime } = world();
    const parent = spawn(runtime);
    const child = spawn(runtime, undefined, { parent, linked: false });
    runtime.exit(parent, 'gone');
    expect(child.alive).toBe(true);
    expect(child.parent).toBeNull();
    expect([...childrenOf(runtime)]).toEqual([child]);
  });

  test('a child of a dead parent is dead from the start when linked, and at the root when not', () => {
    const { runtime } = world();
    const parent = spawn(runtime);
    runtime.exit(parent, 'gone');
    const linked = spawn(runtime, undefined, { parent });
    const free = spawn(runtime, undefined, { parent, linked: false });
    expect(linked.reason).toBe('noproc');
    expect([...childrenOf(runtime)]).toEqual([free]);
    expect(runtime.alive).toBe(1);
  });

  test('any forest, any death: the lists agree with the parents, and nobody linked survives its parent', async () => {
    const step = fc.record({
      tag: fc.constantFrom(
        'spawn' as const,
        'spawn' as const,
        'free' as const,
        'trap' as const,
        'kill' as const,
      ),
      at: fc.nat(30),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), fc.nat(), async (steps, seed) => {
        const { runtime, clock } = seededWorld(seed);
        const all: { pid: Process; parent: Process | null; linked: boolean }[] = [];
        for (const { tag, at } of steps) {
          const parent = all[at % (all.length + 1)]?.pid ?? null;
          if (tag === 'kill') {
            if (parent !== null) runtime.exit(parent, 'kill');
          } else {
            const linked = tag !== 'free';
            all.push({
              pid: spawn(runtime, undefined, { parent, linked, trapExit: tag === 'trap' }),
              parent,
              linked,
            });
          }
          if (at % 3 === 0) await clock.settle();
        }
        await clock.settle();
        const seen = new Set<Process>();
        const walk = (from: Parameters<typeof childrenOf>[0]): void => {
          for (const child of childrenOf(from)) {
            expect(child.alive).toBe(true);
            expect(child.parentProcess).toBe(from === runtime ? null : from);
            seen.add(child);
            walk(child);
          }
        };
        walk(runtime);
        expect(seen.size).toBe(runtime.alive);
        for (const { pid, parent, linked } of all) {
          expect(seen.has(pid)).toBe(pid.alive);
          if (linked && parent !== null && !parent.alive) expect(pid.alive).toBe(false);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
