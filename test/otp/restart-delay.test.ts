import { describe, expect, test } from 'vitest';
import { exit } from '../../src/actor/exit-reason.ts';
import type { Process } from '../../src/actor/process.ts';
import { startDynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import { attemptAfter, checkDelay, type DueRestart } from '../../src/otp/restart-delay.ts';
import { startSupervisor } from '../../src/otp/supervisor.ts';
import { world } from '../actor/world.ts';
import { child, pidOf, pids, plan, type Plan } from './tree.ts';

describe('attempts', () => {
  test('are counted in a row; a child that lived for the period begins anew', () => {
    expect(attemptAfter(0, 0, 5_000)).toBe(1);
    expect(attemptAfter(1, 4_999, 5_000)).toBe(2);
    expect(attemptAfter(7, 5_000, 5_000)).toBe(1);
  });

  test('a delay is milliseconds or undefined', () => {
    for (const fine of [undefined, 0, 1.5]) expect(checkDelay(fine, 'a')).toBe(fine);
    for (const wrong of [-1, NaN, Infinity, '5'])
      expect(() => checkDelay(wrong as number, 'a')).toThrow(/child a: restartDelay must give milliseconds/);
  });
});

/** A child whose restarts wait 100, 200, 300 … ms, and what it was asked. */
function delayed(
  made: Plan,
  id: string,
  asked: DueRestart[] = [],
  delay: (restart: DueRestart) => number | undefined = ({ attempt }) => attempt * 100,
) {
  return {
    ...child(made, id),
    restartDelay: (restart: DueRestart) => {
      asked.push(restart);
      return delay(restart);
    },
  };
}

const crash = (process: Process): void => process.runtime.exit(process, 'kill');

describe('a restart delay', () => {
  test('is off by default: a restart is at once', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const sup = await startSupervisor(runtime, { children: [child(made, 'a')] });
    crash(await pidOf(sup, 'a'));
    await clock.settle();
    expect(made.log).toEqual(['start a', 'start a']);
  });

  test('passes before the child starts again; meanwhile it is restarting and the supervisor answers', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const asked: DueRestart[] = [];
    const sup = await startSupervisor(runtime, {
      intensity: 5,
      children: [delayed(made, 'a', asked), child(made, 'b')],
    });
    for (const wait of [100, 200, 300]) {
      crash(await pidOf(sup, 'a'));
      await clock.advance(wait - 1);
      expect((await pids(sup))['a']).toBe('restarting');
      expect(await sup.countChildren()).toMatchObject({ specs: 2, active: 1 });
      await clock.advance(1);
      expect((await pidOf(sup, 'a')).alive).toBe(true);
    }
    expect(asked.map(({ attempt, reason }) => [attempt, reason])).toEqual([
      [1, 'killed'],
      [2, 'killed'],
      [3, 'killed'],
    ]);
    expect(new Set(asked.map((restart) => restart.child)).size).toBe(1);
  });

  test('begins anew when the child has lived for the supervisor’s period', async () => {
    const { runtime, clock } = world();
    const asked: DueRestart[] = [];
    const sup = await startSupervisor(runtime, {
      intensity: 50,
      period: 1_000,
      children: [delayed(plan(), 'a', asked)],
    });
    for (const lives of [10, 10, 10, 10, 10, 999, 1_000, 10]) {
      await clock.advance(lives);
      crash(await pidOf(sup, 'a'));
      await clock.settle();
      await clock.advance((asked.at(-1) as DueRestart).attempt * 100);
    }
    expect(asked.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 1, 2]);
  });

  test('counts a start that failed as an attempt, and waits before the next', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const asked: DueRestart[] = [];
    const sup = await startSupervisor(runtime, { intensity: 5, children: [delayed(made, 'a', asked)] });
    made.failures.set('a', 2);
    crash(await pidOf(sup, 'a'));
    const starts: number[] = [];
    for (let ms = 0; ms < 700; ms += 50) {
      const before = made.log.length;
      await clock.advance(50);
      if (made.log.length > before) starts.push(clock.now());
    }
    expect(made.log).toEqual(['start a', 'fail a', 'fail a', 'start a']);
    expect(starts).toEqual([100, 300, 600]);
    expect(asked.map(({ reason }) => reason)).toEqual(['killed', 'no start', 'no start']);
  });

  test('of 0 ms after a failed start lets requests have their turn first', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const sup = await startSupervisor(runtime, {
      intensity: 5,
      children: [delayed(made, 'a', [], () => 0)],
    });
    const first = await pidOf(sup, 'a');
    made.failures.set('a', 1);
    crash(first);
    expect((await pids(sup))['a']).toBe('restarting');
    await clock.settle();
    expect((await pidOf(sup, 'a')).alive).toBe(true);
  });

  test('counts for the intensity when the child starts, not when it ended', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const sup = await startSupervisor(runtime, {
      intensity: 1,
      period: 1_000,
      children: [delayed(made, 'a', [], () => 2_000)],
    });
    for (let round = 0; round < 3; round++) {
      crash(await pidOf(sup, 'a'));
      await clock.advance(2_000);
    }
    expect((await pidOf(sup, 'a')).alive).toBe(true);
  });

  test('that is over ends the supervisor as an exceeded intensity does', async () => {
    const { runtime, clock, reports } = world();
    const made = plan();
    const sup = await startSupervisor(runtime, {
      intensity: 5,
      children: [child(made, 'b'), delayed(made, 'a', [], ({ attempt }) => (attempt > 1 ? undefined : 0))],
    });
    const supervisor = sup.pid as Process;
    crash(await pidOf(sup, 'a'));
    await clock.settle();
    crash(await pidOf(sup, 'a'));
    await clock.settle();
    expect([supervisor.alive, supervisor.reason]).toEqual([false, 'shutdown']);
    expect(made.log.at(-1)).toBe('stop b shutdown');
    expect(reports).toContainEqual(
      expect.objectContaining({ tag: 'supervisor', context: 'shutdown', reason: 'restart_delay_over' }),
    );
  });

  test('ends when the child is stopped, or started by hand with its group', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const sup = await startSupervisor(runtime, {
      strategy: 'oneForAll',
      intensity: 5,
      children: [delayed(made, 'a'), child(made, 'b')],
    });
    crash(await pidOf(sup, 'a'));
    await clock.settle();
    // b takes its group along, a among it
    crash(await pidOf(sup, 'b'));
    await clock.settle();
    expect((await pidOf(sup, 'a')).alive).toBe(true);
    const { length } = made.log;
    await clock.advance(1_000);
    expect(made.log.length).toBe(length);
    crash(await pidOf(sup, 'a'));
    await clock.settle();
    await sup.terminateChild('a');
    await clock.advance(1_000);
    expect((await pids(sup))['a']).toBeUndefined();
    expect(runtime.timers.size).toBe(0);
  });

  test('does not hold up the end of the supervisor', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const sup = await startSupervisor(runtime, { children: [delayed(made, 'a')] });
    crash(await pidOf(sup, 'a'));
    await clock.settle();
    expect(await sup.stop()).toBe('shutdown');
    expect([clock.now(), runtime.timers.size, runtime.alive]).toEqual([0, 0, 0]);
  });

  test('of a group’s child delays the group, whose others live on until then', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const sup = await startSupervisor(runtime, {
      strategy: 'restForOne',
      children: [delayed(made, 'a'), child(made, 'b')],
    });
    crash(await pidOf(sup, 'a'));
    await clock.advance(99);
    expect(made.log).toEqual(['start a', 'start b']);
    await clock.advance(1);
    expect(made.log).toEqual(['start a', 'start b', 'stop b shutdown', 'start a', 'start b']);
  });

  test('that throws is a crash of the supervisor; one that is no function is refused', async () => {
    const { runtime, clock } = world();
    const sup = await startSupervisor(runtime, {
      children: [delayed(plan(), 'a', [], () => exit('bad delay'))],
    });
    const supervisor = sup.pid as Process;
    crash(await pidOf(sup, 'a'));
    await clock.settle();
    expect(supervisor.reason).toBe('bad delay');
    const wrong = { ...child(plan(), 'a'), restartDelay: 5 as never };
    await expect(startSupervisor(runtime, { children: [wrong] })).rejects.toThrow('restartDelay');
  });
});

describe('a restart delay under a dynamic supervisor', () => {
  test('passes before the child starts again, by the pid it had it can be stopped meanwhile', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const sup = await startDynamicSupervisor(runtime, { intensity: 5 });
    const start = async (): Promise<Process> => (await sup.startChild(delayed(made, 'a'))) as Process;
    crash(await start());
    await clock.advance(99);
    expect(made.log).toEqual(['start a']);
    expect((await sup.countChildren()).workers).toBe(1);
    expect(await sup.whichChildren()).toMatchObject([{ pid: 'restarting' }]);
    await clock.advance(1);
    expect(made.log).toEqual(['start a', 'start a']);
    const stopped = await start();
    crash(stopped);
    await clock.settle();
    expect((await sup.countChildren()).workers).toBe(2);
    await sup.terminateChild(stopped);
    await clock.advance(1_000);
    expect([(await sup.countChildren()).workers, made.log.length, runtime.timers.size]).toEqual([1, 3, 0]);
  });

  test('waits for a start that failed, too', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const sup = await startDynamicSupervisor(runtime, { intensity: 5 });
    const first = (await sup.startChild(delayed(made, 'a'))) as Process;
    made.failures.set('a', 1);
    // longer than the period: the failed start is nevertheless the second attempt
    await clock.advance(6_000);
    crash(first);
    await clock.advance(100);
    expect(made.log).toEqual(['start a', 'fail a']);
    await clock.advance(199);
    expect(made.log.length).toBe(2);
    await clock.advance(1);
    expect(made.log).toEqual(['start a', 'fail a', 'start a']);
  });
});
