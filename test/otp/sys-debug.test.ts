import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogFields, Logger } from '../../src/actor/logger.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import type { Process } from '../../src/actor/process.ts';
import { noReply, reply, startServer, type GenServer, type ServerRef } from '../../src/otp.ts';
import * as sys from '../../src/otp/sys.ts';
import { failure, world, type World } from '../actor/world.ts';

interface Calls {
  echo(value: unknown): unknown;
}
const server: GenServer<undefined, null, Calls> = {
  init: () => null,
  handleCall: { echo: (value, state) => reply(value, state) },
  handleInfo: (_, state) => noReply(state),
};

interface Seen extends World {
  readonly ref: ServerRef<Calls>;
  readonly warnings: LogFields[];
}

async function begin(): Promise<Seen> {
  const warnings: LogFields[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => void warnings.push(fields), level: 'error' };
  const from = world({ logger });
  return { ...from, ref: await startServer(from.runtime, server, undefined), warnings };
}

const lost: unknown[] = [];
const onLost = (error: unknown): void => void lost.push(error);
beforeEach(() => void process.on('unhandledRejection', onLost));
afterEach(async () => {
  // the runtime of the language tells of a rejection nobody heard after the turn it came in
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', onLost);
  expect(lost.splice(0)).toEqual([]);
});

const DEFECT = { event: 'runtime.defect' };

describe('a debug function', () => {
  for (const [how, broken] of [
    [
      'throws',
      () => {
        throw new Error('bug in the debugger');
      },
    ],
    ['rejects', () => Promise.reject(new Error('bug in the debugger'))],
    // eslint-disable-next-line unicorn/no-thenable
    [
      'gives a broken promise',
      () => ({
        then: () => {
          throw new Error('bug');
        },
      }),
    ],
  ] as const) {
    test(`that ${how} is removed, with a warning; the server and the others go on`, async () => {
      const { ref, warnings, reports, clock } = await begin();
      let [calls, others] = [0, 0];
      await sys.install(ref, () => (calls++, broken() as never), 0);
      await sys.install(ref, () => others++, 0);
      expect([await ref.call('echo', 1), await ref.call('echo', 2)]).toEqual([1, 2]);
      await clock.settle();
      await ref.call('echo', 3);
      expect([others, ref.pid?.toString(), reports]).toEqual([6, (ref.pid as Process).toString(), []]);
      // whatever it was asked before its promise was over
      expect(calls).toBeLessThanOrEqual(4);
      expect(warnings).toEqual([expect.objectContaining(DEFECT)]);
      await sys.remove(ref, 'no such');
      expect((await sys.getStatus(ref)).debug).toEqual(['install']);
    });
  }

  test('may be asynchronous: its state changes when its promise is over, and done removes it', async () => {
    const { ref, runtime, clock, warnings } = await begin();
    const states: number[] = [];
    await sys.install(
      ref,
      async (seen: number) => {
        states.push(seen);
        await Promise.resolve();
        return seen === 1 ? sys.done : seen + 1;
      },
      0,
    );
    runtime.send(ref.pid as Process, 'a');
    await clock.settle();
    runtime.send(ref.pid as Process, 'b');
    await clock.settle();
    await ref.call('echo', 1);
    expect([states, warnings]).toEqual([[0, 1], []]);
    // nobody looks on any more
    expect([(await sys.getStatus(ref)).debug, runtime.scheduler.tracer]).toEqual([[], null]);
  });

  test('that rejects after it was removed, or after the end of the process, harms nobody', async () => {
    const { ref, runtime, clock, warnings } = await begin();
    const fails: ((error: unknown) => void)[] = [];
    const slow = (): Promise<number> => new Promise((_, reject) => fails.push(reject));
    await sys.install(ref, slow as never, 0);
    await ref.call('echo', 1);
    await sys.remove(ref, slow);
    await sys.install(ref, () => 0, 0, { id: slow });
    fails[0]?.(new Error('late'));
    await clock.settle();
    // another one that goes by the same id stays
    expect((await sys.getStatus(ref)).debug).toEqual(['install']);
    await sys.install(ref, slow as never, 0);
    await sys.install(ref, slow as never, 0, { id: 'again' });
    await ref.call('echo', 1);
    runtime.exit(ref.pid as Process, 'kill');
    for (const fail of fails) fail(new Error('late'));
    await clock.settle();
    expect([runtime.scheduler.tracer, warnings.length <= 3]).toEqual([null, true]);
  });

  test('that ends the process: no callback of it runs any more', async () => {
    const { runtime, clock, reports } = await begin();
    const states: unknown[] = [];
    const watched = await startServer(
      runtime,
      { init: () => 'state', handleInfo: (_, state) => (states.push(state), noReply(state)) },
      undefined,
    );
    await sys.install(watched, (_, __, self) => (runtime.exit(self, 'kill'), sys.done), 0);
    watched.send('go');
    await clock.settle();
    expect([(watched.pid as Process).alive, states, reports]).toEqual([false, [], []]);
  });

  test('that takes another away, or itself, does it no harm', async () => {
    const { ref, clock } = await begin();
    let calls = 0;
    const clear = (): number => {
      calls++;
      void sys.noDebug(ref).catch(() => undefined);
      return 0;
    };
    await sys.install(ref, clear, 0);
    await ref.call('echo', 1);
    await clock.settle();
    expect([calls > 0, await ref.call('echo', 2)]).toEqual([true, 2]);
  });
});

describe('a writer of a trace', () => {
  for (const [how, broken] of [
    [
      'throws',
      () => {
        throw new Error('no paper');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no paper'))],
  ] as const) {
    test(`that ${how} is ended, with a warning; the server goes on`, async () => {
      const { ref, warnings, runtime, clock } = await begin();
      await sys.trace(ref, broken as never);
      expect(await ref.call('echo', 1)).toBe(1);
      await clock.settle();
      expect(warnings.length).toBeGreaterThan(0);
      for (const each of warnings) expect(each).toMatchObject(DEFECT);
      expect((await sys.getStatus(ref)).debug).toEqual([]);
      expect(runtime.scheduler.tracer).toBeNull();
    });
  }

  test('that came after a broken one is not ended by it', async () => {
    const { ref, clock } = await begin();
    let fail: ((error: unknown) => void) | undefined;
    await sys.trace(ref, (() => new Promise((_, reject) => (fail = reject))) as never);
    await ref.call('echo', 1);
    const lines: string[] = [];
    await sys.trace(ref, (line) => void lines.push(line));
    fail?.(new Error('late'));
    await clock.settle();
    await ref.call('echo', 2);
    expect(lines).toHaveLength(2);
  });
});

describe('printLog', () => {
  test('waits for its writer and rejects with what that threw', async () => {
    const { ref } = await begin();
    await sys.log(ref, true);
    await ref.call('echo', 1);
    const error = new Error('no paper');
    expect(await failure(sys.printLog(ref, () => Promise.reject(error) as never))).toBe(error);
  });
});

describe('arguments', () => {
  test('one that is none is named, and nothing is begun', async () => {
    const { ref } = await begin();
    const none = undefined as never;
    const wrong: readonly (readonly [RegExp, () => Promise<unknown>])[] = [
      [/^run must/, () => sys.install(ref, none, 0)],
      [/^run must/, () => sys.install(ref, 'x' as never, 0)],
      [/^options must/, () => sys.install(ref, () => 0, 0, null as never)],
      [/^write must/, () => sys.trace(ref, none)],
      [/^write must/, () => sys.trace(ref, true as never)],
      [/^write must/, () => sys.printLog(ref, none)],
      [/^path must/, () => sys.logToFile(ref, none)],
      [/^path must/, () => sys.logToFile(ref, 5 as never)],
      [/^on must/, () => sys.statistics(ref, none)],
      [/^log: /, () => sys.log(ref, none)],
      [/^log: /, () => sys.log(ref, Number.NaN)],
      [/^log: /, () => sys.log(ref, 1.5)],
    ];
    for (const [message, begun] of wrong) {
      const error = (await failure(begun())) as Error;
      expect(error.message).toMatch(message);
      expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
    }
    expect((await sys.getStatus(ref)).debug).toEqual([]);
  });
});
