/** supervisor_SUITE: a restart that fails again and again does not make the supervisor deaf. */
import { expect } from 'vitest';
import { reasonOf } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { counts, listed, running, stage, tree } from './kit.ts';

const { ported } = conformanceSuite('supervisor_SUITE', 88);

ported('hanging_restart_loop', async () => {
  const at = stage();
  const spec = at.kid('child');
  const ref = await at.start(tree([spec], { intensity: 1_000_000 }));
  const loop = async (): Promise<void> => {
    at.failures.set('child', Infinity);
    at.runtime.exit(await running(ref, 'child'), 'kill');
  };

  await loop();
  expect(await reasonOf(ref.startChild(spec))).toBe('already_present');
  expect(await reasonOf(ref.restartChild('child'))).toBe('restarting');
  expect(await reasonOf(ref.deleteChild('child'))).toBe('restarting');
  expect(await listed(ref)).toEqual({ child: 'restarting' });
  expect(await counts(ref)).toBe('1/0/0/1');
  await ref.terminateChild('child');
  expect(await listed(ref)).toEqual({ child: undefined });
  const tries = at.log.length;
  await at.clock.settle();
  expect(at.log.length).toBe(tries);
  at.failures.set('child', 0);
  await ref.restartChild('child');
  await loop();
  expect(await listed(ref)).toEqual({ child: 'restarting' });
  // in the middle of it, it takes its parent's word
  expect(await at.shutDown(ref)).toBe(true);
});

ported('hanging_restart_loop_rest_for_one', async () => {
  const at = stage();
  const children = ['child1', 'child2', 'child3'].map((id) => at.kid(id));
  const ref = await at.start(tree(children, { strategy: 'restForOne', intensity: 1_000_000 }));

  const first = await running(ref, 'child1');
  at.failures.set('child2', Infinity);
  at.runtime.exit(await running(ref, 'child2'), 'kill');
  expect(await reasonOf(ref.startChild(at.kid('child2')))).toBe('already_present');
  expect(await reasonOf(ref.restartChild('child2'))).toBe('restarting');
  expect(await reasonOf(ref.deleteChild('child2'))).toBe('restarting');
  const list = await listed(ref);
  expect([list['child1'] === first, list['child2'], list['child3']]).toEqual([true, 'restarting', undefined]);
  expect(first.alive).toBe(true);
  expect(await counts(ref)).toBe('3/1/0/3');
  await ref.terminateChild('child2');
  expect((await listed(ref))['child2']).toBeUndefined();
  expect(await at.shutDown(ref)).toBe(true);
});
