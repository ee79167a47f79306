/** supervisor_SUITE: options and specifications that change while the supervisor runs (`SupervisorRef.update`). */
import { expect } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import type { ChildSpec } from '../../../src/otp/child-spec.ts';
import { ignore, type Ignore } from '../../../src/otp/result.ts';
import type { AutoShutdown } from '../../../src/otp/strategy.ts';
import { SpecError, type SupervisorRef, type SupervisorSpec } from '../../../src/otp/supervisor.ts';
import { reasonOf } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { counts, listed, running, stage, tree, type Stage } from './kit.ts';

const { ported } = conformanceSuite('supervisor_SUITE', 88);

const significant = { restart: 'transient', significant: true } as const;
const NEVER = [{ autoShutdown: 'never' }, { significant: true }];

/** Three running children in a supervisor of the first mode, then brought to the second. */
async function changed(
  from: AutoShutdown,
  to: AutoShutdown,
): Promise<Stage & { readonly ref: SupervisorRef; readonly sup: Process }> {
  const at = stage();
  const specs = (mode: AutoShutdown): ChildSpec[] =>
    ['one', 'two', 'three'].map((id) =>
      at.kid(id, mode === 'never' ? { restart: 'transient' } : { ...significant }),
    );
  const ref = await at.start(tree(specs(from), { autoShutdown: from }));
  const sup = ref.pid as Process;
  if (from !== 'never' && to !== 'never') {
    // what has ended under the old mode is not looked at again
    const gone = from === 'allSignificant' ? await running(ref, 'three') : undefined;
    if (gone !== undefined) await at.end(gone, 'normal');
  }
  const before = await listed(ref);
  await ref.update(tree(to === 'never' ? [] : specs(to), { autoShutdown: to }));
  await at.clock.settle();
  expect(sup.alive).toBe(true);
  expect(await listed(ref)).toEqual(before);
  return { ...at, ref, sup };
}

ported(['significant_upgrade_never_any', 'significant_upgrade_all_any'], async (name) => {
  const from = name.includes('never') ? 'never' : 'allSignificant';
  const at = await changed(from, 'anySignificant');
  await at.end(await running(at.ref, 'one'), 'normal');
  expect([at.sup.reason, at.exits()]).toEqual(['shutdown', ['shutdown']]);
});

ported(['significant_upgrade_any_never', 'significant_upgrade_all_never'], async (name) => {
  const from = name.includes('any') ? 'anySignificant' : 'allSignificant';
  const at = await changed(from, 'never');
  for (const id of ['one', 'two', 'three']) await at.end(await running(at.ref, id), 'normal');
  expect(at.sup.alive).toBe(true);
  // no new significant child; those there are may go on
  expect(await reasonOf(at.ref.startChild(at.kid('four', significant)))).toMatchObject({
    reason: { bad_combination: NEVER },
  });
  expect(await at.ref.getChildSpec('one')).toMatchObject({ significant: true });
  const pid = await at.ref.restartChild('one');
  await at.end(pid, 'normal');
  expect(at.sup.alive).toBe(true);
});

ported(['significant_upgrade_never_all', 'significant_upgrade_any_all'], async (name) => {
  const from = name.includes('never') ? 'never' : 'anySignificant';
  const at = await changed(from, 'allSignificant');
  await at.end(await running(at.ref, 'one'), 'normal');
  await at.end(await running(at.ref, 'two'), 'shutdown');
  expect(at.sup.alive).toBe(true);
  await at.end(await running(at.ref, 'three'), 'normal');
  expect([at.sup.reason, at.exits()]).toEqual(['shutdown', ['shutdown']]);
});

ported('significant_upgrade_child', async () => {
  const at = stage();
  const plain = at.kid('child', { restart: 'transient' });
  const marked = at.kid('child', significant);
  const under = await at.start(tree([plain]));
  const kid = await running(under, 'child');
  const refused = await reasonOf(under.update(tree([marked])));
  expect(refused).toMatchObject({ part: 'start_spec', reason: { bad_combination: NEVER } });
  expect(await running(under, 'child')).toBe(kid);
  expect(await under.getChildSpec('child')).toMatchObject({ significant: false });
  await at.end(kid, 'normal');
  expect((under.pid as Process).alive).toBe(true);

  const ref = await at.start(tree([plain], { autoShutdown: 'anySignificant' }));
  await ref.update(tree([marked], { autoShutdown: 'anySignificant' }));
  await at.end(await running(ref, 'child'), 'normal');
  expect((ref.pid as Process).reason).toBe('shutdown');
});

/** A supervisor whose function is asked anew, and one that is given a new object. */
ported(['code_change', 'code_change_map'], async (name) => {
  const at = stage();
  let spec: SupervisorSpec | Ignore | number = tree([at.kid('one'), at.kid('two')]);
  const init = (): SupervisorSpec => spec as SupervisorSpec;
  const asks = name === 'code_change';
  const ref = await at.start(asks ? init : init());
  const change = (to: SupervisorSpec | Ignore | number): Promise<void> => {
    spec = to;
    return ref.update(asks || to === ignore || typeof to === 'number' ? () => to as SupervisorSpec : init());
  };
  const before = await listed(ref);

  // new options and new specifications: nothing starts or stops, the new ones come first in their order
  await change(
    tree([at.kid('new'), at.kid('one', { restart: 'transient', shutdown: 10 })], {
      strategy: 'restForOne',
      intensity: 3,
      period: 1_000,
    }),
  );
  expect(await listed(ref)).toEqual({ ...before, new: undefined });
  expect((await ref.whichChildren()).map(({ id }) => id)).toEqual(['two', 'one', 'new']);
  expect(await counts(ref)).toBe('3/2/0/3');
  expect(await ref.getChildSpec('one')).toMatchObject({ restart: 'transient', shutdown: 10 });
  expect(at.log).toEqual(['start one', 'start two']);

  await change(ignore);
  expect((await ref.whichChildren()).map(({ id }) => id)).toEqual(['two', 'one', 'new']);

  const list = await listed(ref);
  for (const bad of [
    { ...tree([]), strategy: 'all' as never },
    { ...tree([]), intensity: -1 },
    tree([{ id: 'one' } as never]),
    tree([at.kid('x'), at.kid('x')]),
  ]) {
    expect(await reasonOf(change(bad))).toBeInstanceOf(SpecError);
    expect(await listed(ref)).toEqual(list);
  }
  expect(await reasonOf(change(5))).toEqual({ bad_return: 5 });
  expect(await reasonOf(ref.update(() => Promise.reject(new Error('crashed'))))).toEqual(
    new Error('crashed'),
  );
  expect(await ref.getChildSpec('one')).toMatchObject({ restart: 'transient' });

  // the options hold: restForOne from `one` on, with the intensity of 3
  at.log.length = 0;
  await at.end(await running(ref, 'one'), 'kill');
  expect(at.log).toEqual(['stop two shutdown', 'start one', 'start two']);
  for (let i = 0; i < 2; i++) await at.end(await running(ref, 'one'), 'kill');
  expect((ref.pid as Process).alive).toBe(true);
  await at.end(await running(ref, 'one'), 'kill');
  expect((ref.pid as Process).reason).toBe('shutdown');
});

ported(['code_change_simple', 'code_change_simple_map'], async (name) => {
  const at = stage();
  let template: ChildSpec | undefined = at.kid('child');
  let intensity = 1;
  const init = () => ({ ...(template === undefined ? {} : { template }), intensity });
  const asks = name === 'code_change_simple';
  const ref = await at.dynamic(asks ? init : init());
  const change = (): Promise<void> => ref.update(asks ? undefined : init());
  const kid = (await ref.startChild([])) as Process;

  template = at.kid('child', { restart: 'transient', shutdown: 10 });
  intensity = 4;
  await change();
  expect((await ref.whichChildren()).map(({ pid }) => pid === kid)).toEqual([true]);
  expect(await ref.getChildSpec(kid)).toMatchObject({ restart: 'transient', shutdown: 10 });

  await ref.update(() => ignore);
  expect(await ref.getChildSpec(kid)).toMatchObject({ restart: 'transient' });

  // none or two of them make no supervisor of one template
  template = undefined;
  expect(await reasonOf(change())).toEqual({ bad_start_spec: [] });
  template = [at.kid('a'), at.kid('b')] as never;
  expect(await reasonOf(change())).toMatchObject({ part: 'start_spec', reason: 'invalid_child_spec' });
  template = at.kid('child');
  intensity = -1;
  expect(await reasonOf(change())).toMatchObject({ reason: { invalid_intensity: -1 } });
  expect(await ref.getChildSpec(kid)).toMatchObject({ restart: 'transient', shutdown: 10 });

  // the children there are follow the new one
  await at.end(kid, 'normal');
  expect(await counts(ref)).toBe('1/0/0/0');
  let next = (await ref.startChild([])) as Process;
  for (let i = 0; i < 4; i++) {
    await at.end(next, 'kill');
    next = (await ref.whichChildren())[0]?.pid as Process;
    expect(next.alive).toBe(true);
  }
});
