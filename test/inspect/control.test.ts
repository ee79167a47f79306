import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { actOn, find, type TraceEvent } from '../../src/inspect/control.ts';
import type { ActionResult } from '../../src/inspect/source.ts';
import { startDynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import { Request, ServerRef } from '../../src/otp/server-ref.ts';
import { startSupervisor, supervisor, worker } from '../../src/otp/supervisor.ts';
import { debugOf } from '../../src/otp/sys-debug.ts';
import { world as actorWorld } from '../actor/world.ts';

const SECRET = 'canary-5512';

interface Calls {
  add(n: number): number;
}

const counter: GenServer<void, number, Calls, { hang(over: Promise<void>): void }> = {
  label: 'counter',
  init: () => 0,
  handleCall: { add: (n, sum) => reply(sum + n, sum + n) },
  handleCast: {
    hang: async (over, sum) => {
      await over;
      return noReply(sum);
    },
  },
  handleInfo: (_message, sum) => noReply(sum),
};

/** Takes its time to end, and says when it may. */
const slowToEnd = (over: Promise<void>): GenServer<void, null> => ({
  label: 'slow',
  trapExit: true,
  init: () => null,
  terminate: () => over,
});

async function scene(more: readonly ReturnType<typeof worker>[] = []) {
  const world = actorWorld();
  const started = await startSupervisor(world.runtime, {
    strategy: 'oneForOne',
    intensity: 100,
    period: 1_000,
    children: [
      worker('counter', counter, undefined),
      worker('once', counter, undefined, { restart: 'temporary' }),
      supervisor('group', {
        strategy: 'oneForAll',
        intensity: 100,
        period: 1_000,
        children: [worker('a', counter, undefined), worker('b', counter, undefined)],
      }),
      ...more,
    ],
  });
  const root = started.pid as Process;
  const child = (id: string): Process => [...childrenOf(root)].find(({ info }) => info?.id === id)!;
  const group = (): Process => child('group');
  /** What it gives when so much time has passed. */
  const act = async (action: Parameters<typeof actOn>[1], ms = 0): Promise<ActionResult> => {
    const acting = actOn(root, action);
    await world.clock.advance(ms);
    return acting;
  };
  return { ...world, root, child, group, act };
}

const idOf = (process: Process): string => String(process);

describe('find', () => {
  test('finds each by its id, and nobody by that of another', async () => {
    const { root, group, child } = await scene();
    for (const process of [root, child('counter'), group(), [...childrenOf(group())][1]!])
      expect(find(root, idOf(process))).toBe(process);
    for (const id of ['', '<0.999>', '<1.2>', ' <0.1>', '__proto__', '0.1'])
      expect(find(root, id)).toBe(undefined);
  });
});

describe('actOn', () => {
  test('kill: it is dead at once, its supervisor starts another, the others live on', async () => {
    const { root, child, group, act, clock } = await scene();
    const [before, others] = [child('counter'), idOf(group())];
    expect(await act({ action: 'kill', id: idOf(before) })).toEqual({ ok: true, value: undefined });
    await clock.settle();
    expect([before.alive, before.reason, idOf(group())]).toEqual([false, 'killed', others]);
    expect(child('counter').alive).toBe(true);
    expect(root.alive).toBe(true);
  });

  test('terminate: it ends as it is told to, within the time, else it is killed', async () => {
    let end = (): void => {};
    const over = new Promise<void>((resolve) => (end = resolve));
    const all = await scene([
      worker('slow', slowToEnd(over), undefined, { restart: 'temporary', shutdown: Infinity }),
    ]);
    const counted = all.child('counter');
    expect(
      await all.act({ action: 'terminate', id: idOf(counted), reason: undefined, timeout: 100 }),
    ).toEqual({
      ok: true,
      value: 'shutdown',
    });
    const slow = all.child('slow');
    const told = await all.act({ action: 'terminate', id: idOf(slow), reason: SECRET, timeout: 100 }, 100);
    expect(told).toEqual({ ok: true, value: 'killed' });
    end();
  });

  test('terminate: words of others are not said again', async () => {
    const { child, act } = await scene();
    const told = await act({ action: 'terminate', id: idOf(child('counter')), reason: SECRET, timeout: 100 });
    expect(told).toEqual({ ok: true, value: `a string of ${SECRET.length} characters` });
  });

  test('suspend and resume: what comes in between waits', async () => {
    const { runtime, child, act, clock } = await scene();
    const process = child('counter');
    const ref = new ServerRef<Calls>(runtime, process);
    expect(await act({ action: 'suspend', id: idOf(process) })).toMatchObject({ ok: true });
    expect(process.suspended).toBe(true);
    let answer: unknown;
    const calling = ref.call('add', 3).then((sum) => (answer = sum));
    await clock.advance(1_000);
    expect(answer).toBe(undefined);
    // twice is once
    await act({ action: 'suspend', id: idOf(process) });
    expect(await act({ action: 'resume', id: idOf(process) })).toMatchObject({ ok: true });
    await clock.settle();
    await calling;
    expect(answer).toBe(3);
  });

  test('who is busy does not answer for ever', async () => {
    const { runtime, child, act, clock } = await scene();
    const process = child('counter');
    runtime.cast(process, new Request('hang', new Promise<void>(() => {})));
    await clock.settle();
    expect(await act({ action: 'suspend', id: idOf(process) }, 5_000)).toEqual({
      ok: false,
      error: { tag: 'timeout', message: 'timeout' },
    });
    expect(process.suspended).toBe(false);
  });

  test('the words somebody ended with are no tag of ours', async () => {
    const { runtime, child, act, clock } = await scene();
    const process = child('counter');
    let go = (): void => {};
    runtime.cast(process, new Request('hang', new Promise<void>((resolve) => (go = resolve))));
    await clock.settle();
    const acting = act({ action: 'suspend', id: idOf(process) });
    runtime.exit(process, SECRET);
    go();
    const told = await acting;
    expect(told.ok).toBe(false);
    expect(JSON.stringify(told)).not.toContain(SECRET);
  });

  test('restartChild: another one in its place, with a fresh state', async () => {
    const { root, child, act, runtime } = await scene();
    const before = child('counter');
    await new ServerRef<Calls>(runtime, before).call('add', 3);
    const order = [...childrenOf(root)].map(({ info }) => info?.id);
    const told = await act({ action: 'restartChild', id: idOf(before) });
    expect(told).toEqual({ ok: true, value: idOf(child('counter')) });
    expect([before.alive, child('counter') === before]).toEqual([false, false]);
    expect(new Set([...childrenOf(root)].map(({ info }) => info?.id))).toEqual(new Set(order));
    expect(await new ServerRef<Calls>(runtime, child('counter')).call('add', 0)).toBe(0);
  });

  test('restartChild: a supervisor comes back with all its children', async () => {
    const { child, act } = await scene();
    const before = child('group');
    await act({ action: 'restartChild', id: idOf(before) });
    expect([before.alive, [...childrenOf(child('group'))].length]).toEqual([false, 2]);
  });

  test('restartChild: nobody is ended whom nobody starts again', async () => {
    const { root, child, act, runtime } = await scene();
    const once = child('once');
    expect(await act({ action: 'restartChild', id: idOf(once) })).toMatchObject({
      error: { tag: 'temporary' },
    });
    expect(await act({ action: 'restartChild', id: idOf(root) })).toMatchObject({
      error: { tag: 'not_supervised' },
    });
    expect([once.alive, root.alive]).toEqual([true, true]);
    const dynamic = await startDynamicSupervisor(runtime);
    const session = (await dynamic.startChild(worker('session', counter, undefined))) as Process;
    expect(await actOn(dynamic.pid as Process, { action: 'restartChild', id: idOf(session) })).toMatchObject({
      ok: false,
      error: { tag: 'not_supervised', message: expect.stringContaining('supervisor') as string },
    });
    expect(session.alive).toBe(true);
  });

  test('restartChild: who needs too long for its end is answered for, and started again all the same', async () => {
    let end = (): void => {};
    const over = new Promise<void>((resolve) => (end = resolve));
    const { child, act, clock } = await scene([
      worker('slow', slowToEnd(over), undefined, { shutdown: Infinity }),
    ]);
    const before = child('slow');
    expect(await act({ action: 'restartChild', id: idOf(before) }, 60_000)).toMatchObject({
      error: { tag: 'timeout' },
    });
    end();
    await clock.settle();
    expect([before.alive, child('slow').alive]).toEqual([false, true]);
  });

  test('the dead, foreign ids and a tree that is gone are not found', async () => {
    const { root, child, act, runtime, clock } = await scene();
    const dead = idOf(child('counter'));
    await act({ action: 'kill', id: dead });
    await clock.settle();
    const verbs = [
      { action: 'kill' },
      { action: 'suspend' },
      { action: 'resume' },
      { action: 'restartChild' },
      { action: 'terminate', reason: undefined, timeout: 10 },
      { action: 'trace', max: 1, ms: 1 },
    ] as const;
    for (const id of [dead, '<9.9>', 'x'])
      for (const verb of verbs)
        expect(await actOn(root, { ...verb, id })).toEqual({
          ok: false,
          error: { tag: 'not_found', message: 'no such actor' },
        });
    expect(await actOn(undefined, { action: 'kill', id: idOf(root) })).toMatchObject({
      error: { tag: 'not_found' },
    });
    // one of another tree of the same runtime is out of reach
    const other = await startSupervisor(runtime, {
      strategy: 'oneForOne',
      intensity: 1,
      period: 1,
      children: [],
    });
    expect(await actOn(root, { action: 'kill', id: String(other.pid) })).toMatchObject({
      error: { tag: 'not_found' },
    });
  });
});

describe('trace', () => {
  const eventsOf = (told: ActionResult): readonly TraceEvent[] => {
    if (!told.ok) throw new Error(told.error.message);
    return told.value as TraceEvent[];
  };

  test('tells kinds and sizes of what comes in and goes out, never what is in it', async () => {
    const { runtime, child, root, clock } = await scene();
    const process = child('counter');
    const tracing = actOn(root, { action: 'trace', id: idOf(process), max: 4, ms: 10_000 });
    await clock.settle();
    await new ServerRef<Calls>(runtime, process).call('add', 3);
    runtime.send(process, SECRET);
    runtime.send(process, { [SECRET]: SECRET });
    await clock.settle();
    const events = eventsOf(await tracing);
    expect(events.map(({ direction, kind }) => [direction, kind])).toEqual([
      ['in', 'call'],
      ['out', 'reply'],
      ['in', 'info'],
      ['in', 'info'],
    ]);
    expect(events.map(({ message }) => message)).toEqual([
      { type: 'object' },
      { type: 'number' },
      { type: 'string', size: SECRET.length },
      { type: 'object' },
    ]);
    expect(JSON.stringify(events)).not.toContain(SECRET);
    expect(debugOf(process)).toBe(undefined);
  });

  test('ends by itself after so many messages, and nothing of it stays', async () => {
    const { runtime, child, root, clock } = await scene();
    const process = child('counter');
    const tracing = actOn(root, { action: 'trace', id: idOf(process), max: 3, ms: 60_000 });
    await clock.settle();
    for (let n = 0; n < 10; n++) runtime.send(process, n);
    await clock.settle();
    expect(eventsOf(await tracing)).toHaveLength(3);
    expect([debugOf(process), runtime.scheduler.tracer]).toEqual([undefined, null]);
  });

  test('ends by itself after so long, and nothing of it stays', async () => {
    const { runtime, child, act, clock } = await scene();
    const process = child('counter');
    const pending = clock.pending;
    expect(eventsOf(await act({ action: 'trace', id: idOf(process), max: 3, ms: 500 }, 500))).toEqual([]);
    await clock.settle();
    expect([debugOf(process), runtime.scheduler.tracer, clock.pending]).toEqual([undefined, null, pending]);
  });

  test('ends with its actor', async () => {
    const { runtime, child, root, clock } = await scene();
    const process = child('counter');
    const tracing = actOn(root, { action: 'trace', id: idOf(process), max: 3, ms: 60_000 });
    await clock.settle();
    runtime.exit(process, 'kill');
    await clock.settle();
    expect(eventsOf(await tracing)).toEqual([]);
    expect(runtime.scheduler.tracer).toBe(null);
  });

  test('ends in time with one that is busy, and is taken off when that has a turn', async () => {
    const { runtime, child, root, clock } = await scene();
    const process = child('counter');
    let go = (): void => {};
    const tracing = actOn(root, { action: 'trace', id: idOf(process), max: 1_000, ms: 500 });
    await clock.settle();
    runtime.cast(process, new Request('hang', new Promise<void>((resolve) => (go = resolve))));
    await clock.advance(500);
    const events = eventsOf(await tracing);
    expect(events).toHaveLength(1);
    // longer than anybody waits for an answer
    await clock.advance(60_000);
    for (let n = 0; n < 10; n++) runtime.send(process, n);
    go();
    await clock.settle();
    expect([events.length, debugOf(process), runtime.scheduler.tracer]).toEqual([1, undefined, null]);
  });

  test('two at once see the same, each to its own end', async () => {
    const { runtime, child, root, clock } = await scene();
    const process = child('counter');
    const short = actOn(root, { action: 'trace', id: idOf(process), max: 1, ms: 1_000 });
    const long = actOn(root, { action: 'trace', id: idOf(process), max: 100, ms: 1_000 });
    await clock.settle();
    for (let n = 0; n < 5; n++) runtime.send(process, n);
    await clock.advance(1_000);
    expect([eventsOf(await short).length, eventsOf(await long).length]).toEqual([1, 5]);
    expect(runtime.scheduler.tracer).toBe(null);
  });
});
