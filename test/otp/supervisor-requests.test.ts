import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { startSupervisor, supervisor } from '../../src/otp/supervisor.ts';
import { reasonOf, world } from '../actor/world.ts';
import { child, pidOf, pids, plan } from './tree.ts';

const begin = async () => {
  const all = world();
  const made = plan();
  const ref = await startSupervisor(all.runtime, {
    intensity: 100,
    children: [child(made, 'a'), child(made, 'b')],
  });
  return { ...all, ...made, made, ref };
};

describe('startChild', () => {
  test('starts one more, last in order', async () => {
    const { ref, made } = await begin();
    const pid = await ref.startChild(child(made, 'c'));
    expect(await pids(ref)).toMatchObject({ c: pid });
    expect((await ref.whichChildren()).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
  });

  test('an id that runs is already_started with its pid, one that is stopped already_present', async () => {
    const { ref, made } = await begin();
    expect(await reasonOf(ref.startChild(child(made, 'a')))).toEqual({
      already_started: await pidOf(ref, 'a'),
    });
    await ref.terminateChild('a');
    expect(await reasonOf(ref.startChild(child(made, 'a')))).toBe('already_present');
  });

  test('a failed start stores nothing and gives the reason', async () => {
    const { ref, made, failures } = await begin();
    failures.set('c', 1);
    expect(await reasonOf(ref.startChild(child(made, 'c')))).toBe('no start');
    expect(Object.keys(await pids(ref))).toEqual(['a', 'b']);
  });

  test('a specification that makes no sense is refused and the supervisor lives', async () => {
    const { ref } = await begin();
    expect(await reasonOf(ref.startChild({ id: 'x', start: 1 as never }))).toBeInstanceOf(TypeError);
    expect((await ref.countChildren()).specs).toBe(2);
  });

  test('ignore gives undefined and keeps the specification, unless temporary', async () => {
    const { ref } = await begin();
    const start = () => ({ tag: 'ignore' as const });
    expect(await ref.startChild({ id: 'x', start })).toBeUndefined();
    expect(await ref.startChild({ id: 'y', start, restart: 'temporary' })).toBeUndefined();
    expect(Object.keys(await pids(ref))).toEqual(['a', 'b', 'x']);
  });
});

describe('terminateChild', () => {
  test('stops a child, which is not restarted and keeps its specification; a stopped one is fine', async () => {
    const { ref, log, clock } = await begin();
    await ref.terminateChild('a');
    await ref.terminateChild('a');
    await clock.settle();
    expect(log.slice(2)).toEqual(['stop a shutdown']);
    expect(await pids(ref)).toMatchObject({ a: undefined });
  });

  test('forgets a temporary child', async () => {
    const { ref, made } = await begin();
    await ref.startChild(child(made, 't', { restart: 'temporary' }));
    await ref.terminateChild('t');
    expect(Object.keys(await pids(ref))).toEqual(['a', 'b']);
  });

  test('an unknown id is not_found', async () => {
    const { ref } = await begin();
    expect(await reasonOf(ref.terminateChild('x'))).toBe('not_found');
  });

  test('ends the tries of a restart that fails', async () => {
    const { ref, runtime, failures, clock, log } = await begin();
    failures.set('a', Infinity);
    runtime.exit(await pidOf(ref, 'a'), 'kill');
    await ref.terminateChild('a');
    const tries = log.length;
    await clock.settle();
    expect(log.length).toBe(tries);
    expect(await pids(ref)).toMatchObject({ a: undefined });
  });
});

describe('restartChild and deleteChild', () => {
  test('restart a stopped child; running and unknown ones are refused', async () => {
    const { ref } = await begin();
    expect(await reasonOf(ref.restartChild('a'))).toBe('running');
    expect(await reasonOf(ref.restartChild('x'))).toBe('not_found');
    await ref.terminateChild('a');
    const pid = await ref.restartChild('a');
    expect((pid as Process).alive).toBe(true);
    expect((await ref.whichChildren()).map(({ id }) => id)).toEqual(['b', 'a']);
  });

  test('a restart that fails gives the bare reason and leaves the entry without a pid', async () => {
    const { ref, failures } = await begin();
    await ref.terminateChild('a');
    failures.set('a', 1);
    expect(await reasonOf(ref.restartChild('a'))).toBe('no start');
    expect(await pids(ref)).toMatchObject({ a: undefined });
  });

  test('delete forgets a stopped child; running and unknown ones are refused', async () => {
    const { ref } = await begin();
    expect(await reasonOf(ref.deleteChild('a'))).toBe('running');
    expect(await reasonOf(ref.deleteChild('x'))).toBe('not_found');
    await ref.terminateChild('a');
    await ref.deleteChild('a');
    expect(Object.keys(await pids(ref))).toEqual(['b']);
  });

  test('a child whose restart fails is restarting: both are refused, and it is listed so', async () => {
    const { ref, runtime, failures, made } = await begin();
    failures.set('a', 30);
    runtime.exit(await pidOf(ref, 'a'), 'kill');
    const [list, restart, remove, start, count] = await Promise.all([
      ref.whichChildren(),
      reasonOf(ref.restartChild('a')),
      reasonOf(ref.deleteChild('a')),
      reasonOf(ref.startChild(child(made, 'a'))),
      ref.countChildren(),
    ]);
    expect(list.find(({ id }) => id === 'a')?.pid).toBe('restarting');
    expect([restart, remove, start]).toEqual(['restarting', 'restarting', 'already_present']);
    expect(count).toEqual({ specs: 2, active: 1, supervisors: 0, workers: 2 });
  });
});

describe('the lists', () => {
  test('children in reverse start order, with type and restart; the count by type', async () => {
    const { ref, made } = await begin();
    await ref.startChild(supervisor('s', { children: [] }, { restart: 'transient' }));
    await ref.startChild(child(made, 't', { restart: 'temporary' }));
    expect((await ref.whichChildren()).map(({ id, type, restart }) => [id, type, restart])).toEqual([
      ['t', 'worker', 'temporary'],
      ['s', 'supervisor', 'transient'],
      ['b', 'worker', 'permanent'],
      ['a', 'worker', 'permanent'],
    ]);
    expect(await ref.countChildren()).toEqual({ specs: 4, active: 4, supervisors: 1, workers: 3 });
  });

  test('a dead supervisor is noproc', async () => {
    const { ref, clock } = await begin();
    const stopped = ref.stop();
    await clock.settle();
    await stopped;
    expect(await reasonOf(ref.whichChildren())).toBe('noproc');
  });

  test('10,000 children started and stopped one by one cost at most 50 times what 1,000 do', async () => {
    const measure = async (count: number): Promise<number> => {
      const { ref } = await begin();
      const begun = performance.now();
      for (let i = 0; i < count; i++)
        await ref.startChild({
          id: String(i),
          start: (parent) => ({ tag: 'ok', pid: idle(parent as Process) }),
        });
      for (let i = 0; i < count; i++) await ref.terminateChild(String(i));
      return performance.now() - begun;
    };
    await measure(1_000);
    // the quietest of three on a busy machine
    const ratios: number[] = [];
    for (let n = 0; n < 3 && !ratios.some((ratio) => ratio < 50); n++)
      ratios.push((await measure(10_000)) / (await measure(1_000)));
    expect(Math.min(...ratios)).toBeLessThan(50);
  });
});

function idle(parent: Process): Process {
  const process = parent.runtime.spawn({ type: 'Idle', receive: () => undefined }, { parent });
  parent.runtime.activate(process);
  return process;
}
