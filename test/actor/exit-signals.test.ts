import { describe, expect, test } from 'vitest';
import { exit } from '../../src/actor/exit-reason.ts';
import { Kind } from '../../src/actor/mailbox.ts';
import { Exit } from '../../src/actor/monitor.ts';
import type { Process } from '../../src/actor/process.ts';
import { recorder, seededWorld, spawn, world } from './world.ts';

describe('an exit signal', () => {
  test('normal from another process is ignored', () => {
    const { runtime } = world();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    runtime.exit(b, 'normal', a);
    runtime.exit(b, 'normal');
    expect(b.alive).toBe(true);
  });

  test('any other reason kills a process that does not trap, with that reason', () => {
    const { runtime } = world();
    const pid = spawn(runtime);
    runtime.exit(pid, 'gone');
    expect(pid.reason).toBe('gone');
  });

  test('a trapping process gets a message for every reason, also normal', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime, { trapExit: true });
    const from = spawn(runtime);
    runtime.exit(pid, 'normal', from);
    runtime.exit(pid, 'gone', from);
    await clock.settle();
    expect(inbox).toEqual([
      { kind: Kind.exit, message: new Exit(from, 'normal') },
      { kind: Kind.exit, message: new Exit(from, 'gone') },
    ]);
  });

  test('kill cannot be trapped: the victim dies killed, and linked peers see killed and may trap it', async () => {
    const { runtime, clock } = world();
    const victim = spawn(runtime, undefined, { trapExit: true });
    const { pid, inbox } = recorder(runtime, { trapExit: true });
    pid.link(victim);
    runtime.exit(victim, 'kill');
    expect(victim.reason).toBe('killed');
    await clock.settle();
    expect(inbox.map(({ message }) => message)).toEqual([new Exit(victim, 'killed')]);
  });

  test('the reason kill through a link is an ordinary reason', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime, { trapExit: true });
    const plain = spawn(runtime);
    const dying = spawn(runtime, () => exit('kill'));
    pid.link(dying);
    plain.link(dying);
    runtime.send(dying, 'go');
    await clock.settle();
    expect(inbox.map(({ message }) => message)).toEqual([new Exit(dying, 'kill')]);
    expect(plain.reason).toBe('kill');
  });

  test('exit(self, normal) ends the caller', async () => {
    const { runtime, clock } = world();
    const pid = spawn(runtime, (_kind, _message, self) => self.exit(self, 'normal'));
    runtime.send(pid, 'go');
    await clock.settle();
    expect(pid.alive).toBe(false);
    expect(pid.reason).toBe('normal');
  });

  test('to the dead does nothing', () => {
    const { runtime } = world();
    const pid = spawn(runtime);
    runtime.exit(pid, 'first');
    runtime.exit(pid, 'second');
    expect(pid.reason).toBe('first');
  });

  test('acts at once on a process that is parked', async () => {
    const { runtime, clock } = world();
    const pid = spawn(runtime, () => new Promise<void>(() => {}));
    runtime.send(pid, 'park');
    await clock.settle();
    runtime.exit(pid, 'gone');
    expect(pid.alive).toBe(false);
  });

  test('that is trapped never overtakes a message of the same sender, over 200 seeds', async () => {
    for (let seed = 0; seed < 200; seed++) {
      const { runtime, clock } = seededWorld(seed);
      const { pid, inbox } = recorder(runtime, { trapExit: true });
      const senders = Array.from({ length: 4 }, (_, sender) =>
        spawn(runtime, (_kind, step, self) => {
          if (step === 3) self.exit(pid, 'bye');
          else self.send(pid, [sender, step]);
        }),
      );
      for (let at = 0; at < 6; at++) for (const sender of senders) runtime.send(sender, at);
      await clock.settle();
      for (const [sender, process] of senders.entries()) {
        const heard: unknown[] = [];
        for (const { message } of inbox) {
          if (message instanceof Exit) {
            if (message.from === process) heard.push('exit');
          } else if ((message as number[])[0] === sender) heard.push((message as number[])[1]);
        }
        expect(heard).toEqual([0, 1, 2, 'exit', 4, 5]);
      }
    }
  });
});

describe("the parent's exit signal", () => {
  const family = () => {
    const all = world();
    const log: unknown[] = [];
    const parent = spawn(all.runtime);
    const child = spawn(all.runtime, (kind, message) => void log.push([kind, message]), {
      parent,
      trapExit: true,
      terminate: (reason) => void log.push(['terminate', reason]),
    });
    return { ...all, log, parent, child };
  };

  test('ends a trapping child before its queued messages, running terminate', async () => {
    const { runtime, clock, log, parent, child } = family();
    runtime.send(child, 'queued');
    runtime.exit(child, 'shutdown', parent);
    await clock.settle();
    expect(log).toEqual([['terminate', 'shutdown']]);
    expect(child.reason).toBe('shutdown');
  });

  test('a trapping child ends too when the parent is killed: nobody is orphaned', async () => {
    const { runtime, clock, log, parent, child } = family();
    runtime.exit(parent, 'kill');
    await clock.settle();
    expect(log).toEqual([['terminate', 'killed']]);
    expect(child.alive).toBe(false);
    expect(runtime.alive).toBe(0);
  });

  test('does not run terminate in a child that does not trap', () => {
    const { runtime, log, parent, child } = family();
    child.trapExit = false;
    runtime.exit(child, 'shutdown', parent);
    expect(child.reason).toBe('shutdown');
    expect(log).toEqual([]);
  });
});

describe('kill during a pending promise', () => {
  test('dead at once, signal aborted with the reason, late result dropped, no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const listen = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', listen);
    const { runtime, clock, reports } = world();
    for (const settle of ['resolve', 'reject'] as const) {
      let finish = (): void => {};
      let aborted: unknown;
      let terminated = false;
      const pid = spawn(
        runtime,
        (_kind, _message, self) => {
          self.signal.addEventListener('abort', () => (aborted = self.signal.reason));
          return new Promise<void>((resolve, reject) => {
            finish = () => (settle === 'resolve' ? resolve() : reject(new Error('late')));
          });
        },
        { terminate: () => void (terminated = true) },
      );
      runtime.send(pid, 'park');
      await clock.settle();
      runtime.exit(pid, 'kill');
      expect(pid.alive).toBe(false);
      expect(aborted).toBe('killed');
      finish();
      await clock.settle();
      expect(pid.reason).toBe('killed');
      expect(terminated).toBe(false);
    }
    expect(reports).toEqual([]);
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
  });

  test('the signal of a dead process is aborted, even when it is asked for late', () => {
    const { runtime } = world();
    const pid = spawn(runtime);
    runtime.exit(pid, 'gone');
    expect(pid.signal.aborted).toBe(true);
    expect(pid.signal.reason).toBe('gone');
  });
});

describe('a crash', () => {
  const crash = async (
    receive: () => void | Promise<void>,
    terminate?: (reason: unknown, self: Process) => void | Promise<void>,
  ) => {
    const all = world();
    const pid = spawn(all.runtime, receive, terminate === undefined ? {} : { terminate });
    all.runtime.send(pid, 'go');
    await all.clock.settle();
    return { ...all, pid };
  };

  test('a throw or a rejection ends the process with what was thrown, after terminate, with one report', async () => {
    const bug = new Error('bug');
    for (const receive of [
      () => {
        throw bug;
      },
      () => Promise.reject(bug),
    ]) {
      const seen: unknown[] = [];
      const { pid, reports } = await crash(receive, (reason) => void seen.push(reason));
      expect(pid.reason).toBe(bug);
      expect(seen).toEqual([bug]);
      expect(reports).toMatchObject([{ tag: 'crash', reason: bug }]);
    }
  });

  test('exit(reason) ends it with that reason; an orderly one makes no report', async () => {
    const { pid, reports } = await crash(() => exit({ shutdown: 'done' }));
    expect(pid.reason).toEqual({ shutdown: 'done' });
    expect(reports).toEqual([]);
    expect((await crash(() => exit('odd'))).reports.length).toBe(1);
  });

  test('a throw in terminate replaces the reason, synchronous or not', async () => {
    const worse = new Error('worse');
    const first = () => {
      throw new Error('first');
    };
    expect(
      (
        await crash(first, () => {
          throw worse;
        })
      ).pid.reason,
    ).toBe(worse);
    expect((await crash(first, () => Promise.reject(worse))).pid.reason).toBe(worse);
    expect((await crash(first, () => exit('chosen'))).pid.reason).toBe('chosen');
  });

  test('while terminate runs the process takes no messages, and a kill ends it at once', async () => {
    const { runtime, clock } = world();
    const seen: unknown[] = [];
    const pid = spawn(
      runtime,
      (_, message) => (message === 'stop' ? exit('normal') : void seen.push(message)),
      {
        terminate: () => new Promise<void>(() => {}),
      },
    );
    runtime.send(pid, 'stop');
    runtime.send(pid, 'after');
    await clock.settle();
    expect(pid.alive).toBe(true);
    runtime.exit(pid, 'kill');
    expect(pid.reason).toBe('killed');
    expect(seen).toEqual([]);
  });
});

describe('the order at death', () => {
  test('signal aborted, calls failed, names free, then Down and exit signals', async () => {
    const { runtime, clock } = world();
    const log: string[] = [];
    const pid = spawn(runtime);
    pid.register('name');
    pid.signal.addEventListener('abort', () =>
      log.push(`aborted, ${runtime.names.whereis('name') === undefined ? 'free' : 'held'}`),
    );
    runtime.onExit(pid, () =>
      log.push(`down, ${runtime.names.whereis('name') === undefined ? 'free' : 'held'}`),
    );
    const linked = spawn(runtime, undefined, {});
    linked.link(pid);
    runtime.onExit(linked, () => log.push('linked died'));
    runtime.exit(pid, 'gone');
    await clock.settle();
    expect(log).toEqual(['aborted, free', 'down, free', 'linked died']);
  });
});
