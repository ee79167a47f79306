import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogFields } from '../../src/actor/logger.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { RemotePid, type Pid } from '../../src/actor/pid.ts';
import { startServer } from '../../src/otp.ts';
import { ProcessGroups } from '../../src/otp/process-groups.ts';
import * as sys from '../../src/otp/sys.ts';
import { Registry, type RegistryOptions } from '../../src/otp/registry.ts';
import { hostileValues } from '../actor/hostile.ts';
import { recorder, spawn, world } from '../actor/world.ts';

const lost: unknown[] = [];
const onLost = (error: unknown): void => void lost.push(error);
beforeEach(() => void process.on('unhandledRejection', onLost));
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', onLost);
  expect(lost.splice(0)).toEqual([]);
});

describe('the options of a registry', () => {
  test('those that make no sense are named', () => {
    const wrong: readonly (readonly [RegExp, unknown])[] = [
      [/^options must/, undefined],
      [/^options must/, null],
      [/^options must/, 'unique'],
      [/keys must/, {}],
      [/keys must/, { keys: 'x' }],
      [/^maxEntries must/, { keys: 'unique', maxEntries: '5' }],
      [/^listeners must/, { keys: 'unique', listeners: 5 }],
      [/^listener must/, { keys: 'unique', listeners: [undefined] }],
      [/^listener must/, { keys: 'unique', listeners: [{}] }],
      [/^listener must/, { keys: 'unique', listeners: [{ scope: {}, name: 'x' }] }],
    ];
    for (const [message, options] of wrong) {
      const make = (): unknown => new Registry(options as RegistryOptions);
      expect(make).toThrow(message);
      expect(make).toThrow(TypeError);
    }
    for (const maxEntries of [0, Number.NaN]) {
      const make = (): unknown => new Registry({ keys: 'unique', maxEntries });
      expect(make).toThrow(/^maxEntries must be a number ≥ 1, not /);
      expect(make).toThrow(RangeError);
    }
    expect(new Registry({ keys: 'unique', maxEntries: Infinity }).count()).toBe(0);
  });

  test('listeners added to the list afterwards are none', async () => {
    const { runtime, clock } = world();
    const { pid: late, inbox } = recorder(runtime);
    const listeners: (typeof late)[] = [];
    const registry = new Registry({ keys: 'unique', listeners });
    listeners.push(late);
    registry.register('a', spawn(runtime));
    await clock.settle();
    expect(inbox).toEqual([]);
  });
});

describe('keys', () => {
  test('are compared as a map does: NaN is itself, objects by identity; hostile ones are looked at by nobody', () => {
    const { runtime } = world();
    for (const keys of ['unique', 'duplicate'] as const) {
      const registry = new Registry<unknown>({ keys });
      const values = hostileValues();
      const pid = spawn(runtime);
      for (const [, key] of values) expect(registry.register(key, pid)).toBe(true);
      expect(registry.register({}, pid)).toBe(true);
      expect([registry.lookup({}).length, registry.lookup(Number.NaN).length]).toEqual([0, 1]);
      for (const [, key] of values) {
        expect(registry.lookup(key)).toEqual([{ pid, value: undefined }]);
        expect([registry.values(key, pid).length, registry.unregister(key, pid)]).toEqual([1, 1]);
      }
      runtime.exit(pid, 'kill');
      expect(registry.count()).toBe(0);
    }
  });
});

describe('processes', () => {
  test('one that is none, or elsewhere, is named by every function that takes one', () => {
    const { runtime } = world();
    const registry = new Registry<string, number>({ keys: 'unique' });
    registry.register('a', spawn(runtime), 1);
    for (const pid of [
      undefined,
      null,
      5,
      {},
      new RemotePid('far', 1, 1),
      { pid: spawn(runtime) },
    ] as never[]) {
      const uses: readonly (() => unknown)[] = [
        () => registry.register('b', pid, 2),
        () => registry.unregister('a', pid),
        () => registry.unregisterMatch('a', () => true, pid),
        () => registry.updateValue('a', pid, () => 9),
        () => registry.values('a', pid),
        () => registry.keys(pid),
      ];
      for (const use of uses) {
        expect(use).toThrow(/^pid must be a process of this node/);
        expect(use).toThrow(TypeError);
      }
    }
    // above all: a pid that is missing is not the same as none said
    expect([registry.count(), registry.lookup('a')[0]?.value]).toEqual([1, 1]);
    expect(registry.unregister('a')).toBe(1);
  });

  test('the dead have nothing, and take nothing', () => {
    const { runtime } = world();
    const registry = new Registry<string, number>({ keys: 'duplicate' });
    const dead = spawn(runtime);
    runtime.exit(dead, 'kill');
    expect([
      registry.register('a', dead, 1),
      registry.unregister('a', dead),
      registry.values('a', dead),
      registry.keys(dead),
      registry.count(),
    ]).toEqual([false, 0, [], [], 0]);
  });

  test('a taken key is refused also when the registry is full', () => {
    const { runtime } = world();
    const registry = new Registry({ keys: 'unique', maxEntries: 1 });
    const pid = spawn(runtime);
    expect([registry.register('a', pid), registry.register('a', pid)]).toEqual([true, false]);
    expect(() => registry.register('b', pid)).toThrow('overloaded');
  });
});

describe('functions given to a registry', () => {
  test('one that is none is named, whether there are entries or not', () => {
    const { runtime } = world();
    const registry = new Registry<string, number>({ keys: 'unique' });
    const pid = spawn(runtime);
    registry.register('a', pid, 1);
    const none = undefined as never;
    for (const key of ['a', 'nobody']) {
      expect(() => registry.match(key, none)).toThrow(/^test must/);
      expect(() => registry.countMatch(key, none)).toThrow(/^test must/);
      expect(() => registry.unregisterMatch(key, none)).toThrow(/^test must/);
      expect(() => registry.dispatch(key, none)).toThrow(/^visit must/);
      expect(() => registry.updateValue(key, pid, none)).toThrow(/^change must/);
    }
    expect(registry.lookup('a')).toEqual([{ pid, value: 1 }]);
  });

  test('one that throws, or gives a promise, changes nothing', () => {
    const { runtime } = world();
    const registry = new Registry<string, number>({ keys: 'unique' });
    const pid = spawn(runtime);
    registry.register('a', pid, 1);
    const thrower = (): never => {
      throw new Error('mine');
    };
    const late = (): never => Promise.reject(new Error('nobody hears this')) as never;
    for (const [broken, message] of [
      [thrower, 'mine'],
      [late, 'promise'],
    ] as const) {
      expect(() => registry.match('a', broken)).toThrow(message);
      expect(() => registry.countMatch('a', broken)).toThrow(message);
      expect(() => registry.unregisterMatch('a', broken)).toThrow(message);
      expect(() => registry.updateValue('a', pid, broken)).toThrow(message);
    }
    expect(() => registry.dispatch('a', thrower)).toThrow('mine');
    expect(registry.lookup('a')).toEqual([{ pid, value: 1 }]);
  });

  test('entries that change while they are visited: the visit sees what was there', () => {
    const { runtime } = world();
    const registry = new Registry<string, number>({ keys: 'duplicate' });
    const pids = [1, 2, 3].map((value) => {
      const pid = spawn(runtime);
      registry.register('a', pid, value);
      return pid;
    });
    const seen: number[] = [];
    registry.dispatch('a', (entries) => {
      for (const { value } of entries) {
        seen.push(value);
        registry.unregister('a');
        registry.register('a', pids[0] as (typeof pids)[0], 9);
      }
    });
    expect([seen, registry.lookup('a').map(({ value }) => value)]).toEqual([[1, 2, 3], [9]]);
    const gone = registry.unregisterMatch('a', () => registry.unregister('a') >= 0);
    expect([gone <= 1, registry.count(), [...registry.entries()]]).toEqual([true, 0, []]);
    expect(registry.register('a', pids[1] as (typeof pids)[0], 1)).toBe(true);
    expect(registry.count()).toBe(1);
  });

  test('a value whose entry goes while it is changed is not changed', () => {
    const { runtime } = world();
    const registry = new Registry<string, number>({ keys: 'unique' });
    const [pid, next] = [spawn(runtime), spawn(runtime)];
    registry.register('a', pid, 1);
    const change = (value: number): number => {
      registry.unregister('a');
      registry.register('a', next, 5);
      return value + 1;
    };
    expect(registry.updateValue('a', pid, change)).toBeUndefined();
    expect(registry.lookup('a')).toEqual([{ pid: next, value: 5 }]);
  });
});

describe('listeners', () => {
  test('a table of names that throws keeps nobody from hearing, and harms neither registration nor death', async () => {
    const warnings: LogFields[] = [];
    const { runtime, clock } = world({
      logger: { ...silentLogger, level: 'error', error: (fields) => void warnings.push(fields) },
    });
    const { pid, inbox } = recorder(runtime);
    const broken = {
      register: () => true,
      unregister: () => undefined,
      whereis: () => {
        throw new Error('broken table');
      },
    };
    const registry = new Registry({ keys: 'unique', listeners: [{ scope: broken, name: 'x' }, pid] });
    const owner = spawn(runtime);
    expect(registry.register('a', owner)).toBe(true);
    runtime.exit(owner, 'kill');
    await clock.settle();
    expect([inbox.map(({ message }) => (message as { tag: string }).tag), registry.count()]).toEqual([
      ['register', 'unregister'],
      0,
    ]);
    expect(warnings).toMatchObject([{ event: 'runtime.defect' }, { event: 'runtime.defect' }]);
  });
});

describe('names', () => {
  test('a status and a crash report tell them, and nothing of what else a process holds', async () => {
    const { runtime, reports, clock } = world();
    const registry = new Registry<string>({ keys: 'unique' });
    const groups = new ProcessGroups();
    const details: unknown[] = [];
    runtime.onReport((report) => {
      if (report.tag === 'crash') details.push(report.details().names);
    });
    const ref = await startServer(
      runtime,
      {
        init: () => 0,
        handleInfo: () => {
          throw new Error('boom');
        },
      },
      undefined,
      { name: 'a', scope: registry },
    );
    registry.register('b', ref.pid as Pid);
    groups.join('g', ref.pid as Pid);
    expect((await sys.getStatus(ref)).names).toEqual(['a']);
    ref.send('go');
    await clock.settle();
    expect([details, reports.some(({ tag }) => tag === 'crash')]).toEqual([[['a']], true]);
  });

  test('taken and given back again and again, NaN too, they leave nothing with the process', () => {
    const { runtime } = world();
    const registry = new Registry<number>({ keys: 'unique' });
    const pid = spawn(runtime);
    for (let n = 0; n < 5; n++) {
      expect(pid.register(Number.NaN, registry)).toBe(true);
      expect([pid.register(Number.NaN, registry), registry.whereis(Number.NaN)]).toEqual([false, pid]);
      expect(registry.unregister(Number.NaN)).toBe(1);
      expect(pid.register(0, registry)).toBe(true);
      expect([registry.whereis(-0), registry.unregister(-0)]).toEqual([pid, 1]);
      expect(pid.names).toEqual([]);
    }
  });

  test('a table that answers later is refused, and its rejection ends nobody', () => {
    const { runtime } = world();
    const table = {
      register: () => Promise.reject(new Error('nobody waits for this')) as never,
      unregister: () => undefined,
      whereis: () => undefined,
    };
    const pid = spawn(runtime);
    expect(() => pid.register('x', table)).toThrow(TypeError);
    expect(pid.names).toEqual([]);
  });
});
