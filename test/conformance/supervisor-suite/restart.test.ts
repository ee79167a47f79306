/** supervisor_SUITE: which child is restarted after what, and when that is too often. */
import { expect } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { supervisor } from '../../../src/otp/supervisor.ts';
import { conformanceSuite } from '../suite.ts';
import { below as branch, counts, listed, running, stage, tree } from './kit.ts';

const { ported } = conformanceSuite('supervisor_SUITE', 88);

/** Reasons by the last word of a case's name. */
const ENDS: Readonly<Record<string, readonly unknown[]>> = {
  normal: ['normal'],
  shutdown: ['shutdown', { shutdown: 'some reason' }],
  abnormal: ['abnormal', { error: 'some' }, 'kill'],
};
const endsOf = (name: string): readonly unknown[] => ENDS[name.split('_')[1] ?? ''] ?? [];

ported(['permanent_normal', 'permanent_shutdown', 'permanent_abnormal'], async (name) => {
  for (const reason of endsOf(name)) {
    const at = stage();
    const ref = await at.start(tree([at.kid('child')]));
    const kid = await running(ref, 'child');
    at.reports.length = 0;
    await at.end(kid, reason);
    expect(await running(ref, 'child')).not.toBe(kid);
    expect(kid.alive).toBe(false);
    expect(await counts(ref)).toBe('1/1/0/1');
    // worth a report whatever the reason
    expect(at.contexts()).toEqual(['child_terminated']);
  }
});

ported(['transient_normal', 'transient_shutdown'], async (name) => {
  for (const reason of endsOf(name)) {
    const at = stage();
    const ref = await at.start(tree([at.kid('child', { restart: 'transient' })]));
    await at.end(await running(ref, 'child'), reason);
    expect(await listed(ref)).toEqual({ child: undefined });
    expect(await counts(ref)).toBe('1/0/0/1');
    expect(at.contexts()).toEqual([]);
    const pid = await ref.restartChild('child');
    expect(await listed(ref)).toEqual({ child: pid });
  }
});

ported('transient_abnormal', async (name) => {
  for (const reason of endsOf(name)) {
    const at = stage();
    const ref = await at.start(tree([at.kid('child', { restart: 'transient' })]));
    const kid = await running(ref, 'child');
    await at.end(kid, reason);
    expect(await running(ref, 'child')).not.toBe(kid);
    expect(at.contexts()).toEqual(['child_terminated']);
  }
});

ported(['temporary_normal', 'temporary_shutdown', 'temporary_abnormal'], async (name) => {
  for (const reason of endsOf(name)) {
    const at = stage();
    const spec = at.kid('child', { restart: 'temporary' });
    const ref = await at.start(tree([spec]));
    await at.end(await running(ref, 'child'), reason);
    expect(await counts(ref)).toBe('0/0/0/0');
    expect(at.contexts()).toEqual(name === 'temporary_abnormal' ? ['child_terminated'] : []);
    const pid = await ref.startChild(spec);
    expect(await listed(ref)).toEqual({ child: pid });
  }
});

ported('temporary_bystander', async () => {
  for (const strategy of ['oneForAll', 'restForOne'] as const) {
    const at = stage();
    const children = [at.kid('child1'), at.kid('child2', { restart: 'temporary' })];
    const ref = await at.start(tree(children, { strategy, intensity: 10 }));
    const [first, second] = [await running(ref, 'child1'), await running(ref, 'child2')];
    await at.end(first, 'kill');
    expect([second.alive, second.reason]).toEqual([false, 'shutdown']);
    expect(Object.keys(await listed(ref))).toEqual(['child1']);
    expect(await running(ref, 'child1')).not.toBe(first);
    expect(ref.pid).toMatchObject({ alive: true });
  }
});

ported('multiple_restarts', async () => {
  const at = stage();
  const ref = await at.start(tree([at.kid('child')], { intensity: 1, period: 1_000 }));
  for (let i = 0; i < 4; i++) {
    await at.end(await running(ref, 'child'), 'kill');
    await at.clock.advance(2_100);
  }
  expect(await counts(ref)).toBe('1/1/0/1');
  // and the other side of it: two of them within the period are too many
  await at.end(await running(ref, 'child'), 'kill');
  await at.clock.advance(1_000);
  await at.end(await running(ref, 'child'), 'kill');
  expect((ref.pid as Process).reason).toBe('shutdown');
});

ported('one_for_one', async () => {
  const at = stage();
  const ref = await at.start(tree([at.kid('child1'), at.kid('child2')], { intensity: 2, period: 3_600_000 }));
  const sibling = await running(ref, 'child2');
  for (let i = 0; i < 2; i++) {
    const kid = await running(ref, 'child1');
    await at.end(kid, 'kill');
    const now = await listed(ref);
    expect([now['child1'] === kid, now['child2'] === sibling]).toEqual([false, true]);
    expect(await counts(ref)).toBe('2/2/0/2');
  }
  await at.end(await running(ref, 'child1'), 'kill');
  expect((ref.pid as Process).reason).toBe('shutdown');
  expect(at.exits()).toEqual(['shutdown']);
  expect(sibling.reason).toBe('shutdown');
  expect(at.contexts().at(-1)).toBe('shutdown');
});

ported(['one_for_one_escalation', 'one_for_all_escalation', 'rest_for_one_escalation'], async (name) => {
  const strategies = {
    one_for_one_escalation: 'oneForOne',
    one_for_all_escalation: 'oneForAll',
    rest_for_one_escalation: 'restForOne',
  } as const;
  const strategy = strategies[name as keyof typeof strategies];
  // what fails to start: the child itself, or in a group the sibling that comes along
  for (const failing of strategy === 'oneForOne' ? ['child1'] : ['child1', 'child2']) {
    const at = stage();
    const ref = await at.start(tree([at.kid('child1'), at.kid('child2')], { strategy, intensity: 4 }));
    const kids = [await running(ref, 'child1'), await running(ref, 'child2')] as const;
    at.failures.set(failing, Infinity);
    await at.end(kids[0], 'kill');
    expect((ref.pid as Process).reason).toBe('shutdown');
    expect(at.exits()).toEqual(['shutdown']);
    expect(kids[1].alive).toBe(false);
    expect(at.log.filter((line) => line === `fail ${failing}`)).toHaveLength(4);
    expect(at.runtime.alive).toBe(1);
  }
});

ported('one_for_all', async () => {
  const at = stage();
  const children = [at.kid('child1'), at.kid('child2')];
  const ref = await at.start(tree(children, { strategy: 'oneForAll', intensity: 2, period: 3_600_000 }));
  for (let i = 0; i < 2; i++) {
    const before = await listed(ref);
    await at.end(before['child1'] as Process, 'kill');
    const after = await listed(ref);
    for (const id of ['child1', 'child2']) {
      expect((before[id] as Process).alive).toBe(false);
      expect((after[id] as Process).alive).toBe(true);
    }
    expect(await counts(ref)).toBe('2/2/0/2');
  }
  await at.end(await running(ref, 'child2'), 'kill');
  expect((ref.pid as Process).reason).toBe('shutdown');
  expect(at.exits()).toEqual(['shutdown']);
});

ported('one_for_all_other_child_fails_restart', async () => {
  const at = stage();
  const children = [at.kid('child1'), at.kid('child2')];
  const ref = await at.start(tree(children, { strategy: 'oneForAll', intensity: 3 }));
  at.log.length = 0;
  at.failures.set('child2', 1);
  await at.end(await running(ref, 'child1'), 'kill');
  // the sibling that had started again is stopped, and all begins with the first
  expect(at.log).toEqual([
    'stop child2 shutdown',
    'start child1',
    'fail child2',
    'stop child1 shutdown',
    'start child1',
    'start child2',
  ]);
  expect(await counts(ref)).toBe('2/2/0/2');
});

ported('rest_for_one', async () => {
  const at = stage();
  const children = ['child1', 'child2', 'child3'].map((id) => at.kid(id));
  const ref = await at.start(tree(children, { strategy: 'restForOne', intensity: 2, period: 3_600_000 }));
  for (let i = 0; i < 2; i++) {
    const before = await listed(ref);
    await at.end(before['child2'] as Process, 'kill');
    const after = await listed(ref);
    expect(['child1', 'child2', 'child3'].map((id) => before[id] === after[id])).toEqual([
      true,
      false,
      false,
    ]);
    expect((before['child3'] as Process).reason).toBe('shutdown');
    expect(await counts(ref)).toBe('3/3/0/3');
  }
  await at.end(await running(ref, 'child2'), 'kill');
  expect((ref.pid as Process).reason).toBe('shutdown');
});

ported('rest_for_one_other_child_fails_restart', async () => {
  const at = stage();
  const children = [at.kid('child1'), at.kid('child2')];
  const ref = await at.start(tree(children, { strategy: 'restForOne', intensity: 3 }));
  at.log.length = 0;
  at.failures.set('child2', 1);
  await at.end(await running(ref, 'child1'), 'kill');
  // only the one that failed is tried again
  expect(at.log).toEqual(['stop child2 shutdown', 'start child1', 'fail child2', 'start child2']);
  expect(await counts(ref)).toBe('2/2/0/2');
});

ported('tree', async () => {
  const at = stage();
  const leaves = (...ids: string[]) => tree(ids.map((id) => at.kid(id)));
  const top = await at.start(
    tree(
      [
        supervisor('sup1', leaves('c1', 'c2')),
        supervisor('sup2', leaves('c3', 'c4'), { restart: 'transient' }),
      ],
      { strategy: 'oneForAll', intensity: 10 },
    ),
  );
  const below = (id: string) => branch(top, id);
  expect(await counts(top)).toBe('2/2/2/0');

  // a crash below stays below
  const before = await listed(top);
  const c1 = await running(await below('sup1'), 'c1');
  const c2 = await running(await below('sup1'), 'c2');
  await at.end(c1, 'kill');
  expect(await running(await below('sup1'), 'c1')).not.toBe(c1);
  expect(await running(await below('sup1'), 'c2')).toBe(c2);
  expect((await listed(top))['sup1']).toBe(before['sup1']);

  // one more is too many for sup1: both branches are new, as the strategy of their supervisor says
  const c3 = await running(await below('sup2'), 'c3');
  await at.end(await running(await below('sup1'), 'c2'), 'kill');
  const after = await listed(top);
  expect([after['sup1'] === before['sup1'], after['sup2'] === before['sup2']]).toEqual([false, false]);
  expect([c3.alive, c3.reason]).toEqual([false, 'shutdown']);
  expect(await counts(await below('sup1'))).toBe('2/2/0/2');
  expect(await counts(await below('sup2'))).toBe('2/2/0/2');

  // stopped by request, a branch comes back with the group; children of its own making do not
  await (await below('sup1')).startChild(at.kid('dynamic'));
  await top.terminateChild('sup2');
  expect((await listed(top))['sup2']).toBeUndefined();
  await at.end(await running(top, 'sup1'), 'kill');
  expect(await counts(top)).toBe('2/2/2/0');
  expect(await counts(await below('sup2'))).toBe('2/2/0/2');
  expect(Object.keys(await listed(await below('sup1')))).toEqual(['c2', 'c1']);
});
