import { describe, expect, test } from 'vitest';
import { RemotePid, type Pid } from '../../src/actor/pid.ts';
import { startServer, startSupervisor, stopServer, worker, type GenServer } from '../../src/otp.ts';
import { failure, reasonOf, world } from '../actor/world.ts';

const server: GenServer<undefined, null> = { init: () => null };

describe('stopServer', () => {
  test('takes a pid as it takes a reference', async () => {
    const { runtime } = world();
    const { pid } = await startServer(runtime, server);
    const gone = pid as Pid;
    await stopServer(gone, 'shutdown');
    expect([gone, runtime.alive]).toMatchObject([{ alive: false, reason: 'shutdown' }, 0]);
    expect(await reasonOf(stopServer(gone))).toBe('noproc');
  });

  test('takes the pid of a child as whichChildren tells it', async () => {
    const { runtime, clock } = world();
    const top = await startSupervisor(runtime, { children: [worker('a', server)] });
    const [before] = await top.whichChildren();
    await stopServer(before?.pid as Pid);
    await clock.settle();
    const [after] = await top.whichChildren();
    expect([after?.pid === before?.pid, (await top.countChildren()).active]).toEqual([false, 1]);
  });

  test('of another node: noconnection', async () => {
    expect(await reasonOf(stopServer(new RemotePid('other', 1, 1)))).toBe('noconnection');
  });

  test.each([undefined, null, 'server', {}])('of %o: a TypeError that says so', async (target) => {
    const error = await failure(stopServer(target as never));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: expect.stringMatching(/^target must be a pid or a reference/) });
  });

  test.each([0, -1, Number.NaN, '50', null])(
    'within %s: a RangeError, and the server lives',
    async (timeout) => {
      const { runtime } = world();
      const ref = await startServer(runtime, server);
      expect(await failure(stopServer(ref, 'normal', timeout as number))).toBeInstanceOf(RangeError);
      expect(ref.pid).toMatchObject({ alive: true });
    },
  );
});

test.each([-1, Number.NaN, '50'])(
  'stop of a supervisor within %s: a RangeError, and it lives',
  async (shutdown) => {
    const ref = await startSupervisor(world().runtime, { children: [] });
    expect(await failure(ref.stop(shutdown as number))).toBeInstanceOf(RangeError);
    expect(ref.pid).toMatchObject({ alive: true });
  },
);
