/** What a restart of a group costs, and that doing it in one go changes nothing of what others see. */
import { describe, expect, test } from 'vitest';
import type { Down, Exit } from '../../src/actor/monitor.ts';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import {
  noReply,
  startDynamicSupervisor,
  startSupervisor,
  worker,
  type GenServer,
  type SupervisorSpec,
} from '../../src/otp.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { recorder, same, world } from '../actor/world.ts';

const SIZE = 100;

const server = (log: string[]): GenServer<number, number> => ({
  init: (at) => {
    log.push(`start ${at}`);
    return at;
  },
  handleInfo: (_message, state) => noReply(state),
});

const group = (log: string[], spec: Partial<SupervisorSpec> = {}): SupervisorSpec => ({
  strategy: 'oneForAll',
  intensity: 1_000,
  ...spec,
  children: Array.from({ length: SIZE }, (_, at) =>
    worker(`child ${at}`, server(log), at, at === 3 ? { restart: 'temporary' } : {}),
  ),
});

describe('a oneForAll group whose children die at once and start without waiting', () => {
  test('costs its supervisor one message, however many there are', async () => {
    const { runtime, clock } = world();
    const ref = await startSupervisor(runtime, group([]));
    const self = ref.pid as Process;
    const { handled } = self;
    runtime.exit([...childrenOf(self)][50] as Process, 'boom');
    await clock.settle();
    expect(self.handled - handled).toBe(1);
    expect([...childrenOf(self)]).toHaveLength(SIZE - 1);
  });

  test('is up again, in order, in the turn in which its supervisor hears of the end', async () => {
    const { runtime, clock } = world();
    const log: string[] = [];
    const ref = await startSupervisor(runtime, group(log));
    log.length = 0;
    runtime.exit([...childrenOf(ref.pid as Process)][0] as Process, 'boom');
    await clock.settle();
    const ids = Array.from({ length: SIZE }, (_, at) => at).filter((at) => at !== 3);
    expect(log).toEqual(ids.map((at) => `start ${at}`));
  });

  test('whoever watches a child that is stopped with its group hears shutdown, once', async () => {
    const { runtime, clock } = world();
    const ref = await startSupervisor(runtime, group([]));
    const [first, second] = [...childrenOf(ref.pid as Process)] as [Process, Process];
    const { pid, inbox } = recorder(runtime, { trapExit: true });
    pid.monitor(second);
    pid.link(second);
    runtime.exit(first, 'boom');
    await clock.settle();
    // by identity: `toMatchObject` would look through the whole group
    const heard = inbox.map(({ message }) => message as Down | Exit);
    expect(heard.map(({ tag, reason }) => [tag, reason])).toEqual([
      ['DOWN', 'shutdown'],
      ['EXIT', 'shutdown'],
    ]);
    for (const message of heard) same('pid' in message ? message.pid : message.from, second);
  });

  test('a child that had trapped exits is waited for, and ends in good order', async () => {
    const { runtime, clock } = world();
    const ends: unknown[] = [];
    const polite: GenServer<undefined, null> = {
      trapExit: true,
      init: () => null,
      terminate: (reason) => void ends.push(reason),
    };
    const spec = group([]);
    const ref = await startSupervisor(runtime, {
      ...spec,
      children: [...spec.children, worker('polite', polite)],
    });
    runtime.exit([...childrenOf(ref.pid as Process)][0] as Process, 'boom');
    await clock.settle();
    expect(ends).toEqual(['shutdown']);
    expect([...childrenOf(ref.pid as Process)]).toHaveLength(SIZE);
  });
});

describe('a dynamic supervisor that stops', () => {
  test('tells all that ended badly, in the reverse order of their start, whether they took time or not', async () => {
    const { runtime, clock, reports } = world();
    const ref = await startDynamicSupervisor(runtime);
    const stubborn: GenServer<string, null> = {
      trapExit: true,
      init: () => null,
      terminate: () => new Promise(() => {}),
    };
    await ref.startChild(worker('slow', stubborn, 'slow', { shutdown: 10 }));
    await ref.startChild(worker('plain', server([]), 0));
    await ref.startChild(worker('slower', stubborn, 'slower', { shutdown: 20 }));
    reports.length = 0;
    const stopped = ref.stop();
    await clock.advance(20);
    expect(await stopped).toBe('shutdown');
    expect(reports).toMatchObject([{ child: 'slower', reason: 'killed', decision: '2 stopped' }]);
    expect(runtime.alive).toBe(0);
  });

  test('100 that die at once leave it nothing to wait for', async () => {
    const { runtime } = world();
    const ref = await startDynamicSupervisor(runtime);
    for (let at = 0; at < SIZE; at++) await ref.startChild(worker('x', server([]), at));
    const self = ref.pid as Process;
    const stopped = ref.stop();
    await stopped;
    expect([self.queued, runtime.alive, runtime.timers.size]).toEqual([0, 0, 0]);
  });
});

describe('reports of progress', () => {
  const start = async (debug: boolean): Promise<{ readonly lines: unknown[]; readonly heard: unknown[] }> => {
    const lines: unknown[] = [];
    const heard: unknown[] = [];
    const write = (fields: object): void => void lines.push(fields);
    const logger = { ...silentLogger, level: debug ? 'debug' : 'info', debug: write } as const;
    const runtime = new Runtime({ clock: virtualClock(), random: seededRandom('progress'), logger });
    await startSupervisor(runtime, { children: [worker('a', server([]), 0)] });
    runtime.onReport((report) => heard.push(report));
    await startSupervisor(runtime, { children: [worker('b', server([]), 0)] });
    return { lines, heard };
  };

  test('reach a log that takes debug, and every listener', async () => {
    const { lines, heard } = await start(true);
    expect(lines).toMatchObject([{ child: 'a' }, { child: 'b' }]);
    expect(heard).toMatchObject([{ tag: 'progress', child: 'b' }]);
  });

  test('reach listeners whatever the log takes, and no log that does not', async () => {
    const { lines, heard } = await start(false);
    expect([lines, heard]).toMatchObject([[], [{ tag: 'progress', child: 'b' }]]);
  });
});
