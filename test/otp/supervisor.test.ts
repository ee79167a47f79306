import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import type { ChildSpec } from '../../src/otp/child-spec.ts';
import { DynamicSupervisorRef, startDynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import { startServerLink } from '../../src/otp/gen-server.ts';
import { startSupervisor, supervisor, type SupervisorSpec } from '../../src/otp/supervisor.ts';
import type { StartError } from '../../src/otp/errors.ts';
import { failure, recorder, seededWorld, spawn, world } from '../actor/world.ts';
import { child, pidOf, pids, plan, type Plan } from './tree.ts';

const ABC = (made: Plan, options: Parameters<typeof child>[2] = {}): ChildSpec[] =>
  ['a', 'b', 'c'].map((id) => child(made, id, options));

const begin = async (
  spec: Omit<SupervisorSpec, 'children'>,
  children: (made: Plan) => ChildSpec[],
  from = world(),
) => {
  const made = plan();
  const ref = await startSupervisor(from.runtime, { intensity: 10, ...spec, children: children(made) });
  const kill = async (id: string, reason: unknown = 'kill'): Promise<void> => {
    from.runtime.exit(await pidOf(ref, id), reason);
    await from.clock.settle();
  };
  return { ...from, ...made, made, ref, kill, self: ref.pid as Process };
};

describe('start', () => {
  test('in list order, each after the one before has finished init', async () => {
    const { log } = await begin({}, (made) => [
      child(made, 'a', { slow: true }),
      child(made, 'b'),
      child(made, 'c', { slow: true }),
    ]);
    expect(log).toEqual(['start a', 'start b', 'start c']);
  });

  test('one that fails stops those already started in reverse; the start fails with its id and reason', async () => {
    const { runtime, reports } = world();
    const made = plan();
    made.failures.set('c', 1);
    const error = (await failure(startSupervisor(runtime, { children: ABC(made) }))) as StartError;
    expect(error.reason).toEqual({ shutdown: { failed_to_start_child: 'c', reason: 'no start' } });
    expect(made.log).toEqual(['start a', 'start b', 'fail c', 'stop b shutdown', 'stop a shutdown']);
    expect(runtime.alive).toBe(0);
    expect(reports.filter(({ tag }) => tag === 'supervisor')).toMatchObject([
      { context: 'start_error', child: 'c' },
    ]);
  });

  test('a start function that throws or rejects is a failed start', async () => {
    for (const start of [
      () => {
        throw new Error('bad');
      },
      () => Promise.reject(new Error('bad')),
    ]) {
      const { runtime } = world();
      const error = (await failure(
        startSupervisor(runtime, { children: [{ id: 'a', start }] }),
      )) as StartError;
      expect(error.message).toContain('bad');
    }
  });

  test('a child that says ignore is kept without a pid, a temporary one is not kept', async () => {
    const start = () => ({ tag: 'ignore' as const });
    const { ref } = await begin({}, () => [
      { id: 'a', start },
      { id: 'b', start, restart: 'temporary' },
    ]);
    expect(await pids(ref)).toEqual({ a: undefined });
    expect(await ref.countChildren()).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 1 });
  });

  test.each([
    [{ strategy: 'all' as never, children: [] }],
    [{ intensity: -1, children: [] }],
    [{ period: 0, children: [] }],
    [{ children: [{ id: '', start: () => ({ tag: 'ignore' as const }) }] }],
    [{ children: [{ id: 'a', start: 1 as never }] }],
    [{ children: [{ id: 'a', start: () => ({ tag: 'ignore' as const }), restart: 'never' as never }] }],
    [{ children: [{ id: 'a', start: () => ({ tag: 'ignore' as const }), shutdown: -1 }] }],
    [{ children: [{ id: 'a', start: () => ({ tag: 'ignore' as const }), type: 'boss' as never }] }],
    [{ children: ['a', 'a'].map((id) => ({ id, start: () => ({ tag: 'ignore' as const }) })) }],
  ] satisfies [SupervisorSpec][])('refuses a specification that makes no sense: %o', async (spec) => {
    const { runtime } = world();
    expect(((await failure(startSupervisor(runtime, spec))) as StartError).reason).toBeInstanceOf(TypeError);
    expect(runtime.alive).toBe(0);
  });
});

describe('stop', () => {
  test('in reverse start order, each after the one before is dead', async () => {
    const { ref, log, clock } = await begin({}, (made) => [
      child(made, 'a'),
      child(made, 'b', { linger: 50 }),
      child(made, 'c', { linger: 10 }),
    ]);
    log.length = 0;
    const stopped = ref.stop();
    await clock.advance(9);
    expect(log).toEqual(['stop c shutdown']);
    await clock.advance(100);
    expect(log).toEqual(['stop c shutdown', 'stop b shutdown', 'stop a shutdown']);
    expect(await stopped).toBe('shutdown');
    expect(await ref.stop()).toBe('noproc');
  });

  test('a child that does not go within its shutdown time is killed, and that is reported', async () => {
    const { ref, clock, reports, runtime } = await begin({}, (made) => [
      child(made, 'a', { linger: 1_000_000, shutdown: 100 }),
    ]);
    reports.length = 0;
    const stopped = ref.stop();
    await clock.advance(99);
    expect(runtime.alive).toBe(2);
    await clock.advance(1);
    expect(await stopped).toBe('shutdown');
    expect(reports).toMatchObject([{ context: 'shutdown_error', child: 'a', reason: 'killed' }]);
    expect(runtime.alive).toBe(0);
  });

  test('Infinity waits, brutalKill does not ask; neither is reported', async () => {
    const { ref, clock, log, reports } = await begin({}, (made) => [
      child(made, 'a', { linger: 1_000_000, shutdown: Infinity }),
      child(made, 'b', { shutdown: 'brutalKill' }),
    ]);
    log.length = 0;
    reports.length = 0;
    const stopped = ref.stop();
    await clock.advance(1_000_000);
    expect(await stopped).toBe('shutdown');
    expect(log).toEqual(['stop a shutdown']);
    expect(reports).toEqual([]);
  });

  test('a child that unlinked itself cannot hang its supervisor', async () => {
    const { ref, self, clock } = await begin({}, ABC);
    (await pidOf(ref, 'b')).unlink(self);
    const stopped = ref.stop();
    await clock.settle();
    expect(await stopped).toBe('shutdown');
  });

  test('the death of the parent ends the whole tree, deepest first, with its reason', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const parent = spawn(runtime);
    const { startSupervisorLink } = await import('../../src/otp/supervisor.ts');
    await startSupervisorLink(parent, {
      children: [child(made, 'a'), supervisor('s', { children: [child(made, 'b')] })],
    });
    made.log.length = 0;
    runtime.exit(parent, 'gone');
    await clock.settle();
    expect(made.log).toEqual(['stop b shutdown', 'stop a shutdown']);
    expect(runtime.alive).toBe(0);
  });

  test('children end by themselves while the supervisor stops a slow one: each keeps its own reason', async () => {
    const { ref, clock, runtime, self } = await begin({}, (made) => [
      child(made, 'a'),
      child(made, 'b'),
      child(made, 'slow', { linger: 100 }),
    ]);
    const [a, b] = [await pidOf(ref, 'a'), await pidOf(ref, 'b')];
    const stopped = ref.stop();
    await clock.advance(10);
    runtime.cast(a, 'no request');
    runtime.exit(b, 'kill');
    await clock.advance(100);
    expect(await stopped).toBe('shutdown');
    expect(String(a.reason)).toContain('undef');
    expect(b.reason).toBe('killed');
    expect(self.alive).toBe(false);
  });
});

/** A child whose second start takes 50 ms. */
function slowAgain(id: string, starts: { count: number }): ChildSpec {
  return {
    id,
    start: (parent) =>
      startServerLink(parent, {
        init: (_: undefined, self) =>
          ++starts.count === 1
            ? null
            : new Promise<null>((resolve) => {
                self.runtime.timers.after(50, () => resolve(null));
              }),
      }),
  };
}

test.each(['static', 'dynamic'])(
  'a %s supervisor that is stopped while a child is being restarted reports no failed start',
  async (kind) => {
    const { runtime, clock, reports } = world();
    const starts = { count: 0 };
    const spec = slowAgain('slow', starts);
    const sup =
      kind === 'static'
        ? await startSupervisor(runtime, { children: [spec] })
        : await startDynamicSupervisor(runtime);
    const pid = sup instanceof DynamicSupervisorRef ? await sup.startChild(spec) : await pidOf(sup, 'slow');
    runtime.exit(pid as Process, 'kill');
    await clock.settle();
    expect(starts.count).toBe(2);
    const stopped = sup.stop();
    await clock.settle();
    expect(await stopped).toBe('shutdown');
    expect([starts.count, runtime.alive]).toEqual([2, 0]);
    expect(reports.flatMap((report) => (report.tag === 'supervisor' ? [report.context] : []))).toEqual([
      'child_terminated',
    ]);
  },
);

test('a mass death does not close the door of a supervisor: those who ask in the same turn are answered', async () => {
  const { runtime } = world();
  const made = plan();
  const dynamic = await startDynamicSupervisor(runtime, { intensity: 5_000 });
  const children = Array.from({ length: 2_000 }, (_, n) => `c${n}`);
  for (const id of children) await dynamic.startChild(child(made, id));
  for (const process of childrenOf(dynamic.pid as Process)) runtime.exit(process, 'kill');
  expect(await dynamic.countChildren()).toMatchObject({ active: 2_000 });
  for (const other of (await dynamic.whichChildren()).slice(0, 1_500))
    runtime.exit(other.pid as Process, 'kill');
  expect(await dynamic.startChild(child(made, 'one more'))).toBeDefined();
  const { ref, self } = await begin({ intensity: 5_000 }, () => children.map((id) => child(made, id)));
  for (const process of childrenOf(self)) ref.runtime.exit(process, 'kill');
  expect(await ref.countChildren()).toMatchObject({ active: 2_000 });
  // whoever says otherwise decides
  const small = await startDynamicSupervisor(runtime, {}, { mailbox: 3 });
  expect([self.bound, (small.pid as Process).bound]).toEqual([16_384, 3]);
});

describe('strategies', () => {
  test('oneForOne restarts the one that ended; its siblings keep their pids', async () => {
    const { ref, kill } = await begin({ strategy: 'oneForOne' }, ABC);
    const before = await pids(ref);
    await kill('b');
    const after = await pids(ref);
    expect([after['a'] === before['a'], after['b'] === before['b'], after['c'] === before['c']]).toEqual([
      true,
      false,
      true,
    ]);
    expect(Object.keys(after)).toEqual(['a', 'b', 'c']);
  });

  test('oneForAll stops all others in reverse, then starts all in order', async () => {
    const { kill, log } = await begin({ strategy: 'oneForAll' }, ABC);
    log.length = 0;
    await kill('b');
    expect(log).toEqual(['stop c shutdown', 'stop a shutdown', 'start a', 'start b', 'start c']);
  });

  test('restForOne restarts that one and those started after it', async () => {
    const { ref, kill, log } = await begin({ strategy: 'restForOne' }, ABC);
    const a = await pidOf(ref, 'a');
    log.length = 0;
    await kill('b');
    expect(log).toEqual(['stop c shutdown', 'start b', 'start c']);
    expect(await pidOf(ref, 'a')).toBe(a);
  });

  test('siblings that died of the same cause count as one restart of the group', async () => {
    const { ref, runtime, clock, log } = await begin({ strategy: 'oneForAll', intensity: 1 }, ABC);
    const all = await pids(ref);
    log.length = 0;
    for (const pid of Object.values(all)) runtime.exit(pid as Process, 'kill');
    await clock.settle();
    expect(log).toEqual(['start a', 'start b', 'start c']);
  });

  test('a group restart removes temporary siblings for good and also starts those without a pid', async () => {
    for (const strategy of ['oneForAll', 'restForOne'] as const) {
      const { ref, kill } = await begin({ strategy }, (made) => [
        child(made, 'first'),
        child(made, 'gone', { restart: 'temporary' }),
        child(made, 'stopped', { restart: 'transient' }),
      ]);
      await ref.terminateChild('stopped');
      await kill('first');
      const after = await pids(ref);
      expect(Object.keys(after)).toEqual(['first', 'stopped']);
      expect((after['stopped'] as Process).alive).toBe(true);
    }
  });

  test('a sibling that fails in a group restart: oneForAll starts again with the first child', async () => {
    const { kill, log, failures } = await begin({ strategy: 'oneForAll' }, ABC);
    log.length = 0;
    failures.set('b', 1);
    await kill('c');
    expect(log).toEqual([
      'stop b shutdown',
      'stop a shutdown',
      'start a',
      'fail b',
      'stop a shutdown',
      'start a',
      'start b',
      'start c',
    ]);
  });

  test('a sibling that fails in a group restart: restForOne goes on from the one that failed', async () => {
    const { kill, log, failures } = await begin({ strategy: 'restForOne' }, ABC);
    log.length = 0;
    failures.set('b', 2);
    await kill('a');
    expect(log).toEqual([
      'stop c shutdown',
      'stop b shutdown',
      'start a',
      'fail b',
      'fail b',
      'start b',
      'start c',
    ]);
  });
});

describe('restart types', () => {
  const REASONS: readonly (readonly [reason: unknown, orderly: boolean])[] = [
    ['normal', true],
    ['shutdown', true],
    [{ shutdown: 'x' }, true],
    ['boom', false],
  ];
  test.each(['permanent', 'transient', 'temporary'] as const)(
    '%s, after each kind of end',
    async (restart) => {
      for (const [reason, orderly] of REASONS) {
        const { ref, runtime, clock } = await begin({}, (made) => [child(made, 'a', { restart })]);
        const before = await pidOf(ref, 'a');
        const { Request } = await import('../../src/otp/server-ref.ts');
        runtime.cast(before, new Request('end', reason));
        await clock.settle();
        const now = await pids(ref);
        expect(before.reason).toBe(reason);
        if (restart === 'temporary') expect(now).toEqual({});
        else if (restart === 'transient' && orderly) expect(now).toEqual({ a: undefined });
        else expect([(now['a'] as Process).alive, now['a'] === before]).toEqual([true, false]);
      }
    },
  );

  test('the end of a child is reported: permanent always, the others unless orderly', async () => {
    for (const [restart, reason, count] of [
      ['permanent', 'normal', 1],
      ['transient', 'normal', 0],
      ['temporary', 'shutdown', 0],
      ['transient', 'boom', 1],
      ['temporary', 'boom', 1],
    ] as const) {
      const { ref, runtime, clock, reports } = await begin({}, (made) => [child(made, 'a', { restart })]);
      const pid = await pidOf(ref, 'a');
      reports.length = 0;
      runtime.die(pid, reason);
      await clock.settle();
      expect(reports.filter(({ tag }) => tag === 'supervisor').length).toBe(count);
    }
  });
});

describe('intensity', () => {
  test('`intensity` restarts within the period are tolerated, one more ends it with shutdown, children stopped in reverse', async () => {
    const { kill, clock, self, log, reports, runtime } = await begin({ intensity: 2, period: 1_000 }, ABC);
    await kill('b');
    await clock.advance(500);
    await kill('b');
    expect(self.alive).toBe(true);
    await clock.advance(500);
    log.length = 0;
    await kill('b');
    expect(self.reason).toBe('shutdown');
    expect(log).toEqual(['stop c shutdown', 'stop a shutdown']);
    expect(reports.at(-1)).toMatchObject({
      context: 'shutdown',
      reason: 'reached_max_restart_intensity',
      child: 'b',
    });
    expect(runtime.alive).toBe(0);
  });

  test('restarts outside the period are forgotten, 1 ms past its edge', async () => {
    const { kill, clock, self } = await begin({ intensity: 1, period: 1_000 }, ABC);
    for (let i = 0; i < 10; i++) {
      await kill('b');
      await clock.advance(1_001);
    }
    expect(self.alive).toBe(true);
  });

  test('with intensity 0 the first crash ends it', async () => {
    const { kill, self } = await begin({ intensity: 0 }, ABC);
    await kill('b');
    expect(self.reason).toBe('shutdown');
  });

  test('a restart that keeps failing uses up the intensity, and every try counts', async () => {
    const { kill, self, log, failures } = await begin({ intensity: 5 }, ABC);
    failures.set('b', Infinity);
    log.length = 0;
    await kill('b');
    expect(self.reason).toBe('shutdown');
    expect(log.filter((line) => line === 'fail b').length).toBe(5);
  });

  test('a child that crashes at start below three levels escalates to the root with the computed number of starts', async () => {
    const all = world();
    const made = plan();
    const nest = (id: string, children: ChildSpec[]): ChildSpec => supervisor(id, { intensity: 2, children });
    const root = await startSupervisor(all.runtime, {
      intensity: 2,
      children: [nest('one', [nest('two', [child(made, 'leaf')])])],
    });
    const leaf = (): Process => {
      let at = root.pid as Process;
      while (at.firstChild !== null) at = at.firstChild;
      return at;
    };
    made.failures.set('leaf', Infinity);
    made.log.length = 0;
    all.runtime.exit(leaf(), 'kill');
    await all.clock.settle();
    // `two` tries twice and gives up; each of the two restarts of `two` by `one`, and of `one` by the root, fails in its only start
    expect(made.log.filter((line) => line === 'fail leaf').length).toBe(2 + 2 + 2);
    expect(all.runtime.alive).toBe(0);
    expect(all.runtime.timers.size).toBe(0);
  });

  test('10,000 permanent children killed in one stroke come back, ids unique', async () => {
    const { ref, runtime, clock, self } = await begin({ intensity: 10_000 }, (made) =>
      Array.from({ length: 10_000 }, (_, i) => child(made, String(i))),
    );
    for (const process of childrenOf(self)) runtime.exit(process, 'kill');
    await clock.settle();
    const after = await ref.whichChildren();
    expect(new Set(after.map(({ id }) => id)).size).toBe(10_000);
    expect(new Set(after.map(({ pid }) => pid)).size).toBe(10_000);
    expect(after.every(({ pid }) => (pid as Process).alive)).toBe(true);
  });
});

describe('a supervisor', () => {
  test('answers and stops between the tries of a restart that fails', async () => {
    const { kill, ref, failures, self, clock, runtime } = await begin({ intensity: 1_000_000 }, ABC);
    failures.set('b', 40);
    const listed = kill('b').then(() => undefined);
    const during = await ref.whichChildren();
    expect(during.length).toBe(3);
    await listed;
    failures.set('b', Infinity);
    const b = await pidOf(ref, 'b');
    runtime.exit(b, 'kill');
    const stopped = ref.stop();
    await clock.settle();
    await stopped;
    expect([b.alive, self.alive]).toEqual([false, false]);
  });

  test('a full mailbox does not lose the restart of a child', async () => {
    const { kill, ref, failures, self, runtime, clock } = await begin({ intensity: 10 }, ABC);
    failures.set('b', 1);
    self.bound = 1;
    const done = kill('b');
    runtime.send(self, 'fills the mailbox');
    await done;
    await clock.settle();
    expect((await pidOf(ref, 'b')).alive).toBe(true);
  });

  test('ignores exits of strangers, reports other messages, and lives', async () => {
    const { runtime, self, clock, reports } = await begin({}, ABC);
    const stranger = spawn(runtime);
    self.link(stranger);
    runtime.exit(stranger, 'gone');
    reports.length = 0;
    runtime.send(self, 'hello');
    await clock.settle();
    expect(self.alive).toBe(true);
    expect(reports).toMatchObject([{ tag: 'unhandled', kind: 'string', message: 'hello' }]);
  });

  test('an exit signal that a living child or somebody else sends is no end of a child', async () => {
    const { runtime, self, clock, ref } = await begin({}, ABC);
    const before = await pids(ref);
    const other = await begin({}, ABC, { runtime, clock, reports: [] });
    const foreign = await pidOf(other.ref, 'a');
    self.link(foreign);
    runtime.exit(self, 'boom');
    runtime.exit(self, 'boom', before['a'] as Process);
    runtime.exit(foreign, 'kill');
    await clock.settle();
    expect(await pids(ref)).toEqual(before);
    expect([...childrenOf(self)].length).toBe(3);
    expect([...childrenOf(other.self)].length).toBe(3);
  });

  test('killed while it starts leaves nothing behind', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const started = failure(
      startSupervisor(runtime, {
        children: [child(made, 'a'), child(made, 'b', { slow: true }), child(made, 'c')],
      }),
    );
    runtime.exit([...childrenOf(runtime)][0] as Process, 'kill');
    await started;
    await clock.settle();
    expect(runtime.alive).toBe(0);
    expect(made.log).not.toContain('start c');
  });

  test('nested: a crash stays local, an escalation restarts the branch, and nobody outside it', async () => {
    const all = world();
    const made = plan();
    const ref = await startSupervisor(all.runtime, {
      intensity: 1,
      children: [supervisor('left', { intensity: 1, children: ABC(made) }), child(made, 'right')],
    });
    const left = await pidOf(ref, 'left');
    const right = await pidOf(ref, 'right');
    all.runtime.exit(left.firstChild as Process, 'kill');
    await all.clock.settle();
    expect(await pidOf(ref, 'left')).toBe(left);
    all.runtime.exit(left.firstChild as Process, 'kill');
    await all.clock.settle();
    const next = await pidOf(ref, 'left');
    expect(next).not.toBe(left);
    expect([...childrenOf(next)].map(({ label }) => label)).toEqual(['a', 'b', 'c']);
    expect(await pidOf(ref, 'right')).toBe(right);
  });

  test('under any seed: whatever is killed, nobody lives below a dead supervisor, and restarts obey the intensity', async () => {
    for (let seed = 0; seed < 200; seed++) {
      const { runtime, clock, self, ref } = await begin(
        {
          strategy: (['oneForOne', 'oneForAll', 'restForOne'] as const)[seed % 3] as 'oneForOne',
          intensity: 3,
          period: 1_000,
        },
        (made) => [
          child(made, 'a'),
          supervisor('s', { intensity: 2, period: 500, children: ABC(made, { slow: seed % 2 === 0 }) }),
          child(made, 'b', { linger: 5 }),
        ],
        seededWorld(seed),
      );
      const random = runtime.random.fork(`kills ${seed}`);
      for (let i = 0; i < 12 && self.alive; i++) {
        const all = [...childrenOf(self)].flatMap((top) => [top, ...childrenOf(top)]);
        const victim = random.u32() % 12 === 0 ? self : (all[random.u32() % (all.length || 1)] ?? self);
        runtime.exit(victim, random.u32() % 2 === 0 ? 'kill' : 'boom');
        if (random.u32() % 3 > 0) await clock.advance(random.u32() % 200);
      }
      await clock.advance(1_000);
      if (self.alive) {
        expect((await ref.countChildren()).active).toBe(3);
        expect(runtime.alive).toBe(7);
      } else expect(runtime.alive).toBe(0);
      const stopped = ref.stop();
      await clock.advance(10_000);
      await stopped;
      expect(runtime.alive).toBe(0);
      expect(runtime.timers.size).toBe(0);
    }
  });
});

describe('whoever watches', () => {
  test('sees the supervisor end with shutdown when it gives up', async () => {
    const { runtime, kill, self, clock } = await begin({ intensity: 0 }, ABC);
    const { pid, inbox } = recorder(runtime);
    pid.monitor(self);
    await kill('a');
    await clock.settle();
    expect(inbox).toMatchObject([{ message: { reason: 'shutdown' } }]);
  });
});
