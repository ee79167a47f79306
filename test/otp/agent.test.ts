import { describe, expect, expectTypeOf, test } from 'vitest';
import { exit } from '../../src/actor/exit-reason.ts';
import type { Pid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { ignore, startSupervisor } from '../../src/otp.ts';
import { agent, AgentRef, startAgent, startAgentLink } from '../../src/otp/agent.ts';
import { failure, reasonOf, spawn, world } from '../actor/world.ts';

/** A promise and the function that settles it. */
function gate<T>(): { readonly opened: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => {};
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open };
}

describe('an agent (G20)', () => {
  test('get reads, update changes, getAndUpdate does both, cast waits for nothing', async () => {
    const { runtime } = world();
    const ref = await startAgent(runtime, () => 1);
    expect(await ref.get((n) => n + 10)).toBe(11);
    await ref.update((n) => n + 1);
    const old = await ref.getAndUpdate((n) => [`was ${n}`, n * 5]);
    expectTypeOf(old).toEqualTypeOf<string>();
    expect(old).toBe('was 2');
    expect(ref.cast((n) => n + 1)).toBe(true);
    expect(await ref.get((n) => n)).toBe(11);
  });

  test('every function may be asynchronous, also the one that makes the state', async () => {
    const { runtime } = world();
    const ref = await startAgent(runtime, () => Promise.resolve(1));
    await ref.update((n) => Promise.resolve(n + 1));
    ref.cast((n) => Promise.resolve(n * 10));
    expect(await ref.getAndUpdate((n) => Promise.resolve([n, n + 1] as const))).toBe(20);
    const thenable = {
      then: (done: (value: string) => void) => done('thenable'),
    } as unknown as Promise<string>;
    expect(await ref.get(() => thenable)).toBe('thenable');
    expect(await ref.get((n) => Promise.resolve(n))).toBe(21);
  });

  test('functions run one at a time in the order sent, also while one waits', async () => {
    const { runtime, clock } = world();
    const ref = await startAgent(runtime, (): readonly number[] => []);
    const { opened, open } = gate<undefined>();
    ref.cast(async (list) => {
      await opened;
      return [...list, 1];
    });
    ref.cast((list) => [...list, 2]);
    const all = ref.get((list) => list);
    await clock.settle();
    open(undefined);
    expect(await all).toEqual([1, 2]);
  });

  test('functions run in the agent: it is self, and calling itself fails at once (G7)', async () => {
    const { runtime } = world();
    const ref = await startAgent(runtime, (self) => self.pid, { label: 'mine' });
    expect(await ref.get((pid, self) => pid === self.pid && self.label)).toBe('mine');
    expect(await ref.get((): unknown => reasonOf(ref.get((pid) => pid)))).toBe('calling_self');
  });

  test('any value is a state, also one that would mean something as a result of init', async () => {
    const { runtime } = world();
    for (const state of [undefined, null, ignore, [ignore]])
      expect(await (await startAgent<unknown>(runtime, () => state)).get((value) => value)).toBe(state);
  });

  test('a throw, an exit or a rejection ends it with that reason, and the caller is told (P18)', async () => {
    const { runtime, reports } = world();
    const bug = new Error('bug');
    const bad = [
      (): never => {
        throw bug;
      },
      (): Promise<never> => Promise.reject(bug),
    ];
    for (const run of bad) {
      for (const ask of ['get', 'update', 'getAndUpdate'] as const) {
        const ref = await startAgent(runtime, () => 0);
        const { pid } = ref;
        expect(await reasonOf(ref[ask](run))).toBe(bug);
        expect((pid as Process).alive).toBe(false);
        expect(await reasonOf(ref.get((n) => n))).toBe('noproc');
        expect(ref.cast((n) => n)).toBe(true);
      }
    }
    expect(reports.filter(({ tag }) => tag === 'crash').length).toBe(6);
    const ref = await startAgent(runtime, () => 0);
    expect(await reasonOf(ref.update(() => exit('shutdown')))).toBe('shutdown');
  });

  test('a throw in a cast ends it too, and whoever waits behind it hears of that', async () => {
    const { runtime } = world();
    const ref = await startAgent(runtime, () => 0);
    ref.cast(() => exit('boom'));
    expect(await reasonOf(ref.get((n) => n))).toBe('boom');
  });
});

describe('timeouts and signals of an agent call (G5, G6)', () => {
  test('after 5,000 ms, or the timeout given, the caller gives up; the function runs to its end', async () => {
    const { runtime, clock } = world();
    const ref = await startAgent(runtime, () => 0);
    const { opened, open } = gate<number>();
    const slow = reasonOf(ref.update(() => opened));
    const quick = reasonOf(ref.get((n) => n, { timeout: 10 }));
    const patient = ref.get((n) => n, { timeout: Infinity });
    await clock.advance(10);
    expect(await quick).toBe('timeout');
    await clock.advance(4_990);
    expect(await slow).toBe('timeout');
    open(7);
    expect(await patient).toBe(7);
  });

  test('a signal gives a call up; one that fired before is not sent', async () => {
    const { runtime } = world();
    const ref = await startAgent(runtime, () => 0);
    const controller = new AbortController();
    const waiting = reasonOf(ref.get(() => new Promise(() => {}), { signal: controller.signal }));
    controller.abort('enough');
    expect(await waiting).toEqual({ canceled: 'enough' });
    let ran = false;
    const never = ref.get(() => (ran = true), { signal: controller.signal });
    expect(await reasonOf(never)).toEqual({ canceled: 'enough' });
    expect(ran).toBe(false);
  });

  test('a full mailbox: cast is false, a call fails (P2)', async () => {
    const { runtime } = world();
    const ref = await startAgent(runtime, () => 0, { mailbox: 1 });
    expect(ref.cast((n) => n)).toBe(true);
    expect(ref.cast((n) => n)).toBe(false);
    expect(await reasonOf(ref.get((n) => n))).toEqual({ overloaded: 'mailbox' });
  });
});

describe('starting and stopping an agent', () => {
  test('a throw in init fails the start', async () => {
    const { runtime } = world();
    expect(await reasonOf(startAgent(runtime, () => exit('no')))).toBe('no');
  });

  test('stop ends it and waits; a second stop finds nobody (G16)', async () => {
    const { runtime } = world();
    const ref = await startAgent(runtime, () => 0);
    await ref.stop();
    expect((ref.pid as Process).reason).toBe('normal');
    expect(await reasonOf(ref.stop())).toBe('noproc');
    expect(await failure(ref.stop('normal', 0))).toBeInstanceOf(RangeError);
  });

  test('linked: it dies with its parent', async () => {
    const { runtime } = world();
    const parent = spawn(runtime);
    const result = await startAgentLink(parent, () => 0);
    const pid = (result as { readonly pid: Pid }).pid as Process;
    runtime.exit(parent, 'gone');
    expect(pid.reason).toBe('gone');
  });

  test('as a child it begins anew after a crash, found by its name', async () => {
    const { runtime, clock } = world();
    const sup = await startSupervisor(runtime, {
      children: [agent('hits', () => 1, { scope: runtime.names, restart: 'transient' })],
    });
    const ref = new AgentRef<number>(runtime, { scope: runtime.names, name: 'hits' });
    await ref.update((n) => n + 1);
    expect(await reasonOf(ref.update(() => exit('boom')))).toBe('boom');
    await clock.settle();
    expect(await ref.get((n) => n)).toBe(1);
    const [child] = await sup.whichChildren();
    expect(child).toMatchObject({ id: 'hits', type: 'worker', restart: 'transient', pid: ref.pid });
  });
});

test('cast gives false where the table of names throws, as a server’s does; a call rejects', async () => {
  const { runtime } = world();
  const broken = {
    register: () => true,
    unregister: () => undefined,
    whereis: () => {
      throw new Error('no such table');
    },
  };
  const ref = new AgentRef<number>(runtime, { scope: broken, name: 'hits' });
  expect(ref.cast((n) => n + 1)).toBe(false);
  expect(await failure(ref.get((n) => n))).toMatchObject({ message: 'no such table' });
});
