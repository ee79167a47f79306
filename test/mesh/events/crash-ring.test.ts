import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { childrenOf } from '../../../src/actor/tree.ts';
import { CrashRing, type Crash } from '../../../src/mesh/events/crash-ring.ts';
import { startServer, type GenServer } from '../../../src/otp/gen-server.ts';
import { noReply } from '../../../src/otp/result.ts';
import { Request } from '../../../src/otp/server-ref.ts';
import { startSupervisor, worker, type SupervisorSpec } from '../../../src/otp/supervisor.ts';
import { spawn, world as actorWorld } from '../../actor/world.ts';

const SECRET = 'canary-3c41';

type Blow = () => unknown;
/** Throws, or ends with, whatever it is told to. */
const fragile: GenServer<void, null, object, { fail(blow: Blow): void }> = {
  label: 'fragile',
  init: () => null,
  handleCast: {
    fail: (blow) => {
      throw blow();
    },
  },
  handleInfo: (message, state) => {
    if (message === 'end') throw new Error('over');
    return noReply(state);
  },
};

async function scene(
  options: Partial<SupervisorSpec> & { restart?: 'temporary' | 'transient' } = {},
  details = false,
) {
  const { restart, ...rest } = options;
  const world = actorWorld({ crashDetails: details });
  const ring = new CrashRing(details);
  world.runtime.onReport((report) => ring.take(report));
  const told: Crash[] = [];
  const leave = ring.listen((crash) => told.push(crash));
  const started = await startSupervisor(
    world.runtime,
    {
      strategy: 'oneForOne',
      intensity: 100_000,
      period: 1,
      children: [worker('fragile', fragile, undefined, restart === undefined ? {} : { restart })],
      ...rest,
    },
    { label: 'top' },
  );
  const root = started.pid as Process;
  const child = (): Process => [...childrenOf(root)].find(({ label }) => label === 'fragile')!;
  const fail = async (blow: Blow): Promise<void> => {
    world.runtime.cast(child(), new Request('fail', blow));
    await world.clock.settle();
  };
  return { ...world, ring, told, leave, root, child, fail };
}

describe('CrashRing', () => {
  test('keeps the last 200, oldest first, and counts all', async () => {
    const { ring, fail } = await scene();
    for (let n = 0; n < 205; n++) await fail(() => new RangeError(`no ${n}`));
    expect([ring.all.length, ring.count]).toEqual([200, 205]);
    const at = ring.all.map(({ pid }) => Number(/\.(\d+)>/.exec(pid)![1]));
    expect(at).toEqual(at.toSorted((a, b) => a - b));
    // who has them cannot change them
    (ring.all as Crash[]).length = 0;
    expect(ring.all).toHaveLength(200);
  });

  test('tells of a crash at once, and again with what its supervisor did', async () => {
    const { ring, told, child, root, fail } = await scene();
    const pid = String(child());
    await fail(() => new RangeError('x'));
    expect(told).toHaveLength(2);
    const [first, second] = told;
    expect(first).toEqual({
      id: expect.any(String) as string,
      at: expect.any(Number) as number,
      pid,
      label: 'fragile',
      type: 'GenServer',
      path: [root.label],
      reason: 'RangeError',
      cause: [],
      stack: expect.any(Array) as string[],
      lastMessage: { type: 'cast fail' },
    });
    expect(first!.stack.length).toBeGreaterThan(0);
    expect(second).toEqual({ ...first, decision: 'restarted', supervisor: root.label, restarts: 1 });
    expect(ring.all).toEqual([second]);
  });

  test('who has left is told nothing; two listeners are both told', async () => {
    const { ring, told, leave, fail } = await scene();
    const other: Crash[] = [];
    const gone = ring.listen((crash) => {
      other.push(crash);
      gone();
    });
    await fail(() => new Error('x'));
    leave();
    await fail(() => new Error('x'));
    expect([told.length, other.length, ring.all.length]).toEqual([2, 1, 2]);
  });

  test.each([
    ['permanent', {}, 'restarted'],
    ['transient', { restart: 'transient' as const }, 'restarted'],
    ['temporary', { restart: 'temporary' as const }, 'not_restarted'],
    ['permanent, once too often', { intensity: 0, period: 5_000 }, 'given_up'],
  ])('what was decided of a child that is %s', async (_name, options, decision) => {
    const { ring, told, fail } = await scene(options);
    await fail(() => new Error('x'));
    expect(ring.all.map((crash) => [crash.label, crash.decision])).toContainEqual(['fragile', decision]);
    expect(told.filter(({ label }) => label === 'fragile').at(-1)?.decision).toBe(decision);
  });

  test('giving up is told of the last crash only', async () => {
    const { ring, fail } = await scene({ intensity: 2, period: 60_000 });
    for (let n = 0; n < 3; n++) await fail(() => new Error('x'));
    expect(ring.all.filter(({ label }) => label === 'fragile').map(({ decision }) => decision)).toEqual([
      'restarted',
      'restarted',
      'given_up',
    ]);
    // as many as were in the window, the one that was not made any more among them
    expect(ring.all.filter(({ label }) => label === 'fragile').map((crash) => crash.restarts)).toEqual([
      1, 2, 3,
    ]);
  });

  test('of what nobody supervises there is no decision', async () => {
    const { ring, runtime, clock, root } = await scene();
    runtime.exit(root, new Error('x'));
    await clock.settle();
    const top = ring.all.find(({ label }) => label === root.label);
    expect(top === undefined || top.decision === undefined).toBe(true);
  });

  test('what it was handling is told as its kind, of its own crash and no other', async () => {
    const { ring, runtime, clock, child } = await scene();
    runtime.send(child(), 'end');
    await clock.settle();
    expect(ring.all.at(-1)?.lastMessage).toEqual({ type: 'string', size: 3 });
    const other = spawn(runtime, () => {
      throw new Error('no server');
    });
    runtime.send(other, 'x');
    await clock.settle();
    expect(ring.all.at(-1)).toMatchObject({ pid: String(other), reason: 'Error' });
    expect(ring.all.at(-1)?.lastMessage).toBe(undefined);
  });

  test('a request it was handling is told by its handler alone, and not at all where messages are hidden', async () => {
    const hiding: GenServer<void, null, { ask(given: string): void }> = {
      init: () => null,
      handleCall: {
        ask: () => {
          throw new Error('x');
        },
      },
      formatStatus: (status) => ({ ...status, message: undefined }),
    };
    const { formatStatus: _none, ...telling } = hiding;
    for (const [server, told] of [
      [telling, { type: 'call ask' }],
      [hiding, undefined],
    ] as const) {
      const { runtime, clock } = actorWorld();
      const ring = new CrashRing(false);
      runtime.onReport((report) => ring.take(report));
      const ref = await startServer(runtime, server, undefined);
      ref.call('ask', SECRET).catch(() => undefined);
      await clock.settle();
      expect(ring.all.map(({ lastMessage }) => lastMessage)).toEqual([told]);
      expect(JSON.stringify(ring.all)).not.toContain(SECRET);
    }
  });

  test('an end from outside is no crash', async () => {
    const { ring, runtime, clock, child } = await scene();
    runtime.exit(child(), new Error('from outside'));
    await clock.settle();
    runtime.exit(child(), 'kill');
    await clock.settle();
    expect(ring.all).toEqual([]);
  });

  test('causes are told by their kinds, eight at most, circles and all', async () => {
    const { ring, fail } = await scene();
    await fail(() => new Error('a', { cause: new TypeError('b', { cause: SECRET }) }));
    expect(ring.all.at(-1)?.cause).toEqual(['TypeError', `a string of ${SECRET.length} characters`]);
    const circle = new RangeError('x');
    circle.cause = circle;
    await fail(() => circle);
    expect(ring.all.at(-1)?.cause).toHaveLength(8);
    let deep: Error = new SyntaxError('last');
    for (let n = 0; n < 50; n++) deep = new Error(`${n}`, { cause: deep });
    await fail(() => deep);
    expect(ring.all.at(-1)?.cause).toHaveLength(8);
    const trap = new Error('x');
    Object.defineProperty(trap, 'cause', {
      get: () => {
        throw new Error(SECRET);
      },
    });
    await fail(() => trap);
    expect(ring.all.at(-1)?.cause).toEqual([]);
    await fail(
      () =>
        new Proxy(new Error('x'), {
          getPrototypeOf: () => {
            throw new Error(SECRET);
          },
        }),
    );
    expect(ring.all.at(-1)?.cause).toEqual([]);
  });

  test('nothing of what was thrown is told unless details are', async () => {
    const blows: Blow[] = [
      () => new Error(SECRET, { cause: new Error(SECRET, { cause: { [SECRET]: SECRET } }) }),
      () => SECRET,
      () => ({ secret: SECRET, overloaded: SECRET }),
      () =>
        Object.assign(new Error(SECRET), { name: SECRET, code: SECRET, stack: `Error: x\n    at ${SECRET}` }),
      () => new AggregateError([SECRET], SECRET),
      () => [SECRET],
      () => Symbol(SECRET),
    ];
    const { ring, told, fail } = await scene();
    for (const blow of blows) await fail(blow);
    expect(ring.all).toHaveLength(blows.length);
    expect(JSON.stringify([ring.all, told])).not.toContain(SECRET);
    const open = await scene({}, true);
    await open.fail(() => new Error('it is said', { cause: new TypeError('and why') }));
    expect(open.ring.all).toMatchObject([{ reason: 'Error: it is said', cause: ['TypeError: and why'] }]);
  });

  test('names are told as far as anybody reads them', async () => {
    const long = 'n'.repeat(1_000_000);
    const { ring, clock, child } = await scene();
    const failing = child();
    failing.label = long;
    failing.runtime.cast(failing, new Request('fail', () => new Error('x')));
    await clock.settle();
    expect(JSON.stringify(ring.all).length).toBeLessThan(20_000);
    expect(ring.all[0]?.label).toHaveLength(1_024);
  });

  test('is plain data', async () => {
    const { ring, fail } = await scene();
    await fail(() => new Error('x', { cause: new Error('y') }));
    expect(JSON.parse(JSON.stringify(ring.all))).toEqual(ring.all);
    expect(structuredClone(ring.all)).toEqual(ring.all);
  });
});
