/** How long a supervisor's callers wait, and how a start that fails is named. */
import { describe, expect, test } from 'vitest';
import type { Runtime } from '../../src/actor/runtime.ts';
import {
  defineApplication,
  enterLoop,
  loadApplications,
  startAgent,
  startAndEnter,
  startDynamicSupervisor,
  startPartitionSupervisor,
  startServer,
  startStatem,
  startSupervisor,
  startTaskSupervisor,
  stop,
  SupervisorRef,
  type CallOptions,
  type ChildSpec,
  type GenServer,
} from '../../src/otp.ts';
import { failure, reasonOf, world } from '../actor/world.ts';

/** A child whose start answers when `open` is called. */
const gated = (): { readonly spec: ChildSpec; readonly open: () => void } => {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    spec: { id: 'slow', start: () => gate.then(() => ({ tag: 'ignore' })) },
    open: () => open(),
  };
};

const { signal } = new AbortController();

describe('a request to a supervisor or to applications', () => {
  test.each<[string, CallOptions | undefined]>([
    ['no options', undefined],
    ['empty options', {}],
    ['a signal alone', { signal }],
  ])('waits without limit with %s', async (_, options) => {
    const { runtime, clock } = world();
    const [one, two, three] = [gated(), gated(), gated()];
    const fixed = await startSupervisor(runtime, { children: [] });
    const dynamic = await startDynamicSupervisor(runtime);
    const applications = loadApplications(runtime, [
      defineApplication({ name: 'app', start: () => three.spec }),
    ]);
    const asked = [
      fixed.startChild(one.spec, options),
      fixed.countChildren(options),
      dynamic.startChild(two.spec, options),
      dynamic.whichChildren(options),
      applications.start('app', {}, options).catch((error: unknown) => error),
    ];
    const settled: number[] = [];
    const ends = asked.map(async (each, at) => {
      await Promise.resolve(each).catch(() => undefined);
      settled.push(at);
    });
    await clock.advance(60_000);
    expect(settled).toEqual([]);
    for (const { open } of [one, two, three]) open();
    await Promise.all(ends);
    expect(await asked[0]).toBeUndefined();
    expect(await asked[1]).toMatchObject({ specs: 1, active: 0 });
  });

  test('ends with timeout after the time it was given, and refuses options that are no object', async () => {
    const { runtime, clock } = world();
    const { spec, open } = gated();
    const fixed = await startSupervisor(runtime, { children: [] });
    const late = reasonOf(fixed.startChild(spec, { timeout: 10 }));
    await clock.advance(10);
    expect(await late).toBe('timeout');
    for (const none of [null, 5, 'x'] as never[])
      expect(
        await failure(new SupervisorRef(runtime, fixed.pid as never).whichChildren(none)),
      ).toBeInstanceOf(TypeError);
    open();
  });
});

type Start = (
  runtime: Runtime,
  options: { readonly label?: string; readonly name?: string },
) => Promise<unknown>;

const failing: GenServer<undefined, null> = { label: 'of the definition', init: () => stop('no', null) };
const bad: ChildSpec = { id: 'child', start: () => ({ tag: 'error', reason: 'no' }) };

test.each<[string, Start, string]>([
  ['a server', (runtime, options) => startServer(runtime, failing, undefined, options), 'of the definition'],
  [
    'a machine',
    (runtime, options) =>
      startStatem(runtime, { init: () => stop('no', null), states: {} } as never, undefined, options),
    'GenStatem',
  ],
  [
    'a body',
    (runtime, options) => startAndEnter(runtime, () => (enterLoop(failing, null), stop('no', null)), options),
    'process',
  ],
  [
    'an agent',
    (runtime, options) =>
      startAgent(
        runtime,
        () => {
          throw new Error('no');
        },
        options,
      ),
    'Agent',
  ],
  [
    'a supervisor',
    (runtime, options) => startSupervisor(runtime, { children: [bad] }, options),
    'supervisor/child',
  ],
  [
    'a dynamic supervisor',
    (runtime, options) => startDynamicSupervisor(runtime, { maxChildren: -1 }, options),
    'dynamic supervisor',
  ],
  [
    'a partition supervisor',
    (runtime, options) => startPartitionSupervisor(runtime, { child: bad, partitions: 1 }, options),
    'supervisor/0',
  ],
  [
    'a task supervisor',
    (runtime, options) => startTaskSupervisor(runtime, { maxChildren: -1 }, options),
    'TaskSupervisor',
  ],
])(
  'the error of %s that does not start says its label, else its id, else what it is',
  async (_, start, kind) => {
    const { runtime } = world();
    const tail = kind.includes('/') ? kind.slice(kind.indexOf('/')) : '';
    const said = async (options: object): Promise<string> =>
      ((await failure(start(runtime, options))) as Error).message.split(' did not start')[0] as string;
    expect(await said({})).toBe(kind);
    expect(await said({ label: 'its label', id: 'its id' })).toBe(`its label${tail}`);
    expect(await said({ id: 'its id' })).toBe(`its id${tail}`);
    expect(await said({ label: undefined, id: 'its id' })).toBe(`its id${tail}`);
  },
);
