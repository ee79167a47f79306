/** What a start is told beside the definition: who wins, what is refused, and a start that is given up. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import {
  keepStateAndData,
  nextState,
  NameScope,
  replyTo,
  startAgent,
  startAgentLink,
  startDynamicSupervisor,
  startDynamicSupervisorLink,
  startPartitionSupervisor,
  startServer,
  startServerLink,
  startServerMonitor,
  startStatem,
  startSupervisor,
  startSupervisorLink,
  worker,
  type GenServer,
  type GenStatem,
  type ServerOptions,
  type StartOptions,
  type StartResult,
} from '../../src/otp.ts';
import { startDynamicChild } from '../../src/otp/dynamic-supervisor.ts';
import { failure, reasonOf, spawn, world } from '../actor/world.ts';

/** Counts how often it was started. */
const counted = (): { readonly server: GenServer<undefined, null>; readonly starts: () => number } => {
  let starts = 0;
  return { server: { init: () => (starts++, null) }, starts: () => starts };
};

describe('a definition and the options of a start', () => {
  const definition = {
    trapExit: true,
    mailbox: { bound: 5, full: 'dropOldest' },
    hibernateAfter: 50,
  } as const;
  const server: GenServer<undefined, null> = { ...definition, init: () => null };
  const statem: GenStatem<undefined, string, null> = {
    ...definition,
    init: () => nextState('on', null),
    states: { on: () => keepStateAndData() },
  };
  const starts: [string, (options: ServerOptions) => Promise<Process>][] = [
    [
      'startServer',
      async (options) => (await startServer(world().runtime, server, undefined, options)).pid as Process,
    ],
    [
      'startStatem',
      async (options) => (await startStatem(world().runtime, statem, undefined, options)).pid as Process,
    ],
    [
      'worker',
      async (options) => {
        const { runtime } = world();
        const { trapExit, mailbox } = options;
        const ref = await startSupervisor(runtime, {
          children: [
            worker('child', server, undefined, {
              ...(trapExit === undefined ? {} : { trapExit }),
              ...(mailbox === undefined ? {} : { mailbox }),
            }),
          ],
        });
        return (await ref.whichChildren())[0]?.pid as Process;
      },
    ],
  ];

  test.each(starts)('%s: the options win', async (_name, start) => {
    const process = await start({ mailbox: 7, trapExit: false });
    expect([process.bound, process.full, process.trapExit]).toEqual([7, 'reject', false]);
    const bigger = await start({ mailbox: { bound: 9, full: 'dropNewest' } });
    expect([bigger.bound, bigger.full, bigger.trapExit]).toEqual([9, 'dropNewest', true]);
  });

  test.each(starts)('%s: what they do not say is the definition’s', async (_name, start) => {
    const process = await start({});
    expect([process.bound, process.full, process.trapExit]).toEqual([5, 'dropOldest', true]);
    const unsaid = await start({ mailbox: undefined, trapExit: undefined });
    expect([unsaid.bound, unsaid.trapExit]).toEqual([5, true]);
  });
});

describe('a signal that is aborted', () => {
  const signal = AbortSignal.abort('enough');
  const canceled = { canceled: 'enough' };

  test('before the start: it fails with canceled, nothing is started and no name is taken', async () => {
    const { runtime } = world();
    const { server, starts } = counted();
    const never = (): never => expect.fail('it was given up');
    const options: StartOptions = { signal, name: 'x' };
    const children = [worker('child', server, undefined)];
    for (const start of [
      startServer(runtime, server, undefined, options),
      startAgent(runtime, never, options),
      startSupervisor(runtime, { children }, options),
      startSupervisor(runtime, never, options),
      startDynamicSupervisor(runtime, never, options),
      startPartitionSupervisor(
        runtime,
        { child: worker('child', server, undefined), partitions: 2 },
        options,
      ),
    ])
      expect(await reasonOf(start)).toEqual(canceled);
    expect([starts(), runtime.alive, runtime.spawned]).toEqual([0, 0, 0]);
    expect(runtime.names.whereis('x')).toBeUndefined();
  });

  test('before a linked start: an answer, and no exit signal to the starter', async () => {
    const { runtime, clock } = world();
    const parent = spawn(runtime);
    const { server, starts } = counted();
    expect(startServerLink(parent, server, undefined, { signal })).toEqual({
      tag: 'error',
      reason: canceled,
    });
    await clock.settle();
    expect([starts(), parent.alive]).toEqual([0, true]);
  });

  test('by a synchronous init: the start is given up all the same', async () => {
    const { runtime } = world();
    const controller = new AbortController();
    const server: GenServer<undefined, null> = {
      init: () => {
        controller.abort('enough');
        return null;
      },
    };
    const options = { signal: controller.signal, name: 'x' };
    expect(await reasonOf(startServer(runtime, server, undefined, options))).toEqual(canceled);
    expect([runtime.alive, runtime.names.whereis('x')]).toEqual([0, undefined]);
  });

  test('by a child that starts: the supervisor stops those that run', async () => {
    const { runtime } = world();
    const controller = new AbortController();
    const stopped: string[] = [];
    const child = (id: string, abort: boolean): ReturnType<typeof worker> =>
      worker(
        id,
        {
          trapExit: true,
          init: () => (abort ? controller.abort('enough') : undefined),
          terminate: (reason) => void stopped.push(`${id} ${String(reason)}`),
        },
        undefined,
      );
    const children = [child('a', false), child('b', true)];
    const start = startSupervisor(runtime, { children }, { signal: controller.signal });
    expect(await reasonOf(start)).toEqual(canceled);
    expect([stopped, runtime.alive]).toEqual([['b shutdown', 'a shutdown'], 0]);
  });

  test('after the start: nothing, and nobody listens any more', async () => {
    const { runtime } = world();
    const controller = new AbortController();
    const ref = await startServer(runtime, counted().server, undefined, { signal: controller.signal });
    controller.abort();
    expect((ref.pid as Process).alive).toBe(true);
  });
});

describe('options that make no sense', () => {
  const WRONG: readonly [name: string, options: object, error: typeof TypeError | typeof RangeError][] = [
    ['timeout', { timeout: Number.NaN }, RangeError],
    ['timeout', { timeout: -1 }, RangeError],
    ['timeout', { timeout: '50' }, RangeError],
    ['timeout', { timeout: null }, RangeError],
    ['signal', { signal: 'stop' }, TypeError],
    ['signal', { signal: {} }, TypeError],
    ['scope', { name: 'x', scope: {} }, TypeError],
    ['scope', { name: 'x', scope: null }, TypeError],
    ['options', null as unknown as object, TypeError],
    ['options', 'fast' as unknown as object, TypeError],
  ];

  test.each(WRONG)('%s of %o: is named, and nothing is started', async (name, options, type) => {
    const { runtime } = world();
    const { server, starts } = counted();
    const message = expect.stringMatching(new RegExp(`^${name} must be `)) as string;
    for (const start of [
      startServer(runtime, server, undefined, options),
      startAgent(runtime, () => 0, options),
      startSupervisor(runtime, { children: [] }, options),
      startDynamicSupervisor(runtime, {}, options),
    ]) {
      const error = await failure(start);
      expect(error).toBeInstanceOf(type);
      expect(error).toMatchObject({ message });
    }
    const result = startServerLink(spawn(runtime), server, undefined, options) as StartResult;
    expect(result).toMatchObject({ tag: 'error', reason: { message } });
    expect([starts(), runtime.alive]).toEqual([0, 1]);
  });

  test.each([Number.NaN, -1, '50'])('hibernateAfter %s, of the options and of the definition', async (ms) => {
    const { runtime } = world();
    const hibernateAfter = ms as number;
    const { server } = counted();
    const wrong = { message: expect.stringMatching(/^hibernateAfter must be /) as string };
    expect(await failure(startServer(runtime, server, undefined, { hibernateAfter }))).toMatchObject(wrong);
    expect(await failure(startServer(runtime, { ...server, hibernateAfter }, undefined))).toMatchObject(
      wrong,
    );
    expect(startServerLink(spawn(runtime), { ...server, hibernateAfter })).toMatchObject({ reason: wrong });
  });

  test('a timeout of 0 and of Infinity are fine', async () => {
    const { runtime } = world();
    for (const timeout of [0, Infinity])
      await startServer(runtime, counted().server, undefined, { timeout, scope: new NameScope() });
    expect(runtime.alive).toBe(2);
  });
});

describe('arguments that were forgotten', () => {
  const none = undefined as never;
  const { server } = counted();

  test('are named by those that throw', async () => {
    const { runtime } = world();
    for (const [start, name] of [
      [startServer(none, server), 'runtime'],
      [startServer(runtime, none), 'server'],
      [startAgent(none, () => 0), 'runtime'],
      [startAgent(runtime, none), 'init'],
      [startSupervisor(none, { children: [] }), 'runtime'],
      [startDynamicSupervisor(none), 'runtime'],
      [startPartitionSupervisor(none, { child: worker('a', server) }), 'runtime'],
      [startPartitionSupervisor(runtime, none), 'partition supervisor: spec'],
      [startPartitionSupervisor(runtime, { child: none }), 'partition supervisor: spec.child'],
      [startServer(runtime, server, undefined, { parent: {} as Process }), 'parent'],
    ] as const) {
      const error = (await failure(start)) as Error;
      expect([error.message, error.message.includes(`${name} must be `)]).toEqual([error.message, true]);
    }
    expect(runtime.alive).toBe(0);
  });

  test('are answers of those that never throw', () => {
    const { runtime } = world();
    const self = spawn(runtime);
    for (const [result, name] of [
      [startServerLink(none, server), 'parent'],
      [startServerLink(self, none), 'server'],
      [startServerMonitor(none, server), 'self'],
      [startServerMonitor(self, none), 'server'],
      [startAgentLink(self, none), 'init'],
      [startSupervisorLink(none, { children: [] }), 'parent'],
      [startDynamicSupervisorLink(none, {}), 'parent'],
      [startDynamicChild(none, worker('x', server)), 'self'],
    ] as const) {
      const message = expect.stringMatching(new RegExp(`^${name} must be `)) as string;
      expect(result).toMatchObject({ tag: 'error', reason: { message } });
    }
    expect([runtime.alive, self.alive]).toEqual([1, true]);
  });

  test('a reply to nobody is named; a child that is none is not found', async () => {
    expect(() => replyTo(none, 1)).toThrow(/^from must be /);
    const ref = await startDynamicSupervisor(world().runtime);
    for (const answer of [ref.terminateChild(none), ref.getChildSpec(none)])
      expect(await reasonOf(answer)).toBe('not_found');
  });
});
