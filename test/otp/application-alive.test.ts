/** With a host the program lives as long as applications run: a timer of the clock holds it, and lets go afterwards. */
import { describe, expect, test } from 'vitest';
import type { Clock, TimerId } from '../../src/actor/clock.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import type { Process } from '../../src/actor/process.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import {
  defineApplication,
  loadApplications,
  type Application,
  type ApplicationsOptions,
} from '../../src/otp/application.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { reasonOf } from '../actor/world.ts';

const host = { onSignal: () => () => {}, exit: () => {} };
const library = (name: string, more: Partial<Application> = {}): Application =>
  defineApplication({ name, start: () => ({ children: [] }), ...more });

/** A virtual clock that knows which of its timers would keep a program alive. */
function watchedClock() {
  const virtual = virtualClock();
  const holding = new Set<TimerId>();
  const clock: Clock = {
    ...virtual,
    setTimer: (delay, run) => {
      const id = virtual.setTimer(delay, () => {
        holding.delete(id);
        run();
      });
      holding.add(id);
      return id;
    },
    clear: (id) => {
      holding.delete(id);
      virtual.clear(id);
    },
    hold: (id, keepAlive) => void (keepAlive ? holding.add(id) : holding.delete(id)),
  };
  return { virtual, clock, holding };
}

function begin(options: ApplicationsOptions = { host }, more: Partial<Application> = {}) {
  const { virtual, clock, holding } = watchedClock();
  const runtime = new Runtime({ clock, random: seededRandom('alive'), logger: silentLogger });
  const applications = loadApplications(runtime, [library('a', more), library('b', more)], options);
  return { clock: virtual, runtime, applications, held: () => holding.size > 0 };
}

describe('the program is held', () => {
  test('from the first start to the end of the last one, however that comes', async () => {
    const { applications, clock, runtime, held } = begin();
    expect(held()).toBe(false);
    await applications.start('a');
    await applications.start('b');
    expect(held()).toBe(true);
    await applications.stop('a');
    expect(held()).toBe(true);
    await applications.stop('b');
    expect(held()).toBe(false);
    await applications.start('a');
    expect(held()).toBe(true);
    const [{ pid } = expect.fail()] = await applications.which();
    runtime.stop((pid as Process).firstChild as Process, 'normal');
    await clock.settle();
    expect(held()).toBe(false);
  });

  test('while one starts, and while one stops', async () => {
    let go = (): void => {};
    const wait = (): Promise<void> => new Promise((resolve) => (go = resolve));
    const { applications, clock, held } = begin(
      { host },
      { start: () => wait().then(() => ({ children: [] })), stop: wait },
    );
    const starting = applications.start('a');
    await clock.settle();
    expect(held()).toBe(true);
    go();
    await starting;
    const stopping = applications.stop('a');
    await clock.settle();
    expect(held()).toBe(true);
    go();
    await stopping;
    expect(held()).toBe(false);
  });

  test('however long they run', async () => {
    const { applications, clock, held } = begin();
    await applications.start('a');
    await clock.advance(100 * 24 * 3_600_000);
    expect(held()).toBe(true);
    await applications.stopAll();
    expect(held()).toBe(false);
  });
});

describe('it is let go', () => {
  test('when a start has failed and nothing runs', async () => {
    const { applications, held } = begin({ host }, { start: () => Promise.reject(new Error('no')) });
    expect(await reasonOf(applications.ensureAllStarted('a'))).toMatchObject({ message: 'no' });
    expect(await reasonOf(applications.start('none'))).toEqual({ not_found: 'none' });
    expect(held()).toBe(false);
  });

  test.each(['stopAll', 'kill', 'permanent'])('when all have ended: %s', async (how) => {
    const { applications, runtime, held } = begin();
    await applications.start('a', { type: 'permanent' });
    await applications.start('b');
    expect(held()).toBe(true);
    if (how === 'stopAll') await applications.stopAll();
    else if (how === 'kill') runtime.exit(applications.pid, 'kill');
    else {
      const pid = (await applications.which()).find(({ name }) => name === 'a')?.pid;
      runtime.stop((pid as Process).firstChild as Process, 'bug');
    }
    await applications.ended;
    expect(held()).toBe(false);
  });
});

test('a start that goes on after all have ended holds nothing', async () => {
  let go = (): void => {};
  const start = (): Promise<{ children: [] }> =>
    new Promise((resolve) => (go = () => resolve({ children: [] })));
  const { applications, clock, runtime, held } = begin({ host }, { start });
  const first = applications.start('b');
  await clock.settle();
  go();
  await first;
  const starting = reasonOf(applications.start('a'));
  await clock.settle();
  expect(held()).toBe(true);
  runtime.exit(applications.pid, 'kill');
  expect(await starting).toBe('killed');
  expect(held()).toBe(false);
  go();
  await clock.settle();
  expect([held(), runtime.alive]).toEqual([false, 0]);
});

test('without a host nothing is held: the program has a life of its own', async () => {
  const { applications, held } = begin({});
  await applications.start('a');
  expect(held()).toBe(false);
});
