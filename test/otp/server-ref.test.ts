import { describe, expect, test } from 'vitest';
import { NameScope } from '../../src/actor/names.ts';
import { RemotePid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import {
  ExitError,
  noReply,
  reply,
  ServerRef,
  startServer,
  type From,
  type GenServer,
} from '../../src/otp.ts';
import { failure, reasonOf, world } from '../actor/world.ts';

interface Calls {
  echo(value: unknown): unknown;
  hold(): unknown;
  self(): unknown;
}
interface Casts {
  note(value: number): void;
}
type Held = From[];

const echo: GenServer<undefined, Held, Calls, Casts> = {
  init: () => [],
  handleCall: {
    echo: (value, state) => reply(value, state),
    hold: (_, state, _self, from) => noReply([...state, from]),
    self: (_, state, self, from) => {
      const me = new ServerRef<Calls>(self.runtime, self.pid);
      // not awaited: a server that waits for itself waits for ever
      reasonOf(me.call('echo', 1, { timeout: Infinity })).then((reason) => from.reply(reason), expect.fail);
      return noReply(state);
    },
  },
  handleCast: { note: (_, state) => noReply(state) },
};

const begin = async () => {
  const all = world();
  const ref = await startServer(all.runtime, echo, undefined);
  return { ...all, ref, pid: ref.pid as Process, held: () => (ref.pid as Process).state as Held };
};

describe('call', () => {
  test('a signal or a time that is none is named, and nothing is sent', async () => {
    const { ref, pid, clock } = await begin();
    await clock.settle();
    const { received } = pid;
    for (const bad of [null, 5, {}, { aborted: false }, new AbortController()]) {
      const error = await failure(ref.call('echo', 1, { signal: bad as never }));
      expect([error instanceof TypeError, (error as Error).message]).toEqual([
        true,
        expect.stringMatching(/^signal must/),
      ]);
    }
    for (const timeout of [-1, Number.NaN, '5', null]) {
      const error = await failure(ref.call('echo', 1, { timeout: timeout as number }));
      expect([error instanceof RangeError, (error as Error).message]).toEqual([
        true,
        expect.stringMatching(/^timeout must/),
      ]);
    }
    expect(await failure(ref.call('echo', 1, null as never))).toBeInstanceOf(TypeError);
    await clock.settle();
    expect(pid.received).toBe(received);
  });

  test('fails with timeout after 5,000 ms by default; the late reply shows up nowhere', async () => {
    const { ref, clock, held, pid } = await begin();
    const reason = reasonOf(ref.call('hold'));
    await clock.advance(4_999);
    expect(held().length).toBe(1);
    const handled = pid.handled;
    await clock.advance(1);
    expect(await reason).toBe('timeout');
    expect(held()[0]?.reply('late')).toBe(false);
    await clock.settle();
    expect(pid.handled).toBe(handled);
  });

  test('fails with an ExitError that names the call', async () => {
    const { ref, runtime, pid } = await begin();
    runtime.exit(pid, 'kill');
    const error = (await failure(ref.call('echo', 1))) as ExitError;
    expect(error).toBeInstanceOf(ExitError);
    expect([error.message, error.reason, error.cause]).toEqual(['call echo: noproc', 'noproc', 'noproc']);
  });

  test('fails with calling_self at once, for every timeout', async () => {
    const { ref } = await begin();
    expect(await ref.call('self')).toBe('calling_self');
  });

  test('fails with killed when the server is killed under it', async () => {
    const { ref, runtime, pid, clock } = await begin();
    const reason = reasonOf(ref.call('hold'));
    await clock.settle();
    runtime.exit(pid, 'kill');
    expect(await reason).toBe('killed');
  });

  test('fails with overloaded when the mailbox is full; cast and send return false', async () => {
    const { ref, pid } = await begin();
    pid.bound = 2;
    expect([ref.cast('note', 1), ref.send(1)]).toEqual([true, true]);
    expect([ref.cast('note', 1), ref.send(1)]).toEqual([false, false]);
    expect(await reasonOf(ref.call('echo', 1))).toEqual({ overloaded: 'mailbox' });
    expect(pid.dropped).toBe(3);
  });

  test('is canceled by its signal, before and while it waits; a later abort does nothing', async () => {
    const { ref, runtime, held, clock } = await begin();
    expect(await reasonOf(ref.call('echo', 1, { signal: AbortSignal.abort('early') }))).toEqual({
      canceled: 'early',
    });
    const controller = new AbortController();
    const reason = reasonOf(ref.call('hold', undefined, { signal: controller.signal }));
    await clock.settle();
    controller.abort('enough');
    expect(await reason).toEqual({ canceled: 'enough' });
    expect(runtime.timers.size).toBe(0);
    expect(held()[0]?.settled).toBe(true);
    const late = new AbortController();
    expect(await ref.call('echo', 1, { signal: late.signal })).toBe(1);
    late.abort();
  });

  test('leaves no listener at its signal, however it ends', async () => {
    const { ref, clock, runtime, pid } = await begin();
    const { signal } = new AbortController();
    let listeners = 0;
    const counting = new Proxy(signal, {
      get: (target, key) => {
        if (key === 'addEventListener') listeners++;
        if (key === 'removeEventListener') listeners--;
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await ref.call('echo', 1, { signal: counting });
    const timedOut = reasonOf(ref.call('hold', undefined, { signal: counting, timeout: 1 }));
    await clock.advance(1);
    await timedOut;
    const killed = reasonOf(ref.call('hold', undefined, { signal: counting }));
    runtime.exit(pid, 'kill');
    await killed;
    await reasonOf(ref.call('hold', undefined, { signal: counting }));
    expect(listeners).toBe(0);
  });

  test('to a remote pid without a port is noconnection', async () => {
    const { runtime } = world();
    const ref = new ServerRef<Calls, Casts>(runtime, new RemotePid('far', 1, 1));
    expect(await reasonOf(ref.call('echo', 1))).toBe('noconnection');
    expect([ref.cast('note', 1), ref.send(1)]).toEqual([true, true]);
  });

  test('a value that bites when it is looked at rejects the caller and harms nobody else', async () => {
    const { ref, pid } = await begin();
    const biting = new Proxy(
      {},
      {
        get: () => {
          throw new Error('bite');
        },
      },
    );
    expect(String(await failure(ref.call('echo', biting)))).toContain('bite');
    expect(pid.alive).toBe(true);
    expect(await ref.call('echo', 1)).toBe(1);
  });
});

describe('a reference by name', () => {
  test('is looked up anew for each message, so that a restart is not noticed', async () => {
    const { runtime } = world();
    const scope = new NameScope();
    const ref = new ServerRef<Calls, Casts>(runtime, { scope, name: 'echo' });
    expect([ref.pid, ref.cast('note', 1), ref.send(1)]).toEqual([undefined, true, true]);
    expect(await reasonOf(ref.call('echo', 1))).toBe('noproc');
    for (let life = 0; life < 2; life++) {
      await startServer(runtime, echo, undefined, { name: 'echo', scope });
      expect(await ref.call('echo', life)).toBe(life);
      runtime.exit(ref.pid as Process, 'kill');
    }
  });
});
