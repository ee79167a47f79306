import { describe, expect, test } from 'vitest';
import type { Pid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import {
  exit,
  noReply,
  reply,
  replyTo,
  started,
  startServer,
  stop,
  stopAndReply,
  stopServer,
  type From,
  type GenServer,
  type Next,
} from '../../src/otp.ts';
import { Request } from '../../src/otp/server-ref.ts';
import { reasonOf, recorder, spawn, world, type World } from '../actor/world.ts';

type Handler = (payload: unknown, state: string[], self: Process, from: From) => never;
const handler = (run: (payload: unknown, state: string[], self: Process, from: From) => unknown): Handler =>
  run as Handler;

interface Parts {
  readonly init?: (self: Process) => unknown;
  readonly call?: (payload: unknown, state: string[], self: Process, from: From) => unknown;
  readonly cast?: (payload: unknown, state: string[], self: Process) => unknown;
  readonly info?: (message: unknown, state: string[], self: Process) => unknown;
  readonly continue?: (value: unknown, state: string[], self: Process) => unknown;
  readonly terminate?: (reason: unknown, state: string[]) => unknown;
  readonly trapExit?: boolean;
}
interface Calls {
  call(payload?: unknown): unknown;
  list(): readonly string[];
}
interface Casts {
  cast(payload?: unknown): void;
}

/** A server whose state is a list of what happened. */
const begin = async (parts: Parts = {}, from: World = world()) => {
  const server: GenServer<undefined, string[], Calls, Casts> = {
    ...(parts.trapExit === undefined ? {} : { trapExit: parts.trapExit }),
    init: (_, self) => (parts.init === undefined ? [] : (parts.init(self as Process) as string[])),
    handleCall: {
      list: (_: unknown, state: string[]) => reply([...state], state),
      ...(parts.call === undefined ? {} : { call: handler(parts.call) }),
    } as never,
    handleCast: (parts.cast === undefined ? {} : { cast: handler(parts.cast as never) }) as never,
    ...(parts.info === undefined ? {} : { handleInfo: parts.info as never }),
    ...(parts.continue === undefined ? {} : { handleContinue: parts.continue as never }),
    ...(parts.terminate === undefined ? {} : { terminate: parts.terminate as never }),
  };
  const ref = await startServer(from.runtime, server, undefined);
  return { ...from, ref, pid: ref.pid as Process };
};
const add = (state: string[], what: unknown, next?: Next) => noReply([...state, String(what)], next);

describe('handleCall', () => {
  test('answers with reply and goes on with the new state', async () => {
    const { ref } = await begin({
      call: (payload, state) => reply(`got ${String(payload)}`, [...state, String(payload)]),
    });
    expect(await ref.call('call', 1)).toBe('got 1');
    expect(await ref.call('list')).toEqual(['1']);
  });

  test('may answer later, from any process, exactly once', async () => {
    const { ref, runtime, clock } = await begin({
      call: (_payload, state, _self, from) => (held.push(from), noReply(state)),
    });
    const held: From[] = [];
    const answer = ref.call('call');
    await clock.settle();
    const other = spawn(runtime, () => {
      expect([replyTo(held[0] as From, 'one'), replyTo(held[0] as From, 'two')]).toEqual([true, false]);
    });
    runtime.send(other, 'go');
    expect(await answer).toBe('one');
  });

  test('an asynchronous one parks the server: calls are answered in order', async () => {
    const { ref, clock } = await begin({
      call: (payload, state, self) =>
        new Promise((resolve) => {
          self.runtime.timers.after(payload as number, () =>
            resolve(reply(payload, [...state, String(payload)])),
          );
        }),
    });
    const answers = Promise.all([ref.call('call', 30), ref.call('call', 10)]);
    await clock.advance(40);
    expect(await answers).toEqual([30, 10]);
    expect(await ref.call('list')).toEqual(['30', '10']);
  });

  test('a throw or a rejection crashes the server with it; the caller gets it as the reason', async () => {
    const bug = new Error('bug');
    for (const call of [
      () => {
        throw bug;
      },
      () => Promise.reject(bug),
    ]) {
      const { ref, pid, reports } = await begin({ call });
      expect(await reasonOf(ref.call('call'))).toBe(bug);
      expect(pid.reason).toBe(bug);
      expect(reports).toMatchObject([
        { tag: 'terminate', reason: bug, class: 'error', message: { call: { tag: 'call' } } },
        { tag: 'crash', reason: bug },
      ]);
    }
  });

  test('any other return value is bad_return_value, also null and undefined', async () => {
    for (const value of ['what', null, undefined, 7, {}]) {
      const { ref, pid } = await begin({ call: () => value });
      expect(await reasonOf(ref.call('call'))).toEqual({ bad_return_value: value });
      expect(pid.alive).toBe(false);
    }
  });

  test('a request that nobody handles is undef: caller and server get it', async () => {
    const { ref, pid } = await begin();
    expect(String(await reasonOf(ref.call('call')))).toContain('undef: no handleCall for call');
    expect(pid.alive).toBe(false);
  });

  test('tags are own properties only: constructor and __proto__ are undef', async () => {
    for (const tag of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      const { ref } = await begin();
      expect(String(await reasonOf(ref.call(tag as 'call')))).toContain('undef');
    }
  });

  test('handleRequest takes what no tag names', async () => {
    const { runtime } = world();
    const server: GenServer<undefined, null, Calls> = {
      init: () => null,
      handleRequest: (term, state) => reply((term as Request).tag, state),
    };
    const ref = await startServer(runtime, server, undefined);
    expect(await ref.call('call')).toBe('call');
  });

  test('500 callers at once are each answered with their own value', async () => {
    const { ref } = await begin({ call: (payload, state) => reply(payload, state) });
    const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => ref.call('call', i)));
    expect(answers).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });
});

describe('handleCast and handleInfo', () => {
  test('change the state in the order of arrival', async () => {
    const { ref } = await begin({
      cast: (payload, state) => add(state, payload),
      info: (message, state) => add(state, message),
    });
    ref.cast('cast', 1);
    ref.send('two');
    ref.cast('cast', 3);
    expect(await ref.call('list')).toEqual(['1', 'two', '3']);
  });

  test('a cast that nobody handles crashes with undef, also one that is no request', async () => {
    for (const message of [new Request('cast', 1), null, 'text']) {
      const { pid, runtime, clock } = await begin();
      runtime.cast(pid, message);
      await clock.settle();
      expect(String(pid.reason)).toContain('undef: no handleCast');
    }
  });

  test('a result of another callback is none of init: bad_return_value', async () => {
    for (const result of [reply(1, []), noReply([])])
      expect(await reasonOf(begin({ init: () => result }))).toEqual({ bad_return_value: result });
  });

  test('a reply to a cast is bad_return_value', async () => {
    const { ref, pid, clock } = await begin({ cast: (_, state) => reply(1, state) });
    ref.cast('cast');
    await clock.settle();
    expect(pid.reason).toEqual({ bad_return_value: reply(1, []) });
  });

  test('an info that nobody handles is one warning, and the server lives', async () => {
    const { ref, pid, clock, reports } = await begin();
    ref.send('hello');
    await clock.settle();
    expect(pid.alive).toBe(true);
    expect(reports).toMatchObject([{ tag: 'unhandled', kind: 'string' }]);
  });

  test('an error that looks like a missing callback, raised inside a present one, is a real crash', async () => {
    const error = new TypeError('undef: no handleInfo');
    const { ref, pid, clock } = await begin({
      info: () => {
        throw error;
      },
    });
    ref.send('hello');
    await clock.settle();
    expect(pid.reason).toBe(error);
  });

  test('Down and, while trapping, Exit come as info', async () => {
    const { ref, pid, runtime } = await begin({
      trapExit: true,
      info: (message, state) => add(state, (message as { tag: string }).tag),
    });
    const friend = spawn(runtime);
    pid.monitor(friend);
    pid.link(friend);
    runtime.exit(friend, 'gone');
    expect(await ref.call('list')).toEqual(['DOWN', 'EXIT']);
  });
});

describe('handleContinue', () => {
  test('runs before any queued message, from init, call, cast and info, and chains', async () => {
    const { ref } = await begin({
      init: (self) => {
        self.send(self, 'sent by init');
        return started([], { continue: 'c0' });
      },
      call: (_, state, self) => {
        self.send(self, 'sent by call');
        return reply(0, [...state, 'call'], { continue: 'c1' });
      },
      cast: (_, state) => add(state, 'cast', { continue: 'chain 3' }),
      info: (message, state) => add(state, message, message === 'info' ? { continue: 'c2' } : undefined),
      continue: (value, state) => {
        const left = Number(String(value).split(' ')[1] ?? 0);
        return add(state, value, left > 0 ? { continue: `chain ${left - 1}` } : undefined);
      },
    });
    await ref.call('call');
    ref.send('info');
    ref.cast('cast');
    expect(await ref.call('list')).toEqual([
      'c0',
      'sent by init',
      'call',
      'c1',
      'sent by call',
      'info',
      'c2',
      'cast',
      'chain 3',
      'chain 2',
      'chain 1',
      'chain 0',
    ]);
  });

  test("comes even before the parent's exit signal that is queued already", async () => {
    const all = world();
    const log: string[] = [];
    const parent = spawn(all.runtime);
    const { startServerLink } = await import('../../src/otp/gen-server.ts');
    const server: GenServer<undefined, null, object, Casts> = {
      trapExit: true,
      init: () => null,
      handleCast: {
        cast: (_, state, self) => {
          self.runtime.exit(self.pid, 'shutdown', parent);
          return noReply(state, { continue: 1 });
        },
      },
      handleContinue: (_, state) => (log.push('continue'), noReply(state)),
      terminate: (reason) => void log.push(`terminate ${String(reason)}`),
    };
    const result = await startServerLink(parent, server, undefined);
    all.runtime.cast((result as { pid: Pid }).pid, new Request('cast', undefined));
    await all.clock.settle();
    expect(log).toEqual(['continue', 'terminate shutdown']);
  });

  test('may stop the server; without the callback it is undef', async () => {
    const stopping = await begin({
      cast: (_, state) => noReply(state, { continue: 1 }),
      continue: (_, state) => stop('normal', state),
    });
    stopping.ref.cast('cast');
    await stopping.clock.settle();
    expect(stopping.pid.reason).toBe('normal');
    const missing = await begin({ cast: (_, state) => noReply(state, { continue: 1 }) });
    missing.ref.cast('cast');
    await missing.clock.settle();
    expect(String(missing.pid.reason)).toContain('undef: no handleContinue');
  });

  test('100,000 of them in a chain need no stack and let others run', async () => {
    const { ref, runtime, clock } = await begin({
      cast: (_, state) => noReply(state, { continue: 100_000 }),
      continue: (left, state) =>
        (left as number) > 1 ? noReply(state, { continue: (left as number) - 1 }) : add(state, 'end'),
    });
    const { pid, inbox } = recorder(runtime);
    ref.cast('cast');
    runtime.send(pid, 1);
    await clock.settle();
    expect(inbox.length).toBe(1);
    expect(await ref.call('list')).toEqual(['end']);
  });
});

describe('an idle timeout', () => {
  const idle = (init?: Next) =>
    begin({
      init: () => (init === undefined ? [] : started([], init)),
      cast: (payload, state) => add(state, 'cast', { timeout: payload as number }),
      info: (message, state) => add(state, message),
      call: (_, state) => reply(0, state),
    });

  test('fires after exactly its time without a message, once', async () => {
    const { ref, clock, pid } = await idle();
    ref.cast('cast', 100);
    await clock.advance(99);
    expect(pid.state).toEqual(['cast']);
    await clock.advance(1);
    await clock.advance(1_000);
    expect(pid.state).toEqual(['cast', 'timeout']);
  });

  test('any message cancels it', async () => {
    for (const disturb of ['call', 'cast', 'info'] as const) {
      const { ref, clock, pid, runtime } = await idle({ timeout: 100 });
      await clock.advance(50);
      if (disturb === 'call') await ref.call('call');
      else if (disturb === 'cast') ref.cast('cast', Infinity);
      else ref.send('info');
      await clock.advance(1_000);
      expect(pid.state).not.toContain('timeout');
      expect(runtime.timers.size).toBe(0);
    }
  });

  test('a message that came before the time was up cancels it, even when the server was busy', async () => {
    let open = (): void => {};
    const { ref, clock, pid } = await begin({
      cast: (_, state) => noReply(state, { timeout: 100 }),
      info: (message, state) =>
        message === 'park'
          ? new Promise((resolve) => (open = () => resolve(noReply(state, { timeout: 10 }))))
          : add(state, message),
    });
    ref.cast('cast');
    await clock.settle();
    // the clock runs out while another callback is parked and a message waits
    ref.send('park');
    await clock.settle();
    ref.send('waiting');
    open();
    await clock.advance(10);
    expect(pid.state).toEqual(['waiting']);
  });

  test('one that fired while a message waited is void', async () => {
    const { ref, clock, pid, runtime } = await idle({ timeout: 100 });
    pid.suspended = true;
    ref.send('first');
    await clock.advance(100);
    pid.suspended = false;
    runtime.work(pid, () => {});
    await clock.settle();
    expect(pid.state).toEqual(['first']);
  });

  test('the text timeout that somebody sends is an ordinary message', async () => {
    const { ref, clock, pid } = await idle();
    ref.send('timeout');
    await clock.settle();
    expect(pid.state).toEqual(['timeout']);
  });

  test('is gone with the server', async () => {
    const { ref, runtime, pid } = await idle({ timeout: 100 });
    expect(ref.pid).toBe(pid);
    runtime.exit(pid, 'kill');
    expect(runtime.timers.size).toBe(0);
  });
});

describe('stop', () => {
  test('runs terminate with reason and state; the caller of a call without answer gets the reason', async () => {
    const seen: unknown[] = [];
    const { ref, reports } = await begin({
      call: (_, state) => stop('finished', [...state, 'last']),
      terminate: (reason, state) => void seen.push(reason, state),
    });
    expect(await reasonOf(ref.call('call'))).toBe('finished');
    expect(seen).toEqual(['finished', ['last']]);
    expect(reports).toMatchObject([
      { tag: 'terminate', reason: 'finished', class: 'exit' },
      { tag: 'crash', reason: 'finished' },
    ]);
  });

  test('stopAndReply answers first', async () => {
    const { ref, pid, reports } = await begin({
      call: (_, state) => stopAndReply({ shutdown: 'done' }, 'bye', state),
    });
    expect(await ref.call('call')).toBe('bye');
    expect(pid.reason).toEqual({ shutdown: 'done' });
    expect(reports).toEqual([]);
  });

  test('without terminate the reason stands; a throw in terminate replaces it', async () => {
    const plain = await begin({ cast: (_, state) => stop('mine', state) });
    plain.ref.cast('cast');
    await plain.clock.settle();
    expect(plain.pid.reason).toBe('mine');
    const worse = new Error('worse');
    const failing = await begin({
      cast: (_, state) => stop('normal', state),
      terminate: () => {
        throw worse;
      },
    });
    failing.ref.cast('cast');
    await failing.clock.settle();
    expect(failing.pid.reason).toBe(worse);
    expect(failing.reports.map(({ tag }) => tag)).toEqual(['terminate', 'crash']);
  });

  test('an asynchronous terminate is waited for', async () => {
    let finish = (): void => {};
    const { ref, pid, clock } = await begin({
      cast: (_, state) => stop('normal', state),
      terminate: () => new Promise<void>((resolve) => (finish = resolve)),
    });
    ref.cast('cast');
    await clock.settle();
    expect(pid.alive).toBe(true);
    finish();
    await clock.settle();
    expect(pid.reason).toBe('normal');
  });

  test('terminate runs after a crash and exit(reason), not on kill nor on a signal that is not trapped', async () => {
    const run = async (end: (all: Awaited<ReturnType<typeof begin>>) => void): Promise<unknown[]> => {
      const seen: unknown[] = [];
      const all = await begin({
        cast: (reason) => exit(reason),
        terminate: (reason) => void seen.push(reason),
      });
      end(all);
      await all.clock.settle();
      expect(all.pid.alive).toBe(false);
      return seen;
    };
    expect(await run(({ ref }) => ref.cast('cast', 'crashed'))).toEqual(['crashed']);
    expect(await run(({ runtime, pid }) => runtime.exit(pid, 'kill'))).toEqual([]);
    expect(await run(({ runtime, pid }) => runtime.exit(pid, 'shutdown'))).toEqual([]);
  });
});

describe('stopServer', () => {
  test('waits until it is dead, running terminate before queued messages, trapping or not', async () => {
    for (const trapExit of [false, true]) {
      const seen: unknown[] = [];
      const { ref, pid } = await begin({
        trapExit,
        info: (message, state) => (seen.push(message), noReply(state)),
        terminate: (reason) => void seen.push(reason),
      });
      ref.send('queued');
      await stopServer(ref, { shutdown: 1 });
      expect(pid.alive).toBe(false);
      expect(seen).toEqual([{ shutdown: 1 }]);
    }
  });

  test('a dead one is noproc; another exit reason rejects with it', async () => {
    const { ref } = await begin({ terminate: () => exit('otherwise') });
    expect(await reasonOf(stopServer(ref))).toBe('otherwise');
    expect(await reasonOf(stopServer(ref))).toBe('noproc');
  });

  test('an invalid timeout throws and a passed one rejects; the server lives', async () => {
    const { ref, pid, clock } = await begin({ terminate: () => new Promise(() => {}) });
    for (const timeout of [0, -1, Number.NaN])
      await expect(stopServer(ref, 'normal', timeout)).rejects.toThrow(RangeError);
    const stopped = reasonOf(stopServer(ref, 'normal', 50));
    await clock.advance(50);
    expect(await stopped).toBe('timeout');
    expect(pid.alive).toBe(true);
  });

  test('oneself is calling_self', async () => {
    let reason: unknown;
    const { ref, clock, pid } = await begin({
      cast: (_, state) => {
        // not awaited: a server that waits for its own end waits for ever
        reasonOf(stopServer(ref)).then((why) => (reason = why), expect.fail);
        return noReply(state);
      },
    });
    ref.cast('cast');
    await clock.settle();
    expect([reason, pid.alive]).toEqual(['calling_self', true]);
  });
});
