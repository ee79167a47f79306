/** supervisor_SUITE: children of one template (`simple_one_for_one`), here a dynamic supervisor with a template. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import type { DynamicSupervisorRef } from '../../../src/otp/dynamic-supervisor.ts';
import { conformanceSuite } from '../suite.ts';
import { counts, stage } from './kit.ts';

const { ported } = conformanceSuite('supervisor_SUITE', 88);

const pids = async (ref: DynamicSupervisorRef): Promise<readonly Process[]> =>
  (await ref.whichChildren()).map(({ pid }) => pid as Process);

ported(['simple_one_for_one', 'simple_one_for_one_extra'], async (name) => {
  const at = stage();
  const { start, ...rest } = at.kid('child');
  const extra = name.endsWith('_extra');
  const ref = await at.dynamic({
    intensity: 2,
    period: 3_600_000,
    template: {
      ...rest,
      start: async (parent) => ({ ...(await start(parent)), ...(extra ? { extra: 'more' } : {}) }),
    },
  });
  const [first, second] = [await ref.startChildWithExtra([]), await ref.startChildWithExtra([])];
  expect(first).toEqual({ pid: first.pid, ...(extra ? { extra: 'more' } : {}) });
  let crashing = first.pid as Process;
  for (let i = 0; i < 2; i++) {
    await at.end(crashing, 'kill');
    const now = await pids(ref);
    expect([now.length, now.includes(crashing), now.includes(second.pid as Process)]).toEqual([
      2,
      false,
      true,
    ]);
    expect(await counts(ref)).toBe('1/2/0/2');
    crashing = now.find((pid) => pid !== second.pid) as Process;
  }
  await at.end(crashing, 'kill');
  expect((ref.pid as Process).reason).toBe('shutdown');
  expect(at.exits()).toEqual(['shutdown']);
  expect(at.runtime.alive).toBe(1);
});

ported('simple_one_for_one_escalation', async () => {
  const at = stage();
  const ref = await at.dynamic({
    intensity: 4,
    template: {
      id: 'child',
      start: (parent, id: string) => at.kid(id).start(parent),
    },
  });
  const crashing = await ref.startChild(['crashing']);
  const sibling = (await ref.startChild(['sibling'])) as Process;
  at.failures.set('crashing', Infinity);
  await at.end(crashing, 'kill');
  expect((ref.pid as Process).reason).toBe('shutdown');
  expect(sibling.reason).toBe('shutdown');
  expect(at.log.filter((line) => line === 'fail crashing')).toHaveLength(4);
});

/** Whether something is garbage now; asks a few times, since a collection need not take all at once. */
async function collected(weak: WeakRef<object>, settle: () => Promise<void>): Promise<boolean> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 20 && weak.deref() !== undefined; i++) {
    await settle();
    gc();
  }
  return weak.deref() === undefined;
}

ported('simple_one_for_one_corruption', async () => {
  for (const restart of ['temporary', 'permanent'] as const) {
    const at = stage();
    const ref = await at.dynamic({ intensity: 10, template: at.kid('child', { restart }) });
    const start = async (): Promise<[Process, WeakRef<object>]> => {
      const args = { large: Array(1_000).fill(0) };
      return [(await ref.startChild([args])) as Process, new WeakRef(args)];
    };
    const settle = (): Promise<void> => at.clock.settle();
    const [early] = await start();
    const [kid, weak] = await start();
    await at.end(early, 'kill');
    // a permanent child needs them for its restart
    expect(await collected(weak, settle)).toBe(restart === 'temporary');
    expect(kid.alive).toBe(true);
  }
});

ported('hanging_restart_loop_simple', async () => {
  const at = stage();
  const ref = await at.dynamic({ intensity: 1_000_000, template: at.kid('child') });
  const loop = async (): Promise<Process> => {
    at.failures.set('child', 0);
    const pid = (await ref.startChild([])) as Process;
    at.failures.set('child', Infinity);
    at.runtime.exit(pid, 'kill');
    return pid;
  };
  const old = await loop();
  expect((await ref.whichChildren()).map(({ pid }) => pid)).toEqual(['restarting']);
  expect(await counts(ref)).toBe('1/0/0/1');
  // it is still known by the pid it had
  await ref.terminateChild(old);
  expect(await ref.whichChildren()).toEqual([]);
  expect(await counts(ref)).toBe('1/0/0/0');
  const tries = at.log.length;
  await at.clock.settle();
  expect(at.log.length).toBe(tries);
  await loop();
  expect(await counts(ref)).toBe('1/0/0/1');
  expect(await at.shutDown(ref)).toBe(true);
});
