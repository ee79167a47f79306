import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { StatusParts } from '../../src/actor/behavior.ts';
import { ndjsonLogger } from '../../src/actor/logger.ts';
import { formatReport } from '../../src/actor/report-text.ts';
import type { Process } from '../../src/actor/process.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import type { Report } from '../../src/actor/report.ts';
import {
  exit,
  keepState,
  nextState,
  startServer,
  startStatem,
  startSupervisor,
  stop,
  supervisor,
  worker,
  ExitError,
  reply,
  type GenServer,
  type SupervisorSpec,
} from '../../src/otp.ts';
import { startDynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import { redact, REDACTED } from '../../src/otp/redact.ts';
import { FORMATTER_CRASHED } from '../../src/otp/server-status.ts';
import { failure, spawn, world } from '../actor/world.ts';

const S = 'S3CRET';
const secret = { user: 'ann', password: S };

/** All that a listener can see of a report, the process it is about aside. */
function seen(report: Report): string {
  const { pid: _, ...rest } = report as Report & { readonly spec?: object };
  const spec = 'spec' in rest ? { ...rest.spec, pid: undefined } : undefined;
  const parts = inspect({ ...rest, spec }, { depth: 64, showHidden: true });
  return `${parts}\n${formatReport(report)}\n${formatReport(report, { singleLine: true })}`;
}

const told = (reports: readonly Report[]): readonly string[] =>
  reports.map((report) => ('context' in report ? report.context : report.tag));

type End = (state: unknown) => unknown;

/** Ends as the message it gets says. */
const server = (format: GenServer<undefined, unknown>['formatStatus'] = redact('password')) =>
  ({
    init: () => secret,
    handleInfo: (end, state) => (end as End)(state) as never,
    formatStatus: format as (status: StatusParts) => StatusParts,
  }) satisfies GenServer<undefined, unknown>;

const ENDS: readonly (readonly [string, End])[] = [
  ['gives its state back by mistake', (state) => state],
  ['gives a promise of its state', (state) => Promise.resolve(state)],
  [
    'throws an error with a field',
    () => {
      throw Object.assign(new Error('plain'), { password: S });
    },
  ],
  [
    'throws an error with a cause',
    () => {
      throw new Error('plain', { cause: secret });
    },
  ],
  ['exits with an object', () => exit({ denied: secret })],
  ['stops with an object', (state) => stop({ denied: secret }, state)],
];

describe.each(ENDS)('a server with formatStatus that %s', (_name, end) => {
  test('is shown so in the crash report and in that of its supervisor; the reason itself goes to its callers', async () => {
    const { runtime, reports, clock } = world();
    const sup = await startSupervisor(runtime, { children: [worker('s', server())] });
    const [child] = await sup.whichChildren();
    let heard: unknown;
    runtime.onExit(child?.pid as Process, (reason) => (heard = reason));
    runtime.send(child?.pid as Process, end);
    await clock.settle();
    const ended = reports.filter(({ tag }) => tag !== 'progress');
    expect(told(ended)).toEqual(['terminate', 'crash', 'child_terminated']);
    for (const report of ended) {
      expect(seen(report)).not.toContain(S);
      expect(seen(report)).toContain(REDACTED);
    }
    expect(inspect(heard, { depth: 9 })).toContain(S);
  });
});

test.each([
  ['throws', () => exit({ denied: secret })],
  ['stops', () => stop({ denied: secret }, undefined)],
  ['rejects', () => Promise.reject(Object.assign(new Error('plain'), { password: S }))],
])(
  'a server with formatStatus whose init %s: neither crash nor start reports tell, at any height',
  async (_name, init) => {
    const { runtime, reports, clock } = world();
    let bad = true;
    const child = worker('s', { ...server(), init: () => (bad ? (init() as never) : secret) }, undefined, {
      restart: 'permanent',
    });
    const tree: SupervisorSpec = { children: [supervisor('inner', { children: [child] })], intensity: 3 };
    const error = (await failure(startSupervisor(runtime, tree))) as Error;
    expect(inspect(error, { depth: 9 })).toContain(S);
    // and where a restart fails
    bad = false;
    const sup = await startSupervisor(runtime, tree);
    const dynamic = await startDynamicSupervisor(runtime, { intensity: 3 });
    const pid = await dynamic.startChild(child);
    const [inner] = await sup.whichChildren();
    bad = true;
    for (const process of [inner?.pid, pid]) runtime.exit(process as Process, 'kill');
    await clock.settle();
    const starts = reports.filter((report) => 'context' in report && report.context === 'start_error');
    expect(starts.length).toBeGreaterThan(4);
    expect(reports.some(({ tag }) => tag === 'crash')).toBe(true);
    for (const report of reports) expect(seen(report)).not.toContain(S);
    for (const report of starts) expect(seen(report)).toContain(REDACTED);
  },
);

test('a linked process that dies of the same reason is no way around it, nor is an exit signal', async () => {
  const { runtime, reports, clock } = world();
  const sup = await startSupervisor(runtime, {
    children: [worker('s', server()), worker('linked', { init: () => null }), worker('told', server())],
    intensity: 9,
  });
  const [toldPid, linked, s] = (await sup.whichChildren()).map(({ pid }) => pid as Process);
  s?.link(linked as Process);
  runtime.send(s as Process, () => exit({ denied: secret }));
  await clock.settle();
  runtime.exit(toldPid as Process, { denied: secret });
  await clock.settle();
  const ended = reports.filter(({ tag }) => tag !== 'progress');
  expect(told(ended).filter((what) => what === 'child_terminated')).toHaveLength(3);
  for (const report of ended) expect(seen(report)).not.toContain(S);
});

test.each(ENDS)(
  'nor is who calls a server that %s, and dies of that, or who calls that one',
  async (_name, end) => {
    const { runtime, reports, clock } = world();
    const hidden = await startServer(
      runtime,
      { ...server(), handleCall: { run: (_: null, state: unknown) => end(state) as never } },
      undefined,
    );
    const caller = (target: { call(tag: 'run', payload: null): Promise<unknown> }) => ({
      init: () => null,
      handleCall: {
        run: async (_: null, state: null) => {
          const value = await target.call('run', null);
          return reply(value, state);
        },
      },
    });
    const first = await startServer(runtime, caller(hidden as never), undefined);
    const second = await startServer(runtime, caller(first as never), undefined);
    const error = (await failure(second.call('run', null))) as Error;
    expect(inspect(error, { depth: 16 })).toContain(S);
    await clock.settle();
    expect(told(reports).filter((what) => what === 'crash')).toHaveLength(3);
    for (const report of reports.filter(({ tag }) => tag !== 'terminate')) {
      expect(seen(report)).not.toContain(S);
      expect(seen(report)).toContain(REDACTED);
    }
    expect((reports.at(-1) as { readonly reason: unknown }).reason).toBeInstanceOf(ExitError);
    for (const report of reports) expect(seen(report)).not.toContain(S);
  },
);

test('what a formatter of one’s own makes of the state, it makes of a state that is returned by mistake', async () => {
  const { runtime, reports, clock } = world();
  const ref = await startServer(
    runtime,
    server((status) => ({ ...status, state: { user: (status.state as typeof secret).user } })),
    undefined,
  );
  ref.send((state: unknown) => state);
  await clock.settle();
  expect(reports).toMatchObject([
    { tag: 'terminate', reason: { bad_return_value: { user: 'ann' } } },
    { tag: 'crash', reason: { bad_return_value: { user: 'ann' } } },
  ]);
  for (const report of reports) expect(seen(report)).not.toContain(S);
});

test.each([
  ['leaves the reason out', (): object => ({ state: 'hidden' }), 'a string of 6 characters'],
  ['gives another one', (status: StatusParts): object => ({ ...status, state: 0, reason: 'other' }), 'other'],
])(
  'a formatter that %s is obeyed by all reports, for a reason that is a text too',
  async (_name, format, shown) => {
    const { runtime, reports, clock } = world();
    const init = { count: 0 };
    const child = worker('s', {
      ...server(format as never),
      init: () => (++init.count === 2 ? stop(S, undefined) : secret),
    } as GenServer<undefined, unknown>);
    const sup = await startSupervisor(runtime, { children: [child], intensity: 9 });
    const [first] = await sup.whichChildren();
    runtime.send(first?.pid as Process, () => exit(S));
    await clock.settle();
    const ended = reports.filter(({ tag }) => tag !== 'progress');
    expect(told(ended)).toEqual(['terminate', 'crash', 'child_terminated', 'crash', 'start_error']);
    for (const report of ended) expect(seen(report)).not.toContain(S);
    expect(ended.slice(1).map((report) => (report as { readonly reason: unknown }).reason)).toEqual(
      Array.from({ length: 4 }, () => shown),
    );
  },
);

test('a formatter that throws: the kind of the reason is shown, nothing of what is in it', async () => {
  const { runtime, reports, clock } = world();
  const ref = await startServer(
    runtime,
    server(() => {
      throw new Error('broken');
    }),
    undefined,
  );
  ref.send((state: unknown) => state);
  await clock.settle();
  expect(reports).toMatchObject([
    { tag: 'terminate', reason: 'bad_return_value', state: FORMATTER_CRASHED },
    { tag: 'crash', reason: 'bad_return_value' },
  ]);
});

test('the formatter is asked once for a death, and not at all when nobody hears more than an outline', async () => {
  const asked: unknown[] = [];
  const format = (status: StatusParts): StatusParts => {
    if ('reason' in status) asked.push(status.reason);
    return status;
  };
  const lines: string[] = [];
  const { clock } = world();
  const { runtime, reports } = world({
    clock,
    logger: ndjsonLogger(clock, 'info', (line) => void lines.push(line)),
  });
  const sup = await startSupervisor(runtime, { children: [worker('s', server(format))], intensity: 9 });
  const kill = async (reason: unknown): Promise<void> => {
    const [child] = await sup.whichChildren();
    runtime.send(child?.pid as Process, () => exit(reason));
    await clock.settle();
  };
  await kill('first');
  await kill({ second: 1 });
  expect(asked).toEqual(['first', { second: 1 }]);
  expect(told(reports).filter((what) => what === 'child_terminated')).toHaveLength(2);
  expect(lines.filter((line) => line.includes('"actor.crash"'))).toHaveLength(2);
  const unheard = new Runtime({
    clock,
    logger: ndjsonLogger(clock, 'info', (line) => void lines.push(line)),
  });
  const ref = await startServer(unheard, server(format), undefined);
  ref.send((state: unknown) => state);
  await clock.settle();
  expect(asked).toHaveLength(2);
  expect(lines.at(-1)).toContain('"reason":"bad_return_value"');
});

test('the log tells class and places of what was thrown, whatever is shown of it', async () => {
  const lines: string[] = [];
  const { clock } = world();
  for (const crashDetails of [false, true]) {
    const { runtime } = world({
      clock,
      crashDetails,
      logger: ndjsonLogger(clock, 'info', (line) => void lines.push(line)),
    });
    const ref = await startServer(runtime, server(redact('message')), undefined);
    ref.send(() => {
      throw new RangeError(S);
    });
    await clock.settle();
  }
  const [outlined, detailed] = lines.filter((line) => line.includes('"actor.crash"'));
  expect(outlined).toContain('"reason":"RangeError"');
  expect(outlined).toContain('shown-reason.test.ts');
  expect(detailed).toContain(REDACTED);
  expect(lines.join('\n')).not.toContain(S);
});

test('words of the runtime are shown as they are', async () => {
  const { runtime, reports, clock } = world();
  const sup = await startSupervisor(runtime, {
    children: [
      worker(
        's',
        server(() => ({ state: 'hidden' })),
      ),
    ],
  });
  const [child] = await sup.whichChildren();
  runtime.exit(child?.pid as Process, 'kill');
  await clock.settle();
  expect(reports.filter((report) => 'context' in report)).toMatchObject([{ reason: 'killed' }]);
});

describe('a machine with formatStatus', () => {
  const machine = (formatStatus: object) => ({
    init: () => nextState('a', secret),
    handleEvent: (event: unknown, _state: unknown, data: unknown) =>
      ((event as { readonly content: End }).content(data) as never) ?? keepState(data),
    formatStatus: formatStatus as never,
  });
  const formatters = {
    redact: redact('password'),
    own: (status: { readonly data: unknown }): object => ({ ...status, data: { user: 'ann' } }),
  };

  test.each([
    ['gives its data by mistake', 'redact', (data: unknown) => data],
    ['gives its data by mistake', 'own', (data: unknown) => data],
    ['exits with an object', 'redact', () => exit({ denied: secret })],
  ] as const)('that %s tells nothing of it (%s)', async (_name, kind, end) => {
    const { runtime, reports, clock } = world();
    const parent = spawn(runtime, () => undefined, { trapExit: true });
    const ref = await startStatem(runtime, machine(formatters[kind]), undefined, { parent });
    ref.send(end);
    await clock.settle();
    expect(told(reports)).toEqual(['terminate', 'crash']);
    for (const report of reports) expect(seen(report)).not.toContain(S);
    expect(seen(reports[1] as Report)).toContain(kind === 'own' ? 'ann' : REDACTED);
  });

  test('whose init fails tells nothing of it either', async () => {
    const { runtime, reports } = world();
    const failing = { ...machine(formatters.redact), init: () => exit({ denied: secret }) };
    const error = (await failure(startStatem(runtime, failing, undefined))) as ExitError;
    expect(inspect(error.reason)).toContain(S);
    expect(told(reports)).toEqual(['crash']);
    expect(seen(reports[0] as Report)).not.toContain(S);
  });
});

test('without formatStatus all is shown as it is', async () => {
  const { runtime, reports, clock } = world();
  const { formatStatus: _, ...plain } = server();
  const reason = { denied: secret };
  const sup = await startSupervisor(runtime, { children: [worker('s', plain)] });
  const [child] = await sup.whichChildren();
  runtime.send(child?.pid as Process, () => exit(reason));
  await clock.settle();
  const ended = reports.filter(({ tag }) => tag !== 'progress');
  expect(ended.map((report) => (report as { readonly reason: unknown }).reason)).toEqual([
    reason,
    reason,
    reason,
  ]);
  expect((ended[1] as { readonly reason: unknown }).reason).toBe(reason);
});
