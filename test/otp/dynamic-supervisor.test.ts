import { describe, expect, test } from 'vitest';
import type { Pid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import {
  dynamicSupervisor,
  startDynamicChild,
  startDynamicSupervisor,
  type DynamicSupervisorSpec,
} from '../../src/otp/dynamic-supervisor.ts';
import { startSupervisor } from '../../src/otp/supervisor.ts';
import { reasonOf, seededWorld, spawn, world } from '../actor/world.ts';
import { child, pidOf, plan } from './tree.ts';

const begin = async (spec: DynamicSupervisorSpec = {}, from = world()) => {
  const made = plan();
  const ref = await startDynamicSupervisor(from.runtime, { intensity: 10, ...spec });
  return { ...from, ...made, made, ref, self: ref.pid as Process };
};

describe('startChild', () => {
  test('starts children addressed by pid, also many of one id', async () => {
    const { ref, made, self } = await begin();
    const started = [await ref.startChild(child(made, 'x')), await ref.startChild(child(made, 'x'))];
    expect([...childrenOf(self)]).toEqual(started);
    expect((await ref.countChildren()).workers).toBe(2);
  });

  test('more than maxChildren is max_children and nothing starts; a place that is free again is given', async () => {
    const { ref, made, runtime, clock } = await begin({ maxChildren: 1 });
    const pid = (await ref.startChild(child(made, 'a', { restart: 'temporary' }))) as Pid;
    expect(await reasonOf(ref.startChild(child(made, 'b')))).toBe('max_children');
    expect(made.log).toEqual(['start a']);
    runtime.exit(pid, 'kill');
    await clock.settle();
    expect(await ref.startChild(child(made, 'c'))).toBeDefined();
  });

  test('a failed start, ignore, and a specification that makes no sense keep nothing', async () => {
    const { ref, made, failures } = await begin({ maxChildren: 1 });
    failures.set('a', 1);
    expect(await reasonOf(ref.startChild(child(made, 'a')))).toBe('no start');
    expect(await ref.startChild({ id: 'i', start: () => ({ tag: 'ignore' }) })).toBeUndefined();
    expect(await reasonOf(ref.startChild({ id: '', start: () => ({ tag: 'ignore' }) }))).toBeInstanceOf(
      TypeError,
    );
    expect((await ref.countChildren()).workers).toBe(0);
  });

  test('a supervisor that is stopping or dead starts nobody', async () => {
    const { ref, made, self, clock } = await begin();
    await ref.startChild(child(made, 'slow', { linger: 100 }));
    const stopped = ref.stop();
    await clock.advance(1);
    expect(startDynamicChild(self, child(made, 'late'))).toEqual({ tag: 'error', reason: 'noproc' });
    await clock.advance(100);
    expect(await stopped).toBe('shutdown');
    expect(startDynamicChild(self, child(made, 'late'))).toEqual({ tag: 'error', reason: 'noproc' });
    expect(made.log).not.toContain('start late');
  });

  test.each([[{ intensity: -1 }], [{ period: 0 }]])('refuses %o', async (spec) => {
    expect(await reasonOf(begin(spec))).toBeInstanceOf(TypeError);
  });
});

describe('restarts', () => {
  test('permanent and transient children come back, temporary ones leave nothing', async () => {
    const { ref, made, runtime, clock, self } = await begin();
    const start = async (id: string, restart: 'permanent' | 'transient' | 'temporary'): Promise<Process> =>
      (await ref.startChild(child(made, id, { restart }))) as Process;
    const all = [await start('p', 'permanent'), await start('t', 'transient'), await start('x', 'temporary')];
    for (const process of all) runtime.exit(process, 'kill');
    await clock.settle();
    expect([...childrenOf(self)].map(({ label }) => label)).toEqual(['p', 't']);
    expect((await ref.countChildren()).workers).toBe(2);
    expect(all[2]?.child).toBeNull();
  });

  test('more than `intensity` restarts within the period end it with shutdown', async () => {
    const { ref, made, runtime, clock, self } = await begin({ intensity: 2, period: 100 });
    await ref.startChild(child(made, 'a'));
    await ref.startChild(child(made, 'b'));
    for (let i = 0; i < 3; i++) {
      expect(self.alive).toBe(true);
      runtime.exit(self.firstChild as Process, 'kill');
      await clock.settle();
    }
    expect(self.reason).toBe('shutdown');
    expect(runtime.alive).toBe(0);
  });

  test('a restart that fails is tried again, counting every try; temporary crashes count nothing', async () => {
    const { ref, made, failures, runtime, clock, self } = await begin({ intensity: 3 });
    for (let i = 0; i < 20; i++) {
      runtime.exit((await ref.startChild(child(made, 'temp', { restart: 'temporary' }))) as Pid, 'kill');
    }
    const pid = (await ref.startChild(child(made, 'a'))) as Pid;
    failures.set('a', 2);
    runtime.exit(pid, 'kill');
    await clock.settle();
    expect(self.alive).toBe(true);
    expect((await ref.countChildren()).workers).toBe(1);
    failures.set('a', 1);
    runtime.exit(self.firstChild as Process, 'kill');
    await clock.settle();
    expect(self.reason).toBe('shutdown');
  });

  test('while a restart fails the child is counted, and its old pid can still be terminated', async () => {
    const { ref, made, failures, runtime, clock, self } = await begin({ intensity: 1_000_000 });
    const pid = (await ref.startChild(child(made, 'a'))) as Pid;
    failures.set('a', Infinity);
    runtime.exit(pid, 'kill');
    const [{ workers: before }, , { workers: after }] = await Promise.all([
      ref.countChildren(),
      ref.terminateChild(pid),
      ref.countChildren(),
    ]);
    expect([before, after]).toEqual([1, 0]);
    const tries = made.log.length;
    await clock.settle();
    expect([made.log.length, self.alive]).toEqual([tries, true]);
  });
});

describe('terminateChild', () => {
  test('stops a child for good', async () => {
    const { ref, made, clock, log } = await begin();
    const pid = (await ref.startChild(child(made, 'a'))) as Process;
    await ref.terminateChild(pid);
    await clock.settle();
    expect(pid.alive).toBe(false);
    expect(log).toEqual(['start a', 'stop a shutdown']);
    expect((await ref.countChildren()).workers).toBe(0);
  });

  test('a dead pid is fine and changes nothing, a living stranger is not_found and untouched', async () => {
    const { ref, made, runtime, clock } = await begin();
    const pid = (await ref.startChild(child(made, 'a', { restart: 'temporary' }))) as Process;
    await ref.startChild(child(made, 'b'));
    runtime.exit(pid, 'kill');
    await ref.terminateChild(pid);
    await clock.settle();
    await ref.terminateChild(pid);
    const stranger = spawn(runtime);
    expect(await reasonOf(ref.terminateChild(stranger))).toBe('not_found');
    expect(stranger.alive).toBe(true);
    expect((await ref.countChildren()).workers).toBe(1);
  });
});

describe('stop', () => {
  test('asks all at once: 1 s, 2 s and one that is killed after its 2 s take 2 s together', async () => {
    const { ref, made, clock, reports, runtime } = await begin();
    for (const [id, linger] of [
      ['a', 1_000],
      ['b', 1_500],
      ['c', 5_000],
      ['d', 5_000],
    ] as const) {
      await ref.startChild(child(made, id, { linger, shutdown: 2_000 }));
    }
    reports.length = 0;
    const stopped = ref.stop();
    await clock.advance(1_999);
    expect(runtime.alive).toBe(3);
    await clock.advance(1);
    expect(await stopped).toBe('shutdown');
    expect(reports).toMatchObject([{ context: 'shutdown_error', reason: 'killed', decision: '2 stopped' }]);
    expect(runtime.alive).toBe(0);
  });

  test('when it is killed, its children go too, also those that trap', async () => {
    const { ref, made, runtime, clock, self } = await begin();
    for (const id of ['a', 'b']) await ref.startChild(child(made, id));
    runtime.exit(self, 'kill');
    await clock.settle();
    expect(runtime.alive).toBe(0);
  });
});

describe('scale', () => {
  test('100,000 children start and stop', async () => {
    const { self, runtime, ref } = await begin();
    const spec = {
      id: 'idle',
      restart: 'temporary' as const,
      start: (parent: unknown) => ({
        tag: 'ok' as const,
        pid: spawn(runtime, undefined, { parent: parent as Process }),
      }),
    };
    const started: unknown[] = [];
    for (let i = 0; i < 100_000; i++) started.push(startDynamicChild(self, spec));
    expect(runtime.alive).toBe(100_001);
    expect((await ref.countChildren()).workers).toBe(100_000);
    expect(await ref.stop()).toBe('shutdown');
    expect(runtime.alive).toBe(0);
  });
});

describe('dynamicSupervisor', () => {
  test('is a child specification: it hangs in a tree and is restarted empty', async () => {
    const { runtime, clock } = world();
    const made = plan();
    const root = await startSupervisor(runtime, {
      children: [dynamicSupervisor('pool', { maxChildren: 2 })],
    });
    const pool = await pidOf(root, 'pool');
    await startDynamicChild(pool, child(made, 'a'));
    runtime.exit(pool, 'kill');
    await clock.settle();
    const next = await pidOf(root, 'pool');
    expect(next).not.toBe(pool);
    expect([...childrenOf(next)]).toEqual([]);
    expect(runtime.alive).toBe(2);
  });
});

test('under any seed: starts, kills and terminates leave the count equal to the children', async () => {
  for (let seed = 0; seed < 200; seed++) {
    const { ref, made, runtime, clock, self } = await begin({ intensity: 1_000 }, seededWorld(seed));
    const random = runtime.random.fork(`dynamic ${seed}`);
    const all: Pid[] = [];
    const jobs: Promise<unknown>[] = [];
    for (let i = 0; i < 40; i++) {
      const restart = (['permanent', 'transient', 'temporary'] as const)[random.u32() % 3] as 'permanent';
      const pick = all[random.u32() % (all.length || 1)];
      const choice = random.u32() % 4;
      if (choice < 2 || pick === undefined)
        jobs.push(
          ref
            .startChild(child(made, 'x', { restart, slow: random.u32() % 2 === 0 }))
            .then((pid) => all.push(pid as Pid)),
        );
      else if (choice === 2) runtime.exit(pick, 'kill');
      else jobs.push(ref.terminateChild(pick).catch(() => undefined));
      if (random.u32() % 3 === 0) await clock.settle();
    }
    await Promise.all(jobs);
    await clock.settle();
    expect((await ref.countChildren()).workers).toBe([...childrenOf(self)].length);
    expect(runtime.alive).toBe(1 + (await ref.countChildren()).workers);
  }
});
