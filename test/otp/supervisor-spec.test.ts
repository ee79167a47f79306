/** Specifications that are judged, changed and reported; the rules the conformance cases do not show one by one. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import type { Report } from '../../src/actor/report.ts';
import { startDynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import { StartError } from '../../src/otp/errors.ts';
import { RestartWindow } from '../../src/otp/restart-intensity.ts';
import { ignore } from '../../src/otp/result.ts';
import { endsSupervisor } from '../../src/otp/strategy.ts';
import { checkChildSpecs, SpecError, startSupervisor, SupervisorRef } from '../../src/otp/supervisor.ts';
import { failure, reasonOf, world } from '../actor/world.ts';
import { child, pidOf, plan } from './tree.ts';

describe('endsSupervisor (S13, S14)', () => {
  test.each([
    ['never', true, false, false],
    ['anySignificant', false, false, false],
    ['anySignificant', true, true, true],
    ['allSignificant', true, true, false],
    ['allSignificant', true, false, true],
    ['allSignificant', false, false, false],
  ] as const)('%s, significant %s, others left %s: %s', (mode, significant, left, expected) => {
    expect(endsSupervisor(mode, significant, () => left)).toBe(expected);
  });
});

describe('a restart window under another limit (S20)', () => {
  test('keeps the restarts that counted at the last one, and no older ones', () => {
    const window = new RestartWindow({ intensity: 3, period: 100 });
    for (const at of [0, 10, 20, 120]) window.record(at);
    const narrow = window.withLimit({ intensity: 2, period: 200 });
    expect(narrow.recent(120)).toEqual([20, 120]);
    expect(narrow.record(130)).toBe(true);
    const wide = window.withLimit({ intensity: 4, period: 200 });
    // 0 and 10 were out of the window of 100 ms when the last one happened
    expect([wide.record(130), wide.record(140), wide.record(150)]).toEqual([false, false, true]);
    // lowered and raised again it has forgotten nothing
    const raised = window.withLimit({ intensity: 0, period: 9 }).withLimit({ intensity: 2, period: 200 });
    expect([raised.recent(130), raised.record(130)]).toEqual([[20, 120], true]);
    expect(window.withLimit({ intensity: 0, period: 100 }).record(1_000)).toBe(true);
  });
});

describe('definitions', () => {
  test('a function is asked at each start; one that says ignore starts nothing', async () => {
    const { runtime, clock } = world();
    const made = plan();
    let asked = 0;
    const root = await startSupervisor(runtime, {
      intensity: 5,
      children: [
        {
          id: 'branch',
          type: 'supervisor',
          start: (parent) =>
            import('../../src/otp/supervisor.ts').then(({ startSupervisorLink }) =>
              startSupervisorLink(parent, () => ({ children: [child(made, `leaf ${++asked}`)] })),
            ),
        },
      ],
    });
    runtime.exit(await pidOf(root, 'branch'), 'kill');
    await clock.settle();
    await root.whichChildren();
    expect(made.log.filter((line) => line.startsWith('start'))).toEqual(['start leaf 1', 'start leaf 2']);
    const error = await failure(startSupervisor(runtime, () => ignore));
    expect(error).toBeInstanceOf(StartError);
    expect((error as StartError).reason).toBe('ignore');
  });

  test('one that is stopped while its function is still asked ends at once, and starts nobody', async () => {
    const { runtime, clock } = world();
    const made = plan();
    let give: (spec: { children: [ReturnType<typeof child>] }) => void = () => {};
    const asked = new Promise<{ children: [ReturnType<typeof child>] }>((resolve) => (give = resolve));
    const controller = new AbortController();
    const start = reasonOf(startSupervisor(runtime, () => asked, { signal: controller.signal }));
    controller.abort('enough');
    expect(await start).toEqual({ canceled: 'enough' });
    give({ children: [child(made, 'a')] });
    await clock.settle();
    expect([made.log, runtime.alive]).toEqual([[], 0]);
  });

  test('a refused one says what and where, for people and for programs', () => {
    const error = checkChildSpecs([{ ...child(plan(), 'a'), shutdown: -1 }]) as SpecError;
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe('child spec a: shutdown must be brutalKill or milliseconds');
    expect([error.part, error.reason]).toEqual(['child_spec', { invalid_shutdown: -1 }]);
  });
});

describe('arguments of a dynamic supervisor', () => {
  test("extra arguments come before the child's own, at its restart too (T1)", async () => {
    const { runtime, clock } = world();
    const seen: unknown[] = [];
    const { start } = child(plan(), 'a');
    const ref = await startDynamicSupervisor(runtime, { extraArguments: ['extra'] });
    const pid = await ref.startChild({
      id: 'a',
      args: ['own'],
      start: (parent, ...args: unknown[]) => {
        seen.push(args);
        return start(parent);
      },
    });
    runtime.exit(pid as Process, 'kill');
    await clock.settle();
    expect(seen).toEqual([
      ['extra', 'own'],
      ['extra', 'own'],
    ]);
  });

  test.each([
    [{ maxChildren: -1 }, { invalid_max_children: -1 }],
    [{ extraArguments: 'x' as never }, { invalid_extra_arguments: 'x' }],
    [{ autoShutdown: 'x' as never }, { invalid_auto_shutdown: 'x' }],
  ])('refuses %o', async (spec, reason) => {
    const { runtime } = world();
    const error = await reasonOf(startDynamicSupervisor(runtime, spec));
    expect(error).toMatchObject({ part: 'supervisor_data', reason });
  });

  test('a pid from before the last restart is nobody, also while the child restarts again', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const ref = await startDynamicSupervisor(runtime, { intensity: 1_000_000 });
    const first = (await ref.startChild(child(made, 'a'))) as Process;
    runtime.exit(first, 'kill');
    await clock.settle();
    const second = (await ref.whichChildren())[0]?.pid as Process;
    made.failures.set('a', 50);
    runtime.exit(second, 'kill');
    await ref.terminateChild(first);
    await clock.settle();
    expect((await ref.countChildren()).specs).toBe(1);
    expect((await ref.whichChildren())[0]?.pid).toMatchObject({ alive: true });
  });
});

describe('reports (R1, R2)', () => {
  const specs = (reports: readonly Report[], tag: string): unknown[] =>
    reports.flatMap((report) => (report.tag === tag && 'spec' in report ? [report.spec] : []));

  test('progress and supervisor reports tell the specification and the process, not what it runs', async () => {
    const { runtime, reports, clock } = world();
    const spec = { ...child(plan(), 'a', { restart: 'transient', shutdown: 7 }), args: ['secret'] };
    const ref = await startSupervisor(runtime, {
      autoShutdown: 'anySignificant',
      children: [{ ...spec, significant: true }],
    });
    const pid = await pidOf(ref, 'a');
    const told = { id: 'a', pid, restart: 'transient', shutdown: 7, significant: true, type: 'worker' };
    expect(specs(reports, 'progress')).toEqual([told]);
    runtime.exit(pid, 'kill');
    await clock.settle();
    expect(specs(reports, 'supervisor')).toEqual([told]);
  });

  test('the many of one template make no progress reports', async () => {
    const { runtime, reports } = world();
    const ref = await startDynamicSupervisor(runtime, { template: child(plan(), 'a') });
    await ref.startChild([]);
    const free = await startDynamicSupervisor(runtime);
    await free.startChild(child(plan(), 'b'));
    expect(reports.map((report) => [report.tag, 'child' in report && report.child])).toEqual([
      ['progress', 'b'],
    ]);
  });
});

test('a start function that gives nonsense is a failed start; the supervisor lives', async () => {
  const { runtime } = world();
  const ref = await startSupervisor(runtime, { children: [] });
  for (const nonsense of [undefined, null, 5, {}, { tag: 'ok' }, { tag: 'error' }]) {
    expect(await reasonOf(ref.startChild({ id: 'x', start: () => nonsense as never }))).toEqual(nonsense);
    expect(await reasonOf(ref.startChild(nonsense as never))).toBeInstanceOf(SpecError);
  }
  expect((await new SupervisorRef(runtime, ref.pid as Process).countChildren()).specs).toBe(0);
});
