import { describe, expect, expectTypeOf, test } from 'vitest';
import { urgentSignal } from '../../../src/actor/delivery.ts';
import { Kind } from '../../../src/actor/mailbox.ts';
import type { Process } from '../../../src/actor/process.ts';
import { exit } from '../../../src/actor/exit-reason.ts';
import { MAX_DELAY } from '../../../src/actor/clock.ts';
import { stopServer } from '../../../src/otp/gen-server.ts';
import {
  eventTimeout,
  genericTimeout,
  keepState,
  keepStateAndData,
  nextEvent,
  nextState,
  postpone,
  repeatStateAndData,
  replyAction,
  startStatem,
  startStatemLink,
  stateTimeout,
  statemWorker,
  type GenStatem,
  type StatemEvent,
} from '../../../src/otp/gen-statem.ts';
import { redact } from '../../../src/otp/server-status.ts';
import { stop } from '../../../src/otp/result.ts';
import { startSupervisor } from '../../../src/otp/supervisor.ts';
import * as sys from '../../../src/otp/sys.ts';
import { reasonOf, recorder, spawn, world } from '../../actor/world.ts';

type Log = unknown[];
type Handle = (event: StatemEvent, state: string, log: Log, self: Process) => unknown;

/** A machine of one function whose data is a list. */
async function begin(handle: Handle, options: Partial<GenStatem<undefined, string, Log>> = {}) {
  const all = world();
  const log: Log = [];
  const machine = {
    init: () => nextState('start', log),
    ...options,
    handleEvent: handle,
  } as unknown as GenStatem<undefined, string, Log>;
  const ref = await startStatem(all.runtime, machine, undefined);
  return { ...all, ref, log, pid: ref.pid as Process };
}
const internal = (content: unknown) => nextEvent({ type: 'internal', content });

describe('a machine', () => {
  interface Calls {
    push(): string;
    opened(): number;
  }
  /** The example of the module's documentation. */
  const door: GenStatem<undefined, 'open' | 'closed', number, Calls> = {
    init: () => nextState('closed', 0),
    states: {
      closed: (event, opened) =>
        event.type === 'call' && event.tag === 'push'
          ? nextState('open', opened + 1, [replyAction(event.from, 'opened'), stateTimeout(5_000)])
          : keepStateAndData(),
      open: (event, opened) =>
        event.type === 'stateTimeout' ? nextState('closed', opened) : keepStateAndData(postpone),
    },
  };

  test('answers a postponed call when the state has changed', async () => {
    const { runtime, clock } = world();
    const ref = await startStatem(runtime, door, undefined);
    expectTypeOf(await ref.call('push')).toEqualTypeOf<string>();
    let second = false;
    const answer = ref.call('push', undefined, { timeout: 10_000 }).then((text) => {
      second = true;
      return text;
    });
    await clock.advance(4_999);
    expect(second).toBe(false);
    await clock.advance(1);
    expect(await answer).toBe('opened');
    // @ts-expect-error no such call
    const missing = (): Promise<unknown> => ref.call('nothing');
    expect(missing).toBeTypeOf('function');
  });

  test('tells its callbacks the types of its protocol', () => {
    type Event = StatemEvent<{ add(n: number): number; all(): readonly number[] }, { clear(): void }, 'a'>;
    const handle = (event: Event): void => {
      if (event.type === 'call' && event.tag === 'add') expectTypeOf(event.content).toEqualTypeOf<number>();
      if (event.type === 'call' && event.tag === 'all')
        expectTypeOf(event.content).toEqualTypeOf<undefined>();
      if (event.type === 'cast') expectTypeOf(event.tag).toEqualTypeOf<'clear'>();
      if (event.type === 'enter') expectTypeOf(event.oldState).toEqualTypeOf<'a'>();
    };
    expect(() => handle({ type: 'enter', oldState: 'a' })).not.toThrow();
  });

  test('is a child like any other, and starts anew when it has crashed', async () => {
    const { runtime, clock } = world();
    const sup = await startSupervisor(runtime, {
      children: [statemWorker('door', door, undefined, { scope: runtime.names })],
    });
    const first = runtime.names.whereis('door') as Process;
    runtime.exit(first, 'kill');
    await clock.settle();
    const second = runtime.names.whereis('door') as Process;
    expect([second.alive, second === first, second.label]).toEqual([true, false, 'door']);
    await sup.stop();
    expect(second.reason).toBe('shutdown');
  });

  test('without callbacks, or with those of both modes, does not start', async () => {
    const { runtime } = world();
    for (const wrong of [{}, { states: {}, handleEvent: () => keepStateAndData() }, { states: null }]) {
      const machine = { init: () => nextState('x', 1), ...wrong } as never;
      const reason = await reasonOf(startStatem(runtime, machine, undefined));
      expect(reason).toMatchObject({ message: 'bad_return_from_callback_mode' });
    }
    expect(runtime.alive).toBe(0);
  });

  test('a state without a function is undef, and names of Object.prototype are such', async () => {
    for (const state of ['missing', 'constructor', '__proto__', 'toString']) {
      const { runtime, clock, reports } = world();
      const machine: GenStatem<undefined, string, null> = {
        init: () => nextState(state, null),
        states: { here: () => keepStateAndData() },
      };
      const ref = await startStatem(runtime, machine, undefined);
      ref.send('hello');
      await clock.settle();
      expect(String((ref.pid as Process | undefined)?.reason)).toContain(`undef: no state function ${state}`);
      expect(reports.map(({ tag }) => tag)).toEqual(['terminate', 'crash']);
    }
  });

  test('a state that is no string is bad while there are state functions', async () => {
    const { runtime } = world();
    const machine = { init: () => nextState(7, null), states: {} } as unknown as GenStatem<undefined, string>;
    const ref = await startStatem(runtime, machine, undefined);
    expect(await reasonOf(ref.call('x'))).toMatchObject({
      message: 'bad_state_from_state_function',
      value: 7,
    });
  });

  test('a throw, a rejection and exit crash it; callers get the reason, terminate runs', async () => {
    const bug = new Error('bug');
    for (const [fail, reason] of [
      [
        () => {
          throw bug;
        },
        bug,
      ],
      [() => Promise.reject(bug), bug],
      [() => exit('mine'), 'mine'],
    ] as const) {
      const ends: unknown[] = [];
      const { ref } = await begin(fail, {
        terminate: (why, state, data) => void ends.push(why, state, data),
      });
      expect(await reasonOf(ref.call('x'))).toBe(reason);
      expect(ends).toEqual([reason, 'start', []]);
    }
  });

  test('a callback that returns a promise parks it: the next event waits, and its own come first', async () => {
    const { ref, log, clock, runtime } = await begin((event, _state, data) => {
      if (event.type === 'enter') return keepStateAndData();
      data.push(event.content);
      if (event.content !== 'slow') return keepStateAndData();
      return new Promise((resolve) => {
        runtime.timers.after(100, () => resolve(keepState(data, [internal('inserted')])));
      });
    });
    ref.send('slow');
    ref.send('next');
    await clock.advance(99);
    expect(log).toEqual(['slow']);
    await clock.advance(1);
    expect(log).toEqual(['slow', 'inserted', 'next']);
  });

  test('an enter call may take its time, and repeat itself 10,000 times without a stack', async () => {
    const { ref, log, clock, runtime } = await begin(
      (event, state, data) => {
        if (event.type === 'info')
          return nextState('other', data, [stateTimeout(0, 'never'), internal('late')]);
        if (event.type !== 'enter') {
          data.push(`${event.type} ${String(event.content)} in ${state}`);
          return keepStateAndData();
        }
        data.push(`${String(event.oldState)} to ${state}`);
        if (state === 'start') return keepStateAndData();
        return new Promise((resolve) => {
          runtime.timers.after(50, () => resolve(keepState(data, stateTimeout(Infinity))));
        });
      },
      { stateEnter: true },
    );
    ref.send('go');
    await clock.advance(49);
    expect(log).toEqual(['start to start', 'start to other']);
    await clock.advance(1);
    expect(log).toEqual(['start to start', 'start to other', 'internal late in other']);
    await clock.advance(1_000);
    expect(log.length).toBe(3);
  });

  test('an enter call may repeat itself 10,000 times without a stack', async () => {
    let left = 10_000;
    const { pid, clock } = await begin(() => (left-- > 0 ? repeatStateAndData() : keepStateAndData()), {
      stateEnter: true,
    });
    await clock.settle();
    expect([left, pid.alive]).toEqual([-1, true]);
  });

  test('state and data of a crash in a callback are those before it', async () => {
    const seen: unknown[] = [];
    const { ref, clock } = await begin(
      (event, _state, data) => {
        if (event.type === 'enter') return event.oldState === 'start' ? keepStateAndData() : exit('never');
        return event.type === 'info' ? nextState('next', [...data, 1], { tag: 'odd' } as never) : exit('odd');
      },
      { terminate: (_reason, state, data) => void seen.push(state, data) },
    );
    ref.send('go');
    await clock.settle();
    // a bad action comes after the state has been decided
    expect(seen).toEqual(['next', [1]]);
  });

  test('100,000 inserted events need no stack and let others run', async () => {
    const { ref, runtime, clock, log } = await begin((event, _state, data) => {
      if (event.type === 'enter') return keepStateAndData();
      const left = event.content as number;
      if (left > 0) return keepState(data, internal(left - 1));
      data.push('end');
      return keepStateAndData();
    });
    const { pid, inbox } = recorder(runtime);
    let lookedAt = false;
    const other = spawn(runtime, () => void (lookedAt = log.length === 0));
    ref.send(100_000);
    runtime.send(other, 'now');
    runtime.send(pid, 'me too');
    runtime.send(pid, 'look at me');
    // the other one is served although this one never stops to be busy
    await clock.settle();
    expect([log, inbox.length, lookedAt]).toEqual([['end'], 2, true]);
  });

  test('equal states are no change: compared by content', async () => {
    const { ref, clock, log } = await begin((event, state, data) => {
      if (event.type === 'stateTimeout') data.push('state timeout');
      if (event.type !== 'info') return keepState(data);
      if (event.content === 'arm') return nextState({ at: [1] }, data, stateTimeout(100));
      expect(state).toEqual({ at: [1] });
      return nextState({ at: [event.content as number] }, data);
    });
    ref.send('arm');
    ref.send(1);
    await clock.advance(100);
    expect(log).toEqual(['state timeout']);
    ref.send('arm');
    ref.send(2);
    await clock.advance(100);
    expect(log).toEqual(['state timeout']);
  });
});

describe('what is no event', () => {
  test('a system message that nobody knows is a warning, and cancels no timeout', async () => {
    const { ref, pid, log, clock, reports } = await begin((event, _state, data) => {
      if (event.type === 'timeout') data.push('timeout');
      return event.type === 'info' ? keepState(data, eventTimeout(100)) : keepState(data);
    });
    ref.send('arm');
    await clock.advance(50);
    urgentSignal(pid, Kind.system, { odd: 1 });
    await sys.getState(ref);
    await clock.advance(50);
    expect([log, pid.alive]).toEqual([['timeout'], true]);
    expect(reports).toMatchObject([{ tag: 'unhandled', message: { odd: 1 } }]);
  });

  test('a request without a tag comes whole, with an empty one', async () => {
    const { pid, log, clock, runtime } = await begin((event, _state, data) => {
      if (event.type === 'cast') data.push(event.tag, event.content);
      return keepState(data);
    });
    runtime.cast(pid, { term: 1 });
    await clock.settle();
    expect(log).toEqual(['', { term: 1 }]);
  });
});

describe('the end', () => {
  test('of a machine takes its timers along, and fails the calls it held: inserted, postponed, kept', async () => {
    const { ref, runtime, clock, pid } = await begin((event, _state, data) => {
      if (event.type !== 'call') return keepState(data);
      if (event.tag === 'postponed') return keepState(data, [postpone, genericTimeout('t', 1_000)]);
      if (event.tag === 'kept') return keepState(data, [stateTimeout(1_000)]);
      return stop('gone', data);
    });
    const reasons = ['postponed', 'kept', 'end'].map((tag) =>
      reasonOf(ref.call(tag, undefined, { timeout: Infinity })),
    );
    expect(await Promise.all(reasons)).toEqual(['gone', 'gone', 'gone']);
    await clock.settle();
    expect([pid.alive, runtime.timers.size]).toEqual([false, 0]);
  });

  test('told by its parent comes after what it had inserted itself, before its mailbox', async () => {
    const all = world();
    const parent = spawn(all.runtime);
    const log: unknown[] = [];
    const machine: GenStatem<undefined, 'start', null> = {
      trapExit: true,
      init: () => nextState('start', null),
      handleEvent: (event, _state, _data, self) => {
        if (event.type === 'enter') return keepStateAndData();
        log.push(event.content);
        if (event.content !== 'go') return keepStateAndData();
        all.runtime.exit(self.pid, 'shutdown', parent);
        return keepState(null, [internal('inserted'), eventTimeout(0, 'zero')]);
      },
      terminate: (reason) => void log.push(`terminate ${String(reason)}`),
    };
    const { pid } = startStatemLink(parent, machine, undefined) as unknown as { readonly pid: Process };
    all.runtime.send(pid, 'go');
    all.runtime.send(pid, 'never');
    await all.clock.settle();
    expect(log).toEqual(['go', 'inserted', 'terminate shutdown']);
  });

  test('without trapping the parent takes it along at once; stopServer runs terminate first', async () => {
    for (const [end, seen] of [
      ['signal', []],
      ['stop', ['normal']],
    ] as const) {
      const ends: unknown[] = [];
      const { ref, pid, runtime } = await begin(() => keepStateAndData(), {
        terminate: (reason) => void ends.push(reason),
      });
      if (end === 'signal') runtime.exit(pid, 'shutdown');
      else await stopServer(ref);
      expect([pid.alive, ends]).toEqual([false, seen]);
    }
  });
});

describe('bounds', () => {
  test('postponed events are bounded as the mailbox: a call too many fails, a cast is dropped and counted', async () => {
    const { ref, pid, clock } = await begin(
      (event, _state, data) =>
        event.type === 'internal' || (event.type === 'cast' && event.tag === 'change')
          ? nextState('open', data)
          : _state === 'start'
            ? keepState(data, postpone)
            : keepState([...data, event]),
      { mailbox: 3 },
    );
    for (const n of [1, 2, 3, 4]) {
      ref.cast('keep', n);
      await clock.settle();
    }
    expect([pid.behavior.inspect?.(pid)['postponed'], pid.dropped]).toEqual([3, 1]);
    expect(await reasonOf(ref.call('keep'))).toEqual({ overloaded: 'mailbox' });
    expect(pid.dropped).toBe(2);
    // a change of state is still possible, and nothing of what is held is lost
    ref.cast('change');
    expect(await sys.getState(ref)).toMatchObject({ state: 'start' });
    await clock.settle();
    const { data } = (await sys.getState(ref)) as { readonly data: readonly { readonly content: unknown }[] };
    expect(data.map(({ content }) => content)).toEqual([1, 2, 3]);
  });

  test('dropOldest gives up the one postponed first; what the runtime says is never dropped', async () => {
    const { ref, pid, clock, runtime } = await begin((_event, _state, data) => keepState(data, postpone), {
      mailbox: { bound: 2, full: 'dropOldest' },
    });
    const first = reasonOf(ref.call('first'));
    await clock.settle();
    const target = spawn(runtime);
    pid.monitor(target);
    runtime.exit(target, 'gone');
    for (const n of [1, 2]) {
      ref.cast('keep', n);
      await clock.settle();
    }
    expect(await first).toEqual({ overloaded: 'mailbox' });
    expect(pid.behavior.inspect?.(pid)['postponed']).toBe(2);
    expect(pid.dropped).toBe(2);
  });

  test('a timeout longer than any timer is not early', async () => {
    const { clock, log, ref } = await begin((event, _state, data) => {
      if (event.type === 'info') return keepState(data, stateTimeout(MAX_DELAY + 1_000));
      data.push(event.type);
      return keepState(data);
    });
    ref.send('arm');
    await clock.advance(MAX_DELAY + 999);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toEqual(['stateTimeout']);
  });
});

describe('formatStatus', () => {
  test('redact hides the values of keys in state, data, events, timeouts and log', async () => {
    const { ref, reports } = await begin(
      (event, _state, data) => {
        if (event.type !== 'call') return keepState(data);
        if (event.tag === 'keep') return keepState(data, postpone);
        return stop({ why: 'ended', password: 'hunter2' }, data);
      },
      {
        init: () =>
          nextState('start', [{ password: 'hunter2' }], genericTimeout('t', 1_000, { password: 'hunter2' })),
        formatStatus: redact('password'),
      },
    );
    await sys.log(ref, true);
    const kept = reasonOf(ref.call('keep', { password: 'hunter2' }));
    await reasonOf(ref.call('end', { password: 'hunter2' }));
    await kept;
    const report = { ...reports[0], pid: undefined };
    expect(report).toMatchObject({
      tag: 'terminate',
      reason: { why: 'ended', password: '[redacted]' },
      state: { state: 'start', data: [{ password: '[redacted]' }] },
      message: { type: 'call', tag: 'end', content: { password: '[redacted]' } },
    });
    expect(JSON.stringify(report)).not.toContain('hunter2');
  });
});
