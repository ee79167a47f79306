/** Who is restarted keeps its place among its siblings, where the tree is shown. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { snapshot } from '../../src/inspect/snapshot.ts';
import { startDynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import { startSupervisor, supervisor, type SupervisorSpec } from '../../src/otp/supervisor.ts';
import { spawn, world } from '../actor/world.ts';
import { child, plan } from './tree.ts';

const limits = { intensity: 100_000, period: 1 } as const;

const shown = (self: Process): string[] => snapshot(self, 'x').root.children.map(({ name }) => name);
const started = (self: Process): Process[] => [...childrenOf(self)];

async function scene(strategy: SupervisorSpec['strategy'] = 'oneForOne', ids = ['a', 'b', 'c', 'd']) {
  const given = world();
  const made = plan();
  const ref = await startSupervisor(given.runtime, {
    strategy,
    ...limits,
    children: ids.map((id) => child(made, id)),
  });
  const self = ref.pid as Process;
  const kill = async (id: string): Promise<void> => {
    given.runtime.exit(
      started(self).find(({ info }) => info?.id === id)!,
      'kill',
    );
    await given.clock.settle();
  };
  return { ...given, made, ref, self, kill };
}

describe('children of a supervisor', () => {
  test('stand as their specifications do, whoever was restarted', async () => {
    const { self, kill } = await scene();
    await kill('b');
    await kill('a');
    expect(started(self).map(({ label }) => label)).toEqual(['c', 'd', 'b', 'a']);
    expect(shown(self)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('whatever ends, by whatever strategy', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<SupervisorSpec['strategy'][]>('oneForOne', 'oneForAll', 'restForOne'),
        fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 8 }),
        async (strategy, ends) => {
          const { self, kill } = await scene(strategy);
          for (const id of ends) {
            await kill(id);
            expect(shown(self)).toEqual(['a', 'b', 'c', 'd']);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test('one that was stopped leaves its place free, and has it again', async () => {
    const { ref, self } = await scene();
    await ref.terminateChild('b');
    expect(shown(self)).toEqual(['a', 'c', 'd']);
    await ref.restartChild('b');
    expect(shown(self)).toEqual(['a', 'b', 'c', 'd']);
    await ref.startChild(child(plan(), 'e'));
    expect(shown(self)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('as an update orders them, without a restart', async () => {
    const { ref, self, made } = await scene();
    const children = ['d', 'b', 'new', 'a'].map((id) => child(made, id));
    await ref.update({ strategy: 'oneForOne', ...limits, children });
    expect(shown(self)).toEqual(['d', 'b', 'a', 'c']);
  });

  test('one whose start takes time has its place from the beginning', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const children = [child(made, 'a', { slow: true }), child(made, 'b')];
    const starting = startSupervisor(runtime, { strategy: 'oneForOne', ...limits, children });
    await clock.settle();
    const self = (await starting).pid as Process;
    runtime.exit(started(self)[0]!, 'kill');
    const seen: (readonly [string, string][])[] = [];
    const look = (): void =>
      void seen.push(snapshot(self, 'x').root.children.map(({ name, status }) => [name, status]));
    const spy = spawn(runtime, look);
    for (let n = 0; n < 20; n++) {
      runtime.send(spy, n);
      await Promise.resolve();
    }
    await clock.settle();
    expect(seen).toContainEqual([
      ['a', 'starting'],
      ['b', 'running'],
    ]);
    expect(shown(self)).toEqual(['a', 'b']);
  });

  test('whom no specification names stands behind them', async () => {
    const { runtime, self, kill } = await scene();
    spawn(runtime, undefined, { parent: self, linked: false, label: 'guest' });
    await kill('a');
    expect(shown(self)).toEqual(['a', 'b', 'c', 'd', 'guest']);
  });

  test('below a supervisor that was restarted itself', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const inner = supervisor('inner', {
      strategy: 'oneForOne',
      ...limits,
      children: ['a', 'b', 'c'].map((id) => child(made, id)),
    });
    const ref = await startSupervisor(runtime, {
      strategy: 'oneForOne',
      ...limits,
      children: [inner, child(made, 'z')],
    });
    const self = ref.pid as Process;
    const below = (): Process => started(self).find(({ label }) => label === 'inner')!;
    runtime.exit(below(), 'kill');
    await clock.settle();
    runtime.exit(started(below())[0]!, 'kill');
    await clock.settle();
    expect([shown(self), shown(below())]).toEqual([
      ['inner', 'z'],
      ['a', 'b', 'c'],
    ]);
  });
});

describe('children of a dynamic supervisor', () => {
  test('stand as they came first', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const ref = await startDynamicSupervisor(runtime, { ...limits });
    const self = ref.pid as Process;
    for (const id of ['a', 'b', 'c']) await ref.startChild(child(made, id));
    for (const at of [0, 0, 1]) {
      runtime.exit(started(self)[at]!, 'kill');
      await clock.settle();
      expect(shown(self)).toEqual(['a', 'b', 'c']);
    }
    await ref.startChild(child(made, 'd'));
    await ref.terminateChild(started(self).find(({ label }) => label === 'b')!);
    expect(shown(self)).toEqual(['a', 'c', 'd']);
  });
});
