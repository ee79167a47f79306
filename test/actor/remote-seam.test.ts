import { describe, expect, test } from 'vitest';
import { PromiseCall } from '../../src/actor/call.ts';
import { Down, Exit, type Monitor } from '../../src/actor/monitor.ts';
import { RemotePid, type Ref } from '../../src/actor/pid.ts';
import type { RemoteSignals } from '../../src/actor/remote.ts';
import { recorder, spawn, world } from './world.ts';

const far = new RemotePid('far@host', 1, 2);

describe('a remote pid without a port is out of reach', () => {
  test('send and cast are lost in silence, exit does nothing', () => {
    const { runtime } = world();
    const pid = spawn(runtime);
    expect(pid.send(far, 1)).toBe(true);
    expect(runtime.cast(far, 1)).toBe(true);
    pid.exit(far, 'kill');
  });

  test('a call fails with noconnection and leaves no timer', async () => {
    const { runtime } = world();
    const failed = new Promise((resolve, reject) => {
      runtime.call(far, new PromiseCall(1, reject, resolve), 100);
    });
    expect(await failed).toMatchObject({ tag: 'exit', reason: 'noconnection' });
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
      call: (_, call) => void call.reply('from afar'),
      link: note('link'),
      unlink: note('unlink'),
      monitor: (monitor) => void monitors.push(monitor),
      demonitor: note('demonitor'),
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
    const reply = await new Promise((resolve, reject) => {
      runtime.call(far, new PromiseCall(1, resolve, reject), 100);
    });
    expect(reply).toBe('from afar');
  });

  test('a dying process tells its remote links and gives up its remote monitors', () => {
    const { runtime, log } = connected();
    const pid = spawn(runtime);
    pid.link(far);
    const ref = pid.monitor(far);
    runtime.exit(pid, 'gone');
    expect(log.slice(1)).toEqual([
      ['demonitor', ref, far],
      ['exit', pid, far, 'gone'],
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
