import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import {
  DynamicSupervisorRef,
  dynamicSupervisor,
  startDynamicSupervisor,
  startServerLink,
  startSupervisor,
  startSupervisorLink,
  supervisor,
  SupervisorRef,
  worker,
  type ChildSpec,
  type GenServer,
} from '../../src/otp.ts';
import { Status } from '../../src/actor/process.ts';
import { failure, reasonOf, spawn, world } from '../actor/world.ts';
import { child, plan } from './tree.ts';

const hanging = (trapExit: boolean): GenServer<undefined, null> => ({
  label: 'hanging',
  trapExit,
  init: () => new Promise<null>(() => {}),
  terminate: () => expect.fail('it never had a state'),
});
const hang = (trapExit: boolean, options: Pick<ChildSpec, 'shutdown'> = {}): ChildSpec =>
  worker('hanging', hanging(trapExit), undefined, options);

describe.each([true, false])('a child that is still starting (trapExit: %s)', (trapExit) => {
  test.each(['kill', 'normal', 'shutdown', 'why'])(
    'dies when its parent ends with %s: nobody waits for its start any more',
    (reason) => {
      const { runtime } = world();
      const parent = spawn(runtime);
      const start = startServerLink(parent, hanging(trapExit), undefined);
      expect(start).toBeInstanceOf(Promise);
      const [started] = [...childrenOf(parent)] as [Process];
      expect(started.status).toBe(Status.starting);
      if (reason === 'normal') runtime.stop(parent, 'normal');
      else runtime.exit(parent, reason);
      expect(started.alive).toBe(false);
      expect(runtime.alive).toBe(0);
    },
  );

  test('dies with a supervisor that is killed in the middle of its own start', async () => {
    const { runtime, clock } = world();
    const parent = spawn(runtime);
    const start = startSupervisorLink(parent, { children: [child(plan(), 'a'), hang(trapExit)] });
    const [started] = [...childrenOf(parent)] as [Process];
    runtime.exit(started, 'kill');
    await clock.settle();
    expect(await start).toEqual({ tag: 'error', reason: 'killed' });
    expect(runtime.alive).toBe(0);
  });

  test('dies at the start timeout of its supervisor, however deep', async () => {
    const { runtime, clock } = world();
    const deep = supervisor('s', { children: [supervisor('t', { children: [hang(trapExit)] })] });
    const reason = reasonOf(startSupervisor(runtime, { children: [deep] }, { timeout: 50 }));
    expect(runtime.alive).toBe(4);
    await clock.advance(50);
    expect(await reason).toBe('timeout');
    expect(runtime.alive).toBe(0);
  });

  test.each([100, Infinity])(
    'is given up by the supervisor that waits for it when that is stopped (shutdown %s)',
    async (shutdown) => {
      const { runtime, clock } = world();
      let starts = 0;
      const server: GenServer<undefined, null> = {
        trapExit,
        init: () => (starts++ === 0 ? null : new Promise<null>(() => {})),
      };
      const made = plan();
      const ref = await startSupervisor(runtime, {
        children: [
          supervisor(
            's',
            { children: [child(made, 'a'), worker('again', server, undefined)] },
            { shutdown, scope: runtime.names },
          ),
          dynamicSupervisor('d', {}, { shutdown, scope: runtime.names }),
        ],
      });
      const s = new SupervisorRef(runtime, { scope: runtime.names, name: 's' });
      const again = [...childrenOf(s.pid as Process)].at(-1) as Process;
      runtime.exit(again, 'kill');
      const d = new DynamicSupervisorRef(runtime, { scope: runtime.names, name: 'd' });
      const refused = failure(d.startChild(hang(trapExit)));
      const waiting = failure(s.whichChildren());
      await clock.settle();
      expect(starts).toBe(2);
      const stopped = ref.stop();
      await clock.settle();
      expect([await stopped, made.log]).toEqual(['shutdown', ['start a', 'stop a shutdown']]);
      expect(await refused).toMatchObject({ reason: 'shutdown' });
      expect(await waiting).toMatchObject({ reason: 'shutdown' });
      expect([starts, runtime.alive]).toEqual([2, 0]);
    },
  );

  test('is not begun any more once its supervisor is told to stop in the middle of a group restart', async () => {
    const { runtime, clock } = world();
    const made = plan();
    let starts = 0;
    const server: GenServer<undefined, null> = {
      trapExit,
      init: () => (starts++ === 0 ? null : new Promise<null>(() => {})),
    };
    const ref = await startSupervisor(runtime, {
      strategy: 'oneForAll',
      children: [worker('again', server, undefined), child(made, 'slow', { linger: 50 })],
    });
    runtime.exit([...childrenOf(ref.pid as Process)][0] as Process, 'kill');
    await clock.settle();
    const stopped = ref.stop();
    await clock.advance(50);
    expect(await stopped).toBe('shutdown');
    expect([starts, runtime.alive]).toEqual([1, 0]);
  });

  test('dies with the supervisor that waits for it when that is killed', async () => {
    const { runtime, clock } = world();
    const ref = await startDynamicSupervisor(runtime);
    const refused = failure(ref.startChild(hang(trapExit)));
    await clock.settle();
    expect(runtime.alive).toBe(2);
    runtime.exit(ref.pid as Process, 'kill');
    expect(await refused).toMatchObject({ reason: 'killed' });
    expect(runtime.alive).toBe(0);
  });
});

describe('a supervisor that is still starting its children', () => {
  test.each([100, Infinity])(
    'stops at once when its supervisor stops it (shutdown %s): those that run in reverse, in order',
    async (shutdown) => {
      const { runtime, clock, reports } = world();
      const made = plan();
      const root = await startSupervisor(runtime, { children: [child(made, 'root')] });
      const inner = supervisor(
        'inner',
        { children: [child(made, 'a', { linger: 10 }), child(made, 'b', { linger: 10 }), hang(true)] },
        { shutdown },
      );
      const start = startSupervisorLink(root.pid as Process, {
        children: [child(made, 'before'), inner, child(made, 'never')],
      });
      await clock.settle();
      made.log.length = reports.length = 0;
      const [outer] = [...childrenOf(root.pid as Process)].slice(-1) as [Process];
      runtime.exit(outer, 'shutdown', root.pid as Process);
      await clock.advance(9);
      expect(made.log).toEqual(['stop b shutdown']);
      await clock.advance(11);
      expect(made.log).toEqual(['stop b shutdown', 'stop a shutdown', 'stop before shutdown']);
      expect(await start).toEqual({ tag: 'error', reason: 'shutdown' });
      expect([outer.alive, runtime.alive]).toEqual([false, 2]);
      expect(reports).toEqual([]);
    },
  );

  test('stops by its name, without a parent, and its start fails with shutdown', async () => {
    const { runtime, clock } = world();
    const start = reasonOf(
      startSupervisor(runtime, { children: [child(plan(), 'a'), hang(true)] }, { name: 'top' }),
    );
    await clock.settle();
    const stopped = new SupervisorRef(runtime, { scope: runtime.names, name: 'top' }).stop();
    await clock.settle();
    expect(await stopped).toBe('shutdown');
    expect(await start).toBe('shutdown');
    expect(runtime.alive).toBe(0);
  });

  test('starts no further child when one comes up while it stops', async () => {
    const { runtime, clock } = world();
    const made = plan();
    let up: (value: null) => void = () => {};
    const slow: GenServer<undefined, null> = { init: () => new Promise((resolve) => (up = resolve)) };
    const start = reasonOf(
      startSupervisor(
        runtime,
        { children: [child(made, 'a', { linger: 50 }), worker('slow', slow, undefined), child(made, 'c')] },
        { name: 'top' },
      ),
    );
    await clock.settle();
    const stopped = new SupervisorRef(runtime, { scope: runtime.names, name: 'top' }).stop();
    up(null);
    await clock.advance(50);
    expect([await stopped, await start]).toEqual(['shutdown', 'shutdown']);
    expect(made.log).toEqual(['start a', 'stop a shutdown']);
    expect(runtime.alive).toBe(0);
  });
});

test('a dynamic supervisor that ends takes along children that are still starting', async () => {
  const { runtime, clock } = world();
  const { startDynamicChild } = await import('../../src/otp/dynamic-supervisor.ts');
  const ref = await startDynamicSupervisor(runtime);
  const starts = [true, false].map((trapExit) => startDynamicChild(ref.pid as Process, hang(trapExit)));
  const stopped = ref.stop();
  await clock.settle();
  expect(await stopped).toBe('shutdown');
  for (const start of starts) expect(await start).toEqual({ tag: 'error', reason: 'shutdown' });
  expect(runtime.alive).toBe(0);
});
