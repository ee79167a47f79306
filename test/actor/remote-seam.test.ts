import { describe, expect, test } from 'vitest';
import { PromiseCall } from '../../src/actor/call.ts';
import { Down, Exit, type Monitor } from '../../src/actor/monitor.ts';
import { RemoteName, RemotePid, type Ref } from '../../src/actor/pid.ts';
import type { RemoteSignals } from '../../src/actor/remote.ts';
import { recorder, spawn, world } from './world.ts';

const far = new RemotePid('far@host', 1, 2);
const name = new RemoteName('far@host', 'clerk');

describe('a remote pid without a port is out of reach', () => {
  test('send and cast are lost in silence, exit does nothing', () => {
    const { runtime } = world();
    const pid = spawn(runtime);
    expect(pid.send(far, 1)).toBe(true);
    expect(runtime.cast(far, 1)).toBe(true);
    expect([pid.send(name, 1), runtime.cast(name, 1)]).toEqual([true, true]);
    pid.exit(far, 'kill');
  });

  test('a call fails with noconnection and leaves no timer', async () => {
    const { runtime } = world();
    for (const to of [far, name]) {
      const failed = new Promise((resolve, reject) => {
        runtime.call(to, new PromiseCall(1, reject, resolve), 100);
      });
      expect(await failed).toMatchObject({ tag: 'exit', reason: 'noconnection' });
    }
    expect(runtime.timers.size).toBe(0);
  });

  test('monitor gives a Down and link an exit signal with noconnection', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime, { trapExit: true });
    const ref = pid.monitor(far);
    pid.link(far);
    expect(pid.demonitor(ref, { flush: false })).toBe(false);
    await clock.settle();
    expect(inbox.map(({ message }) => message)).toEqual([
      new Down(ref, far, 'noconnection'),
      new Exit(far, 'noconnection'),
    ]);
    const plain = spawn(runtime);
    plain.link(far);
    expect(plain.reason).toBe('noconnection');
  });
});

describe('with a port', () => {
  const connected = () => {
    const all = world();
    const log: unknown[][] = [];
    const monitors: Monitor[] = [];
    const note =
      (name: string) =>
      (...args: unknown[]) =>
        void log.push([name, ...args]);
    const port: RemoteSignals = {
      send: (from, to, message) => log.push(['send', from, to, message]) > 0,
      cast: (from, to, message) => log.push(['cast', from, to, message]) > 100,
      call: (to, call) => void call.reply(`from ${to.toString()}`),
      link: note('link'),
      unlink: note('unlink'),
      monitor: (monitor) => void monitors.push(monitor),
      demonitor: note('demonitor'),
      linkExit: note('linkExit'),
      exit: note('exit'),
    };
    all.runtime.remote = port;
    return { ...all, log, monitors };
  };

  test('everything is handed over', async () => {
    const { runtime, log, monitors } = connected();
    const pid = spawn(runtime);
    pid.send(far, 1);
    pid.link(far);
    pid.exit(far, 'why');
    pid.unlink(far);
    const ref: Ref = pid.monitor(far);
    expect(monitors).toEqual([ref]);
    expect(pid.demonitor(ref)).toBe(true);
    expect(log.map(([name]) => name)).toEqual(['send', 'link', 'exit', 'unlink', 'demonitor']);
    for (const [to, answer] of [
      [far, 'from <far@host.2>'],
      [name, 'from clerk@far@host'],
    ] as const) {
      const reply = await new Promise((resolve, reject) => {
        runtime.call(to, new PromiseCall(1, resolve, reject), 100);
      });
      expect(reply).toBe(answer);
    }
  });

  test('a cast stays a cast, and a name goes as it is; the port says whether it was refused', () => {
    const { runtime, log } = connected();
    const pid = spawn(runtime);
    expect([runtime.cast(far, 1, pid), runtime.cast(name, 2)]).toEqual([false, false]);
    expect([pid.send(name, 3), runtime.send(name, 4)]).toEqual([true, true]);
    expect(log).toEqual([
      ['cast', pid, far, 1],
      ['cast', null, name, 2],
      ['send', pid, name, 3],
      ['send', null, name, 4],
    ]);
  });

  test('only exit(pid, reason) is an explicit exit; the death of a linked process is the exit of the link', () => {
    const { runtime, log } = connected();
    const pid = spawn(runtime);
    pid.link(far);
    pid.exit(far, 'kill');
    runtime.die(pid, 'kill');
    expect(log.slice(1)).toEqual([
      ['exit', pid, far, 'kill'],
      ['linkExit', pid, far, 'kill'],
    ]);
  });

  test('the exit of a link from afar can be trapped, also with the reason kill', async () => {
    const { runtime, clock } = connected();
    const { pid, inbox } = recorder(runtime, { trapExit: true });
    expect(runtime.linkedFrom(pid, far)).toBe(true);
    runtime.linkBroken(pid, far, 'kill');
    await clock.settle();
    expect(inbox.map(({ message }) => message)).toEqual([new Exit(far, 'kill')]);
  });

  test('a link from afar is recorded without telling the port, and ends like any other', () => {
    const { runtime, log } = connected();
    const [a, b, c] = [spawn(runtime), spawn(runtime), spawn(runtime)];
    for (const pid of [a, a, b, c]) expect(runtime.linkedFrom(pid, far)).toBe(true);
    expect(log).toEqual([]);
    expect([runtime.unlinkedFrom(b, far), runtime.unlinkedFrom(b, far)]).toEqual([true, false]);
    c.unlink(far);
    for (const pid of [a, b, c]) runtime.exit(pid, 'gone');
    expect(log).toEqual([
      ['unlink', c, far],
      ['linkExit', a, far, 'gone'],
    ]);
  });

  test('a link from afar to a dead process is refused, for the port to answer noproc', () => {
    const { runtime, log } = connected();
    const pid = spawn(runtime);
    runtime.exit(pid, 'kill');
    expect(runtime.linkedFrom(pid, far)).toBe(false);
    expect([pid.links, log]).toEqual([null, []]);
  });

  test('a dying process tells its remote links and gives up its remote monitors', () => {
    const { runtime, log } = connected();
    const pid = spawn(runtime);
    pid.link(far);
    const ref = pid.monitor(far);
    runtime.exit(pid, 'gone');
    expect(log.slice(1)).toEqual([
      ['demonitor', ref, far],
      ['linkExit', pid, far, 'gone'],
    ]);
  });

  test('a monitor fires once through the port, and not after demonitor', async () => {
    const { runtime, clock, monitors } = connected();
    const { pid, inbox } = recorder(runtime);
    const [ref] = [pid.monitor(far), pid.monitor(far)];
    const [first, second] = monitors as [Monitor, Monitor];
    pid.demonitor(second);
    for (const monitor of [first, first, second]) runtime.monitorFired(monitor, 'noconnection');
    await clock.settle();
    expect(inbox.map(({ message }) => message)).toEqual([new Down(ref as Ref, far, 'noconnection')]);
    expect(pid.watching).toBeNull();
  });

  test('a broken link is an exit signal; not after unlink', () => {
    const { runtime } = connected();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    a.link(far);
    b.link(far);
    b.unlink(far);
    runtime.linkBroken(a, far, 'noconnection');
    runtime.linkBroken(b, far, 'noconnection');
    expect(a.reason).toBe('noconnection');
    expect(b.alive).toBe(true);
  });

  test('an exit signal from afar obeys the rules of any other', async () => {
    const { runtime, clock } = connected();
    const { pid, inbox } = recorder(runtime, { trapExit: true });
    runtime.exit(pid, 'why', far);
    await clock.settle();
    expect(inbox.map(({ message }) => message)).toEqual([new Exit(far, 'why')]);
    runtime.exit(pid, 'kill', far);
    expect(pid.reason).toBe('killed');
  });
});
