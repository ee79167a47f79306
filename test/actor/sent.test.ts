/** What counts as sent by an actor. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import type { ServerRef } from '../../src/otp/server-ref.ts';
import { recorder, spawn, world, type World } from '../actor/world.ts';

interface Calls {
  echo(text: string): string;
}

const echo: GenServer<void, null, Calls, Calls> = {
  init: () => null,
  handleCall: { echo: (text, state) => reply(text, state) },
  handleCast: { echo: (_text, state) => noReply(state) },
  handleInfo: (_message, state) => noReply(state),
};

/** A process that does `act` when it is told to. */
async function acting(
  given: World,
  act: (self: Process, ref: ServerRef<Calls, Calls>) => void | Promise<void>,
): Promise<{ readonly process: Process; readonly server: Process }> {
  const ref = await startServer(given.runtime, echo, undefined);
  const process = spawn(given.runtime, (_kind, _message, self) => act(self, ref));
  given.runtime.send(process, 'go');
  await given.clock.settle();
  return { process, server: ref.pid as Process };
}

describe('what an actor sends', () => {
  test('messages, casts and calls of its callback, however it says so', async () => {
    const { process } = await acting(world(), (self, ref) => {
      self.send(ref.pid!, 1);
      ref.send(2);
      ref.cast('echo', 'x');
      ref.call('echo', 'x').catch(() => undefined);
    });
    expect(process.sent).toBe(4);
  });

  test('answers count for who gives them, once, also after an await and through another process', async () => {
    const { server } = await acting(world(), (_self, ref) => void ref.call('echo', 'x'));
    expect(server.sent).toBe(1);
    const { runtime, clock } = world();
    const later: GenServer<void, null, Calls> = {
      init: () => null,
      handleCall: {
        echo: async (text, state, _self, from) => {
          await Promise.resolve();
          from.reply(text);
          from.reply(text);
          return noReply(state);
        },
      },
    };
    const ref = await startServer(runtime, later, undefined);
    const answered = ref.call('echo', 'x');
    await clock.settle();
    expect([await answered, (ref.pid as Process).sent]).toEqual(['x', 1]);
  });

  test('after an await it is known by the `self` that sends, else it is nobody’s', async () => {
    const { process } = await acting(world(), async (self, ref) => {
      await Promise.resolve();
      self.send(ref.pid!, 1);
      ref.send(2);
      ref.cast('echo', 'x');
    });
    expect(process.sent).toBe(1);
  });

  test('also what is refused or lost; signals and timers are none', async () => {
    const given = world();
    const full = recorder(given.runtime).pid;
    full.bound = 0;
    const dead = spawn(given.runtime);
    given.runtime.exit(dead, 'kill');
    const { process } = await acting(given, (self) => {
      self.send(full, 1);
      self.send(dead, 2);
      self.link(full);
      self.monitor(full);
      self.exit(full, 'x');
      self.sendAfter(1, 'tick').unset();
    });
    expect(process.sent).toBe(2);
  });

  test('what comes from outside is sent by nobody, and a callback within another one counts for itself', async () => {
    const given = world();
    const { pid } = recorder(given.runtime);
    let inner: Process | undefined;
    const { process } = await acting(given, (self) => {
      const child: GenServer<void, null> = {
        init: (_none, own) => {
          inner = own as Process;
          given.runtime.send(pid, 1);
          given.runtime.send(pid, 2);
          return null;
        },
      };
      startServer(given.runtime, child, undefined, { parent: self }).catch(() => undefined);
      given.runtime.send(pid, 3);
    });
    given.runtime.send(pid, 4);
    expect([process.sent, inner?.sent, pid.sent]).toEqual([1, 2, 0]);
  });
});
