import { describe, expect, test } from 'vitest';
import type { Pid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import {
  exit,
  ignore,
  NameScope,
  noReply,
  reply,
  started,
  startServer,
  stop,
  type GenServer,
} from '../../src/otp.ts';
import { startServerLink } from '../../src/otp/gen-server.ts';
import type { StartError } from '../../src/otp/errors.ts';
import type { StartResult } from '../../src/otp/start.ts';
import type { Exit } from '../../src/actor/monitor.ts';
import { failure, reasonOf, recorder, spawn, world } from '../actor/world.ts';

interface Calls {
  get(): unknown;
}
const serving = (init: () => unknown): GenServer<undefined, unknown, Calls> => ({
  label: 'served',
  init: init as () => unknown,
  handleCall: { get: (_, state) => reply(state, state) },
});

describe('startServer', () => {
  test('init gives the first state: a value, a promise, or started', async () => {
    const { runtime } = world();
    for (const init of [
      () => 7,
      () => Promise.resolve(7),
      () => started(7, {}),
      () => Promise.resolve(started(7, {})),
    ]) {
      expect(await (await startServer(runtime, serving(init), undefined)).call('get')).toBe(7);
    }
  });

  test('ignore and stop reject with their reason; a throw and a rejection with what was thrown', async () => {
    const bug = new Error('bug');
    for (const [init, reason, reported] of [
      [() => ignore, 'ignore', 0],
      [() => stop('no', null), 'no', 1],
      [() => stop('shutdown', null), 'shutdown', 0],
      [() => exit({ shutdown: 1 }), { shutdown: 1 }, 0],
      [
        () => {
          throw bug;
        },
        bug,
        1,
      ],
      [() => Promise.reject(bug), bug, 1],
      [() => Promise.resolve(ignore), 'ignore', 0],
    ] as const) {
      const { runtime, reports } = world();
      expect(await reasonOf(startServer(runtime, serving(init), undefined, { name: 'x' }))).toEqual(reason);
      expect(reports.filter(({ tag }) => tag === 'crash').length).toBe(reported);
      expect([runtime.alive, runtime.names.whereis('x')]).toEqual([0, undefined]);
    }
  });

  test('a taken name is already_started with the holder, and no second process survives', async () => {
    const { runtime } = world();
    const first = await startServer(
      runtime,
      serving(() => 1),
      undefined,
      { name: 'x' },
    );
    const refused = (await failure(
      startServer(
        runtime,
        serving(() => 2),
        undefined,
        { name: 'x', label: 'second' },
      ),
    )) as StartError;
    expect(refused.reason).toEqual({ already_started: first.pid });
    expect(refused.message).toBe(`second did not start: { already_started: ${String(first.pid)} }`);
    expect(runtime.alive).toBe(1);
    const elsewhere = await startServer(
      runtime,
      serving(() => 3),
      undefined,
      { name: 'x', scope: new NameScope() },
    );
    expect(await elsewhere.call('get')).toBe(3);
  });

  test('the name is free before the starter hears of a failure, 100 times over', async () => {
    const { runtime } = world();
    for (let i = 0; i < 100; i++) {
      const init = i % 2 === 0 ? () => ignore : () => Promise.reject(new Error('x'));
      expect(await reasonOf(startServer(runtime, serving(init), undefined, { name: 'x' }))).not.toMatchObject(
        { already_started: {} },
      );
    }
  });

  test('a start timeout rejects with timeout and kills the half-started process; its late init is dropped', async () => {
    const { runtime, clock } = world();
    let finish: (value: unknown) => void = () => {};
    const reason = reasonOf(
      startServer(
        runtime,
        serving(() => new Promise((resolve) => (finish = resolve))),
        undefined,
        { timeout: 50, name: 'x' },
      ),
    );
    await clock.advance(49);
    expect(runtime.alive).toBe(1);
    await clock.advance(1);
    expect(await reason).toBe('timeout');
    expect([runtime.alive, runtime.names.whereis('x'), runtime.timers.size]).toEqual([0, undefined, 0]);
    finish(1);
    await clock.settle();
    expect(runtime.alive).toBe(0);
  });

  test('a timely init leaves no timer', async () => {
    const { runtime } = world();
    await startServer(
      runtime,
      serving(() => Promise.resolve(1)),
      undefined,
      { timeout: 50 },
    );
    expect(runtime.timers.size).toBe(0);
  });

  test('killed while it starts: the start fails with killed, a late result is dropped', async () => {
    const { runtime, clock } = world();
    let finish: (value: unknown) => void = () => {};
    const reason = reasonOf(
      startServer(
        runtime,
        serving(() => new Promise((_, reject) => (finish = reject))),
        undefined,
        { name: 'x' },
      ),
    );
    runtime.exit(runtime.names.whereis('x') as Pid, 'kill');
    expect(await reason).toBe('killed');
    finish(new Error('late'));
    await clock.settle();
  });

  test('messages sent during init are handled after it', async () => {
    const { runtime } = world();
    const server: GenServer<undefined, unknown[], Calls> = {
      init: (_, self) => {
        self.send(self.pid, 'early');
        return Promise.resolve([]);
      },
      handleCall: { get: (_, state) => reply([...state], state) },
      handleInfo: (message, state) => noReply([...state, message]),
    };
    const ref = await startServer(runtime, server, undefined);
    expect(await ref.call('get')).toEqual(['early']);
  });

  test('label, id and name say who it is', async () => {
    const { runtime } = world();
    const label = async (options: object): Promise<string> =>
      (
        (
          await startServer(
            runtime,
            serving(() => 1),
            undefined,
            options,
          )
        ).pid as Process
      ).label;
    expect(await label({})).toBe('served');
    expect(await label({ id: 'an id' })).toBe('an id');
    expect(await label({ id: 'an id', label: 'a label' })).toBe('a label');
  });
});

describe('startServerLink', () => {
  test('a synchronous init makes the whole start synchronous', () => {
    const { runtime } = world();
    const result = startServerLink(
      spawn(runtime),
      serving(() => 1),
      undefined,
    );
    expect(result).toMatchObject({ tag: 'ok' });
  });

  test('a failed start is an exit signal with exactly that reason to the linked starter', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime, { trapExit: true });
    const results = [
      await startServerLink(
        pid,
        serving(() => stop('no', null)),
        undefined,
      ),
      await startServerLink(
        pid,
        serving(() => ignore),
        undefined,
      ),
    ] as StartResult[];
    expect(results).toEqual([{ tag: 'error', reason: 'no' }, { tag: 'ignore' }]);
    await clock.settle();
    expect(inbox.map(({ message }) => (message as Exit).reason)).toEqual(['no', 'normal']);
    const plain = spawn(runtime);
    await startServerLink(
      plain,
      serving(() => stop('no', null)),
      undefined,
    );
    expect(plain.reason).toBe('no');
  });

  test('a taken name is an answer, no exit signal to the starter', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime, { trapExit: true });
    const server = serving(() => 1);
    await startServerLink(pid, server, undefined, { name: 'x' });
    const second = await startServerLink(pid, server, undefined, { name: 'x' });
    expect(second).toEqual({ tag: 'error', reason: { already_started: runtime.names.whereis('x') } });
    await clock.settle();
    expect(inbox).toEqual([]);
  });

  test('below a dead parent nothing starts: noproc, and init does not run', async () => {
    const { runtime } = world();
    const parent = spawn(runtime);
    runtime.exit(parent, 'gone');
    const result = await startServerLink(
      parent,
      serving(() => expect.fail()),
      undefined,
      { name: 'x' },
    );
    expect(result).toEqual({ tag: 'error', reason: 'noproc' });
    expect(runtime.alive).toBe(0);
  });
});
