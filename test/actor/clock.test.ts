import { describe, expect, test } from 'vitest';
import { MAX_DELAY, seconds, systemClock, type Clock, type TimerId } from '../../src/actor/clock.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import type { Process } from '../../src/actor/process.ts';
import { createRuntime, reply, startServer, type GenServer } from '../../src/otp.ts';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    systemClock.later(resolve);
  });

describe('systemClock', () => {
  test('now does not go back, wall is the time of day', () => {
    const first = systemClock.now();
    expect(systemClock.now()).toBeGreaterThanOrEqual(first);
    expect(Math.abs(systemClock.wall() - Date.now())).toBeLessThan(1_000);
  });

  test('soon runs before any timer or socket, later after', async () => {
    const log: string[] = [];
    systemClock.later(() => log.push('later'));
    systemClock.soon(() => log.push('soon'));
    log.push('now');
    await turn();
    await turn();
    expect(log).toEqual(['now', 'soon', 'later']);
  });

  test('a delay beyond 2^31 - 1 ms does not fire at once, a negative one does', async () => {
    let long = 0;
    const id = systemClock.setTimer(MAX_DELAY * 2, () => long++);
    await new Promise<void>((resolve) => {
      systemClock.setTimer(-5, resolve);
    });
    await new Promise<void>((resolve) => {
      systemClock.setTimer(3, resolve);
    });
    systemClock.clear(id);
    expect(long).toBe(0);
  });

  test('a cleared timer does not run', async () => {
    const id = systemClock.setTimer(0, () => expect.fail());
    systemClock.clear(id);
    await new Promise<void>((resolve) => {
      systemClock.setTimer(2, resolve);
    });
  });

  test('seconds are milliseconds times 1,000', () => {
    expect(seconds(1.5)).toBe(1_500);
  });
});

describe('a runtime with nothing left to wait for', () => {
  test('holds no timer and no turn of the event loop, so that the program can end', async () => {
    const held = new Map<TimerId, boolean>();
    let turns = 0;
    const clock: Clock = {
      ...systemClock,
      setTimer: (delay, run) => {
        const id = systemClock.setTimer(delay, () => {
          held.delete(id);
          run();
        });
        held.set(id, true);
        return id;
      },
      clear: (id) => {
        held.delete(id);
        systemClock.clear(id);
      },
      hold: (id, keepAlive) => {
        held.set(id, keepAlive);
        systemClock.hold(id, keepAlive);
      },
      later: (run) => {
        turns++;
        systemClock.later(() => {
          turns--;
          run();
        });
      },
    };
    const holds = (): number => [...held.values()].filter(Boolean).length;
    const runtime = createRuntime({ clock, logger: silentLogger });
    const server: GenServer<undefined, number, { get(): number }> = {
      init: () => 0,
      handleCall: { get: (_, count) => reply(count, count) },
    };
    const ref = await startServer(runtime, server, undefined);
    await ref.call('get', undefined, { timeout: 3_600_000 });
    const timer = runtime.sendAfter(3_600_000, ref.pid as Process, 'never');
    expect(turns).toBeGreaterThan(0);
    await turn();
    expect([holds(), turns]).toEqual([1, 0]);
    timer.unset();
    await turn();
    await turn();
    expect([holds(), turns]).toEqual([0, 0]);
    runtime.timers.clear();
    expect(held.size).toBe(0);
  });
});
