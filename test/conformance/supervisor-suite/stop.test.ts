/** supervisor_SUITE: how a supervisor stops its children. */
import { expect } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { conformanceSuite } from '../suite.ts';
import { reasonOf } from '../../actor/world.ts';
import { counts, listed, RESTARTS, running, stage, tree } from './kit.ts';

const { ported } = conformanceSuite('supervisor_SUITE', 88);

ported('sup_stop_infinity', async () => {
  const at = stage();
  const ref = await at.start(
    tree([
      at.kid('child1', { shutdown: Infinity, type: 'supervisor' }),
      at.kid('child2', { shutdown: Infinity, type: 'worker' }),
    ]),
  );
  const kids = [await running(ref, 'child1'), await running(ref, 'child2')];
  expect(await at.shutDown(ref)).toBe(true);
  expect(kids.map(({ reason }) => reason)).toEqual(['shutdown', 'shutdown']);
});

ported('sup_stop_timeout', async () => {
  const at = stage();
  const ref = await at.start(
    tree([at.kid('quick', { shutdown: 1_000 }), at.kid('busy', { shutdown: 1_000, linger: 5_000 })]),
  );
  const [quick, busy] = [await running(ref, 'quick'), await running(ref, 'busy')];
  const sup = ref.pid as Process;
  at.runtime.exit(sup, 'shutdown', at.starter);
  await at.clock.advance(999);
  expect([quick.alive, busy.alive, sup.alive]).toEqual([true, true, true]);
  await at.clock.advance(1);
  expect([quick.reason, busy.reason, sup.reason]).toEqual(['shutdown', 'killed', 'shutdown']);
  expect(at.reports.filter(({ tag }) => tag === 'supervisor')).toMatchObject([
    { context: 'shutdown_error', child: 'busy', reason: 'killed' },
  ]);
});

ported('sup_stop_timeout_dynamic', async () => {
  const at = stage();
  const ref = await at.dynamic({ template: at.kid('busy', { shutdown: 1_000, linger: 5_000 }) });
  const kids: Process[] = [];
  for (let i = 0; i < 5; i++) kids.push((await ref.startChild([])) as Process);
  at.runtime.exit(ref.pid as Process, 'shutdown', at.starter);
  await at.clock.advance(999);
  expect(kids.every(({ alive }) => alive)).toBe(true);
  await at.clock.advance(1);
  expect(kids.map(({ reason }) => reason)).toEqual(Array(5).fill('killed'));
  expect((ref.pid as Process).reason).toBe('shutdown');
});

ported('sup_stop_brutal_kill', async () => {
  const at = stage();
  const ref = await at.start(tree([at.kid('child1'), at.kid('child2', { shutdown: 'brutalKill' })]));
  const kids = [await running(ref, 'child1'), await running(ref, 'child2')];
  expect(await at.shutDown(ref)).toBe(true);
  expect(kids.map(({ reason }) => reason)).toEqual(['shutdown', 'killed']);
  expect(at.contexts()).toEqual([]);
});

ported('sup_stop_brutal_kill_dynamic', async () => {
  const at = stage();
  const ref = await at.dynamic({ template: at.kid('child', { shutdown: 'brutalKill' }) });
  const kids: Process[] = [];
  for (let i = 0; i < 10; i++) kids.push((await ref.startChild([])) as Process);
  expect(await at.shutDown(ref)).toBe(true);
  expect(kids.map(({ reason }) => reason)).toEqual(Array(10).fill('killed'));
  expect(at.contexts()).toEqual([]);
});

const REASONS = ['normal', 'shutdown', { shutdown: 'why' }, 'boom'];

ported('sup_stop_race', async () => {
  const at = stage();
  const specs = RESTARTS.flatMap((restart) => REASONS.map((_, i) => at.kid(`${restart} ${i}`, { restart })));
  const ref = await at.start(tree([...specs, at.kid('slow', { linger: 2_000 })], { intensity: 0 }));
  const kids = await Promise.all(specs.map(({ id }) => running(ref, id)));
  at.runtime.exit(ref.pid as Process, 'shutdown', at.starter);
  await at.clock.advance(1_000);
  for (const [i, kid] of kids.entries()) await at.end(kid, REASONS[i % 4]);
  await at.clock.advance(1_000);
  expect(kids.map(({ reason }) => reason)).toEqual([...REASONS, ...REASONS, ...REASONS]);
  expect((ref.pid as Process).reason).toBe('shutdown');
  expect(at.exits()).toEqual(['shutdown']);
  // all but `shutdown` of a permanent child, only the crash of the others; the last of them first
  const told = at.reports.flatMap((r) => (r.tag === 'supervisor' ? [[r.context, r.child]] : []));
  expect(told).toEqual(
    ['temporary 3', 'transient 3', 'permanent 3', 'permanent 2', 'permanent 0'].map((id) => [
      'shutdown_error',
      id,
    ]),
  );
});

ported('sup_stop_non_shutdown_exit_dynamic', async () => {
  for (const restart of RESTARTS) {
    const at = stage();
    const ref = await at.dynamic({
      template: {
        id: 'child',
        restart,
        start: (parent: unknown, ...[reason]: never[]) => {
          const { runtime } = at;
          const behavior = {
            type: 'Test',
            receive: () => undefined,
            // asked to shut down it ends with a reason of its own
            terminate: (_: unknown, self: Process) => runtime.die(self, reason),
          };
          const process = runtime.spawn(behavior, { parent: parent as Process });
          process.trapExit = true;
          runtime.activate(process);
          return { tag: 'ok', pid: process };
        },
      },
    });
    const kids: Process[] = [];
    for (const reason of REASONS) kids.push((await ref.startChild([reason])) as Process);
    expect(await at.shutDown(ref)).toBe(true);
    expect(kids.map(({ reason }) => reason)).toEqual(REASONS);
    expect(at.exits()).toEqual(['shutdown']);
  }
});

ported('simple_one_for_one_shutdown', async () => {
  const at = stage();
  const ref = await at.dynamic({
    template: {
      id: 'child',
      shutdown: 2_000,
      start: (parent, linger: number) => at.kid(`needs ${linger}`, { linger }).start(parent),
    },
  });
  const kids: Process[] = [];
  for (const linger of [1_000, 1_000, 5_000]) kids.push((await ref.startChild([linger])) as Process);
  at.runtime.exit(ref.pid as Process, 'shutdown', at.starter);
  await at.clock.advance(999);
  expect(kids.map(({ alive }) => alive)).toEqual([true, true, true]);
  await at.clock.advance(1);
  // all were asked at once
  expect(kids.map(({ alive }) => alive)).toEqual([false, false, true]);
  await at.clock.advance(1_000);
  expect(kids.map(({ reason }) => reason)).toEqual(['shutdown', 'shutdown', 'killed']);
  expect((ref.pid as Process).reason).toBe('shutdown');
});

ported('child_unlink', async () => {
  const at = stage();
  const ref = await at.start(tree([at.kid('child')]));
  const kid = await running(ref, 'child');
  kid.unlink(ref.pid as Process);
  await at.end(kid, 'boom');
  // nobody told the supervisor: it goes on, and what it is asked to stop is dead already
  expect(await listed(ref)).toEqual({ child: kid });
  expect(await counts(ref)).toBe('1/0/0/1');
  expect(await reasonOf(ref.restartChild('child'))).toBe('running');
  expect(at.contexts()).toEqual([]);
  await ref.terminateChild('child');
  expect(at.reports.filter(({ tag }) => tag === 'supervisor')).toMatchObject([
    { context: 'shutdown_error', child: 'child', reason: 'noproc' },
  ]);
  expect(await counts(ref)).toBe('1/0/0/1');
  expect(await ref.restartChild('child')).toBeDefined();
  expect(await at.shutDown(ref)).toBe(true);
});

ported('order_of_children', async () => {
  const at = stage();
  const ids = ['child1', 'child2', 'child3', 'child4', 'child5'];
  const ref = await at.start(
    tree(
      ids.map((id) => at.kid(id)),
      { strategy: 'oneForAll', intensity: 2 },
    ),
  );
  const starts = ids.map((id) => `start ${id}`);
  const stops = ids.toReversed().map((id) => `stop ${id} shutdown`);
  expect(at.log).toEqual(starts);
  expect((await ref.whichChildren()).map(({ id }) => id)).toEqual(ids.toReversed());
  const dead: string[] = [];
  const watch = async (): Promise<void> => {
    for (const id of ids) at.runtime.onExit(await running(ref, id), () => dead.push(id));
  };
  await watch();
  at.log.length = 0;
  await at.end(await running(ref, 'child3'), 'kill');
  const group = stops.filter((line) => !line.includes('child3'));
  expect(at.log).toEqual([...group, ...starts]);
  expect(dead).toEqual(['child3', 'child5', 'child4', 'child2', 'child1']);
  dead.length = 0;
  await watch();
  at.log.length = 0;
  expect(await at.shutDown(ref)).toBe(true);
  expect(at.log).toEqual(stops);
  expect(dead).toEqual(ids.toReversed());
});
