import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { urgentSignal } from '../../src/actor/delivery.ts';
import { Kind } from '../../src/actor/mailbox.ts';
import type { Process } from '../../src/actor/process.ts';
import {
  noReply,
  type ExitError,
  reply,
  startServer,
  startServerLink,
  startSupervisor,
  startTask,
  stop,
  type GenServer,
  type ServerRef,
} from '../../src/otp.ts';
import * as sys from '../../src/otp/sys.ts';
import { exit } from '../../src/actor/exit-reason.ts';
import { reasonOf, recorder, spawn, world, type World } from '../actor/world.ts';

interface Calls {
  add(amount: number): number;
  later(amount: number): number;
}
interface Casts {
  add(amount: number): void;
  end(reason: unknown): void;
}

const counter = (
  parts: Partial<GenServer<number, number, Calls, Casts>> = {},
): GenServer<number, number, Calls, Casts> => ({
  label: 'counter',
  init: (start) => start,
  handleCall: {
    add: (amount, total) => reply(total + amount, total + amount),
    later: (amount, total, self, from) => {
      self.runtime.timers.after(100, () => from.reply(amount));
      return noReply(total);
    },
  },
  handleCast: {
    add: (amount, total) => noReply(total + amount),
    end: (reason, total) => stop(reason, total),
  },
  handleInfo: (_, total) => noReply(total),
  ...parts,
});

async function begin(
  parts: Partial<GenServer<number, number, Calls, Casts>> = {},
  from: World = world(),
): Promise<World & { ref: ServerRef<Calls, Casts>; pid: Process }> {
  const ref = await startServer(from.runtime, counter(parts), 0);
  return { ...from, ref, pid: ref.pid as Process };
}

describe('suspend and resume', () => {
  test('what comes meanwhile waits in order; calls time out; doing either twice is no error', async () => {
    const { ref, clock } = await begin();
    await sys.suspend(ref);
    await sys.suspend(ref);
    ref.cast('add', 1);
    const call = reasonOf(ref.call('add', 1, { timeout: 100 }));
    const patient = ref.call('add', 10);
    await clock.advance(100);
    expect([await call, await sys.getState(ref)]).toEqual(['timeout', 0]);
    await sys.resume(ref);
    await sys.resume(ref);
    // what was not taken back is handled, also the call whose caller is gone
    expect(await patient).toBe(12);
  });

  test("the parent's exit and a stop are served while suspended", async () => {
    const { runtime, clock } = world();
    const ends: unknown[] = [];
    const server = counter({ trapExit: true, terminate: (reason) => void ends.push(reason) });
    const { pid: parent } = recorder(runtime, { trapExit: true });
    for (const end of ['parent', 'terminate']) {
      const { pid } = (await startServerLink(parent, server, 0)) as unknown as { pid: Process };
      await sys.suspend(pid);
      if (end === 'parent') runtime.exit(pid, 'shutdown', parent);
      else await sys.terminate(pid, 'told');
      await clock.settle();
      expect(pid.alive).toBe(false);
    }
    expect(ends).toEqual(['shutdown', 'told']);
  });

  test('a message to the suspended process of any behavior waits', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime);
    await sys.suspend(pid);
    runtime.send(pid, 'x');
    await clock.settle();
    expect([inbox.length, (await sys.getStatus(pid)).queued]).toEqual([0, 1]);
    await sys.resume(pid);
    await clock.settle();
    expect(inbox).toMatchObject([{ message: 'x' }]);
  });
});

describe('who answers', () => {
  test('a supervisor, a task between its turns, a plain process', async () => {
    const { runtime } = world();
    const tree = await startSupervisor(runtime, { children: [] });
    expect(await sys.getStatus(tree)).toMatchObject({ status: 'running', module: 'Supervisor' });
    const plain = spawn(runtime);
    plain.state = { any: 'state' };
    expect(await sys.getState(plain)).toEqual({ any: 'state' });
    const task = startTask(runtime, () => new Promise(() => {}));
    expect(await sys.getState(task.pid)).toBeUndefined();
  });

  test('before what waits, after the callback that runs', async () => {
    const { ref, clock } = await begin();
    for (let n = 0; n < 10; n++) ref.cast('add', 1);
    expect(await sys.getState(ref)).toBe(0);
    expect(await sys.getState(ref)).toBe(10);
    const { ref: slow, clock: time } = await begin({
      handleInfo: (_, total, self) =>
        new Promise((resolve) => void self.runtime.timers.after(100, () => resolve(noReply(total + 1)))),
    });
    slow.send('go');
    await time.settle();
    const state = sys.getState(slow);
    await time.advance(100);
    expect(await state).toBe(1);
    await clock.settle();
  });

  test('the dead: noproc; one that ends meanwhile: its reason; too busy: timeout, and then it is not done', async () => {
    const { ref, runtime, clock } = await begin();
    const stuck = spawn(
      runtime,
      (_kind, ms) => new Promise((resolve) => void runtime.timers.after(ms as number, resolve)),
    );
    runtime.send(stuck, 200);
    runtime.send(stuck, Infinity);
    await clock.settle();
    const late = reasonOf(sys.suspend(stuck, 100));
    await clock.advance(100);
    expect(await late).toBe('timeout');
    // it has time now, and goes on
    await clock.advance(100);
    const dying = reasonOf(sys.getState(stuck));
    await clock.settle();
    expect([stuck.suspended, stuck.mailbox?.length]).toEqual([false, 0]);
    runtime.exit(stuck, 'gone');
    expect([await dying, await reasonOf(sys.getState(stuck))]).toEqual(['gone', 'noproc']);
    expect(await reasonOf(sys.getState({ pid: undefined }))).toBe('noproc');
    await expect(sys.getState(ref, -1)).rejects.toBeInstanceOf(RangeError);
  });

  test('a call to oneself fails at once', async () => {
    const { ref, clock } = await begin({
      handleInfo: (_, total, self) => {
        void sys.getState(self.pid).catch((error: unknown) => told.push((error as ExitError).reason));
        return noReply(total);
      },
    });
    const told: unknown[] = [];
    ref.send('go');
    await ref.call('add', 0);
    await clock.settle();
    expect(told).toEqual(['calling_self']);
  });

  test('a continue comes before system messages that wait', async () => {
    const seen: unknown[] = [];
    const { ref, pid, clock } = await begin({
      handleInfo: (_, total, self) => {
        urgentSignal(self.pid as Process, Kind.system, 'waits');
        return noReply(total, { continue: 'first' });
      },
      handleContinue: (value, total) => (seen.push(value), noReply(total)),
    });
    pid.runtime.onReport((report) => seen.push(report.tag));
    ref.send('go');
    await clock.settle();
    expect(seen).toEqual(['first', 'unhandled']);
  });

  test('a system message that nobody knows is reported, and the server lives', async () => {
    const { ref, pid, reports } = await begin();
    urgentSignal(pid, Kind.system, { unheard: 'of' });
    expect(await ref.call('add', 1)).toBe(1);
    expect(reports).toMatchObject([{ tag: 'unhandled', message: { unheard: 'of' } }]);
  });
});

describe('replaceState', () => {
  test('a state that is read only is refused', async () => {
    const { runtime } = world();
    const behavior = { type: 'Fixed', receive: () => undefined, readState: () => 'shown' };
    const pid = runtime.spawn(behavior);
    runtime.activate(pid);
    expect(await sys.getState(pid)).toBe('shown');
    expect(await reasonOf(sys.replaceState(pid, () => 'other'))).toEqual({ read_only: 'Fixed' });
  });
});

describe('log', () => {
  test('keeps the last events, ten or as many as said; off forgets them', async () => {
    const { ref } = await begin();
    expect(await sys.getLog(ref)).toEqual([]);
    await sys.log(ref, true);
    await ref.call('add', 1);
    ref.cast('add', 2);
    ref.send('hello');
    await ref.call('add', 0);
    expect(await sys.getLog(ref)).toMatchObject([
      { tag: 'in', kind: 'call', message: { tag: 'add', payload: 1 } },
      { tag: 'out', value: 1, request: { tag: 'add' } },
      { tag: 'in', kind: 'cast', message: { tag: 'add', payload: 2 } },
      { tag: 'in', kind: 'info', message: 'hello' },
      { tag: 'in', kind: 'call' },
      { tag: 'out', value: 3 },
    ]);
    for (let n = 0; n < 20; n++) await ref.call('add', 1);
    expect(await sys.getLog(ref)).toHaveLength(10);
    await sys.log(ref, 2);
    expect(await sys.getLog(ref)).toMatchObject([{ tag: 'in' }, { tag: 'out', value: 23 }]);
    await sys.log(ref, false);
    await ref.call('add', 1);
    expect(await sys.getLog(ref)).toEqual([]);
    await expect(sys.log(ref, -1)).rejects.toBeInstanceOf(RangeError);
  });

  test('an answer given later, by anybody, is an event when it is given, and once', async () => {
    const { ref, clock } = await begin();
    await sys.log(ref, true);
    const answer = ref.call('later', 7);
    await clock.advance(99);
    expect(await sys.getLog(ref)).toHaveLength(1);
    await clock.advance(1);
    expect(await answer).toBe(7);
    expect(await sys.getLog(ref)).toMatchObject([{ tag: 'in' }, { tag: 'out', value: 7 }]);
  });

  test('is in the report of a crash', async () => {
    const { ref, reports, clock } = await begin();
    await sys.log(ref, true);
    ref.cast('end', 'crashed');
    await clock.settle();
    expect(reports).toMatchObject([
      {
        tag: 'terminate',
        message: { cast: { tag: 'end', payload: 'crashed' } },
        log: [{ tag: 'in', message: { tag: 'end', payload: 'crashed' } }],
      },
      { tag: 'crash' },
    ]);
  });
});

describe('trace, printLog and logToFile', () => {
  test('one line per event, until they are ended', async () => {
    const { ref, pid } = await begin();
    const [lines, printed]: [string[], string[]] = [[], []];
    const folder = mkdtempSync(join(tmpdir(), 'sys-'));
    const file = join(folder, 'log');
    try {
      await sys.trace(ref, (line) => lines.push(line));
      await sys.log(ref, true);
      await sys.logToFile(ref, file);
      await ref.call('add', 1);
      await sys.printLog(ref, (line) => printed.push(line));
      await sys.trace(ref, false);
      await sys.logToFile(ref, false);
      await ref.call('add', 1);
      const who = `counter ${pid.toString()}`;
      const wanted = [`${who} got call Request { tag: 'add', payload: 1 }`, `${who} answered 1`];
      expect([lines, printed, readFileSync(file, 'utf8')]).toEqual([
        wanted,
        wanted,
        `${wanted.join('\n')}\n`,
      ]);
      const nowhere = sys.logToFile(ref, join(folder, 'no', 'such', 'folder'));
      expect(await reasonOf(nowhere)).toMatchObject({ code: 'ENOENT' });
      expect(await ref.call('add', 1)).toBe(3);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a writer that throws is ended, and the server lives', async () => {
    const { ref } = await begin();
    let calls = 0;
    await sys.trace(ref, () => {
      calls++;
      throw new Error('no paper');
    });
    expect([await ref.call('add', 1), await ref.call('add', 1), calls]).toEqual([1, 2, 1]);
    expect((await sys.getStatus(ref)).debug).toEqual([]);
  });
});

describe('statistics', () => {
  test('count messages in and out since they were begun; off: no_statistics', async () => {
    const { ref, clock } = await begin();
    expect(await sys.getStatistics(ref)).toBe('no_statistics');
    const startTime = clock.wall();
    await sys.statistics(ref, true);
    await ref.call('add', 1);
    ref.cast('add', 1);
    await clock.advance(1_000);
    expect(await sys.getStatistics(ref)).toMatchObject({
      startTime,
      currentTime: startTime + 1_000,
      messagesIn: 2,
      messagesOut: 1,
    });
    await sys.statistics(ref, false);
    expect(await sys.getStatistics(ref)).toBe('no_statistics');
  });
});

describe('install', () => {
  const count = (seen: number, event: sys.SysEvent): number => {
    counts.push(`${event.tag} ${seen}`);
    return seen + 1;
  };
  const counts: string[] = [];

  test('a function gets its own state and each event; the same function or id twice counts once', async () => {
    const { ref } = await begin();
    await sys.install(ref, count, 0);
    await sys.install(ref, count, 100);
    await sys.install(ref, count, 1_000, { id: 'other' });
    await sys.install(ref, count, 9_000, { id: 'other' });
    await ref.call('add', 1);
    expect(counts.splice(0)).toEqual(['in 0', 'in 1000', 'out 1', 'out 1001']);
    await sys.remove(ref, count);
    await ref.call('add', 1);
    expect(counts.splice(0)).toEqual(['in 1002', 'out 1003']);
    await sys.remove(ref, 'other');
    await ref.call('add', 1);
    expect(counts).toEqual([]);
  });

  test('one that is done, and one that throws, is removed; no report is made of it', async () => {
    const { ref, reports } = await begin();
    let [seen, thrown] = [0, 0];
    await sys.install(ref, (left: number) => (seen++, left === 1 ? sys.done : left - 1), 3);
    await sys.install(
      ref,
      () => {
        thrown++;
        throw new Error('bug in the debugger');
      },
      0,
    );
    for (let n = 0; n < 5; n++) await ref.call('add', 1);
    expect([seen, thrown, reports]).toEqual([3, 1, []]);
    expect((await sys.getStatus(ref)).debug).toEqual([]);
  });
});

describe('noDebug', () => {
  test('ends all of it; a runtime nobody looks at has no tracer, also after the death of who was looked at', async () => {
    const { ref, runtime } = await begin();
    await sys.log(ref, true);
    await sys.statistics(ref, true);
    await sys.trace(ref, () => {});
    await sys.install(ref, (n: number) => n, 0);
    expect((await sys.getStatus(ref)).debug).toEqual(['log', 'trace', 'statistics', 'install']);
    await sys.noDebug(ref);
    expect([(await sys.getStatus(ref)).debug, runtime.scheduler.tracer]).toEqual([[], null]);
    await sys.log(ref, true);
    expect(runtime.scheduler.tracer).not.toBeNull();
    // others are not looked at
    const other = await startServer(runtime, counter(), 0);
    expect([await other.call('add', 1), await sys.getLog(ref), await sys.getLog(other)]).toEqual([1, [], []]);
    runtime.exit(ref.pid as Process, 'kill');
    expect(runtime.scheduler.tracer).toBeNull();
  });
});

describe('terminate', () => {
  test('ends a process as if told by its parent: before what waits, and terminate runs', async () => {
    const ends: unknown[] = [];
    const { ref, pid, clock } = await begin({
      terminate: (reason, total) => void ends.push([reason, total]),
    });
    ref.cast('add', 1);
    await sys.terminate(ref, 'shutdown');
    await clock.settle();
    expect([pid.alive, pid.reason, ends]).toEqual([false, 'shutdown', [['shutdown', 0]]]);
  });
});

describe('changeCode', () => {
  test('a suspended server goes on as another version, with the state it makes of the old one', async () => {
    const { ref } = await begin();
    await ref.call('add', 5);
    const next = counter({
      codeChange: (from, state, extra) => (state as number) * 100 + (from as number) + (extra as number),
      handleCall: {
        add: (_, total) => reply(-1, total),
        later: (_, total) => reply(total, total),
      },
    });
    expect(await reasonOf(sys.changeCode(ref, { server: next }))).toBe('not_suspended');
    await sys.suspend(ref);
    const waiting = ref.call('later', 0);
    // in one turn of the server, so that what waits is handled right after it
    const changed = sys.changeCode(ref, { server: next, from: 20, extra: 3 });
    await Promise.all([changed, sys.resume(ref)]);
    expect(await waiting).toBe(523);
    expect(await ref.call('add', 1)).toBe(-1);
  });

  test('a change that throws leaves version and state as they were', async () => {
    const { ref } = await begin();
    await sys.suspend(ref);
    const bad = counter({ init: () => 7, codeChange: () => exit('no way') });
    expect(await reasonOf(sys.changeCode(ref, { server: bad }))).toBe('no way');
    expect(await reasonOf(sys.changeCode(spawn(ref.runtime)))).toBe('not_suspended');
    await sys.resume(ref);
    expect(await ref.call('add', 1)).toBe(1);
  });
});
