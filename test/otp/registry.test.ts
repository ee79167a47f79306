import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Kind } from '../../src/actor/mailbox.ts';
import { RemotePid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { reply, ServerRef, startServer, startSupervisor, stopServer, type GenServer } from '../../src/otp.ts';
import { Registry, type RegistryChange } from '../../src/otp/registry.ts';
import { EntryTable } from '../../src/otp/registry/entry-table.ts';
import { agent, AgentRef } from '../../src/otp/agent.ts';
import { failure, reasonOf, recorder, same, sameItems, spawn, world } from '../actor/world.ts';

interface Calls {
  add(amount: number): number;
}

const counter: GenServer<number, number, Calls> = {
  init: (start) => start,
  handleCall: { add: (amount, total) => reply(total + amount, total + amount) },
};

describe('Registry with unique keys (N3)', () => {
  test('a key has one entry: a second one is refused, also of the same process', () => {
    const { runtime } = world();
    const registry = new Registry<string, number>({ keys: 'unique' });
    const [a, b] = [spawn(runtime), spawn(runtime)];
    expect(registry.register('x', a, 1)).toBe(true);
    expect(registry.register('x', b, 2)).toBe(false);
    expect(registry.register('x', a, 3)).toBe(false);
    expect(registry.lookup('x')).toEqual([{ pid: a, value: 1 }]);
    expect(registry.whereis('x')).toBe(a);
    expect(registry.count()).toBe(1);
    expect(registry.lookup('y')).toEqual([]);
  });

  test('updateValue changes the value of the owner and of nobody else', () => {
    const { runtime } = world();
    const registry = new Registry<string, number>({ keys: 'unique' });
    const [a, b] = [spawn(runtime), spawn(runtime)];
    registry.register('x', a, 1);
    expect(registry.updateValue('x', a, (n) => n + 1)).toEqual({ value: 2, previous: 1 });
    expect(registry.updateValue('x', b, (n) => n + 1)).toBeUndefined();
    expect(registry.updateValue('y', a, (n) => n + 1)).toBeUndefined();
    expect(registry.values('x', a)).toEqual([2]);
    expect(registry.values('x', b)).toEqual([]);
  });

  test('keys need not be text; NaN is one key, two objects are two', () => {
    const { runtime } = world();
    const registry = new Registry<unknown>({ keys: 'unique' });
    const pid = spawn(runtime);
    const key = {};
    for (const each of [key, {}, NaN, 1, '1']) expect(registry.register(each, pid)).toBe(true);
    expect(registry.register(NaN, pid)).toBe(false);
    expect(registry.whereis(key)).toBe(pid);
    expect(registry.whereis({})).toBeUndefined();
    registry.register(-0, pid);
    expect([registry.values(NaN, pid), registry.values(0, pid)]).toEqual([[undefined], [undefined]]);
    expect(registry.unregister(0, pid)).toBe(1);
    expect(registry.keys(pid)).toEqual([key, {}, NaN, 1, '1']);
  });
});

describe('Registry with duplicate keys (N3)', () => {
  test('a key has any number of entries, in order, also several of one process', () => {
    const { runtime } = world();
    const registry = new Registry<string, number>({ keys: 'duplicate' });
    const [a, b] = [spawn(runtime), spawn(runtime)];
    registry.register('x', a, 1);
    registry.register('x', b, 2);
    registry.register('x', a, 3);
    registry.register('y', a, 4);
    expect(registry.lookup('x')).toEqual([
      { pid: a, value: 1 },
      { pid: b, value: 2 },
      { pid: a, value: 3 },
    ]);
    expect(registry.keys(a)).toEqual(['x', 'x', 'y']);
    expect(registry.values('x', a)).toEqual([1, 3]);
    expect(registry.count()).toBe(4);
    expect([...registry.entries()].map(({ key, value }) => [key, value])).toEqual([
      ['x', 1],
      ['x', 2],
      ['x', 3],
      ['y', 4],
    ]);
  });

  test('unregister takes those of one process, unregisterMatch those whose value passes', () => {
    const { runtime } = world();
    const registry = new Registry<string, number>({ keys: 'duplicate' });
    const [a, b] = [spawn(runtime), spawn(runtime)];
    for (const n of [1, 2, 3]) {
      registry.register('x', a, n);
      registry.register('x', b, n);
    }
    expect(registry.unregisterMatch('x', (n) => n === 2, a)).toBe(1);
    expect(registry.values('x', a)).toEqual([1, 3]);
    expect(registry.unregister('x', b)).toBe(3);
    expect(registry.unregister('x', b)).toBe(0);
    expect(registry.match('x', (n) => n > 1)).toEqual([{ pid: a, value: 3 }]);
    expect(registry.countMatch('x', (n) => n > 0)).toBe(2);
    expect(registry.unregister('x')).toBe(2);
    expect(registry.count()).toBe(0);
  });

  test('the entries of one process are found among many of a key, which may be NaN or 0', () => {
    const { runtime } = world();
    const registry = new Registry<number, number>({ keys: 'duplicate' });
    const [a, b] = [spawn(runtime), spawn(runtime)];
    for (const key of [NaN, 0]) {
      for (const n of [1, 2, 3]) registry.register(key, b, n);
      registry.register(key, a, 4);
    }
    expect([registry.values(NaN, a), registry.values(-0, a)]).toEqual([[4], [4]]);
    expect(registry.unregister(NaN, a)).toBe(1);
    expect(registry.values(NaN, b)).toEqual([1, 2, 3]);
  });

  test('dispatch gives all entries at once, and is not called without any', () => {
    const { runtime } = world();
    const registry = new Registry<string>({ keys: 'duplicate' });
    const { pid } = recorder(runtime);
    registry.register('x', pid);
    const seen: unknown[] = [];
    registry.dispatch('x', (entries) => seen.push(entries));
    registry.dispatch('y', (entries) => seen.push(entries));
    expect(seen).toEqual([[{ pid, value: undefined }]]);
  });

  test('it names nobody: whereis, via and updateValue are refused', () => {
    const { runtime } = world();
    const registry = new Registry<string>({ keys: 'duplicate' });
    const pid = spawn(runtime);
    for (const call of [
      () => registry.whereis('x'),
      () => registry.via('x'),
      () => registry.updateValue('x', pid, (value) => value),
    ])
      expect(call).toThrow('needs unique keys');
  });
});

describe('entries die with their owner (N3, N1)', () => {
  test('they are gone before anybody hears of the death, and the key is free', async () => {
    const { runtime, clock } = world();
    const registry = new Registry<string, number>({ keys: 'unique' });
    const owner = spawn(runtime);
    registry.register('x', owner, 1);
    registry.register('y', owner, 2);
    const seen: unknown[] = [];
    const watcher = spawn(runtime, (kind, _message, self) => {
      if (kind === Kind.down) seen.push(registry.lookup('x'), registry.register('x', self, 3));
    });
    watcher.monitor(owner);
    runtime.onExit(owner, () => seen.push(registry.keys(owner), registry.count()));
    runtime.exit(owner, 'kill');
    await clock.settle();
    expect(seen).toEqual([[], 0, [], true]);
    expect(registry.values('x', watcher)).toEqual([3]);
  });

  test('an owner that dies in the same stroke as another is not found, and its key has a new owner for good', () => {
    const { runtime } = world();
    const listener = recorder(runtime);
    const registry = new Registry<string, number>({ keys: 'unique', listeners: [listener.pid] });
    const [a, b, c, heir] = [spawn(runtime), spawn(runtime), spawn(runtime), spawn(runtime)];
    a.link(b);
    a.link(c);
    registry.register('x', c, 1);
    registry.register('y', c, 2);
    const seen: unknown[] = [];
    // a took b and c along: both are dead, but only b has been buried so far
    runtime.onExit(b, () => {
      seen.push(c.alive, registry.whereis('x'), registry.lookup('y'), registry.keys(c), [
        ...registry.entries(),
      ]);
      seen.push(registry.register('x', heir, 3));
    });
    runtime.exit(a, 'gone');
    expect(seen).toEqual([false, undefined, [], [], [], true]);
    expect(registry.lookup('x')).toEqual([{ pid: heir, value: 3 }]);
    expect(registry.count()).toBe(1);
  });

  test('the dead are refused, and a process elsewhere is a mistake', () => {
    const { runtime } = world();
    const registry = new Registry({ keys: 'unique' });
    const dead = spawn(runtime);
    runtime.exit(dead, 'kill');
    expect(registry.register('x', dead)).toBe(false);
    expect(() => registry.register('x', new RemotePid('n', 1, 1))).toThrow(TypeError);
    expect(registry.count()).toBe(0);
  });

  test('a process that holds nothing any more is not remembered, however often it came and went', () => {
    const { runtime } = world();
    const registry = new Registry({ keys: 'unique' });
    const pid = spawn(runtime);
    for (let n = 0; n < 100; n++) {
      same(pid.register('name', registry), true);
      registry.register('other', pid);
      registry.unregister('name');
      registry.unregister('other');
    }
    expect(pid.names).toEqual([]);
    registry.register('x', pid);
    expect(pid.names.length).toBe(1);
    runtime.exit(pid, 'kill');
    expect(registry.count()).toBe(0);
  });
});

describe('listeners (N3)', () => {
  const told = (inbox: readonly { readonly message: unknown }[]): unknown[] =>
    inbox.map(({ message }) => {
      const { tag, key, value } = message as RegistryChange<string, number>;
      return [tag, key, value];
    });

  test('hear of every entry in order, of an end by death before the DOWN', async () => {
    const { runtime, clock } = world();
    const listener = recorder(runtime);
    const registry = new Registry<string, number>({ keys: 'unique', listeners: [listener.pid] });
    const [a, b] = [spawn(runtime), spawn(runtime)];
    listener.pid.monitor(a);
    registry.register('x', a, 1);
    registry.register('x', b, 9);
    registry.register('y', a, 2);
    registry.unregister('x');
    registry.register('z', a, 3);
    runtime.exit(a, 'kill');
    await clock.settle();
    expect(told(listener.inbox)).toEqual([
      ['register', 'x', 1],
      ['register', 'y', 2],
      ['unregister', 'x', 1],
      ['register', 'z', 3],
      ['unregister', 'y', 2],
      ['unregister', 'z', 3],
      ['DOWN', undefined, undefined],
    ]);
  });

  test('by a name: whoever has it at the time; a table that throws harms neither registration nor funeral', async () => {
    const { runtime, clock } = world();
    const broken = {
      register: () => false,
      unregister: () => {},
      whereis: () => {
        throw new Error('broken');
      },
    };
    const registry = new Registry<string, number>({
      keys: 'unique',
      listeners: [
        { scope: broken, name: 'x' },
        { scope: runtime.names, name: 'listener' },
      ],
    });
    const a = spawn(runtime);
    registry.register('x', a, 1);
    registry.register('y', a, 2);
    const listener = recorder(runtime);
    listener.pid.register('listener');
    runtime.exit(a, 'kill');
    await clock.settle();
    expect(told(listener.inbox)).toEqual([
      ['unregister', 'x', 1],
      ['unregister', 'y', 2],
    ]);
  });
});

describe('a registry as a table of names (N2, via)', () => {
  test('a server is started, called, found taken and stopped by a key', async () => {
    const { runtime } = world();
    const registry = new Registry<number>({ keys: 'unique' });
    const ref = await startServer(runtime, counter, 5, { name: 7, scope: registry });
    expect(registry.whereis(7)).toBe(ref.pid);
    const byName = new ServerRef<Calls>(runtime, registry.via(7));
    expect(await byName.call('add', 1)).toBe(6);
    const again = (await failure(startServer(runtime, counter, 0, { name: 7, scope: registry }))) as {
      readonly reason: unknown;
    };
    expect(again.reason).toEqual({ already_started: ref.pid });
    await stopServer(byName);
    expect(registry.whereis(7)).toBeUndefined();
    expect(await reasonOf(byName.call('add', 1))).toBe('noproc');
  });

  test('one whose entries need a value takes no names at a start: that does not compile', () => {
    const { runtime } = world();
    const registry = new Registry<string, number>({ keys: 'unique' });
    const pid = spawn(runtime);
    // @ts-expect-error the value is missing
    expect(pid.register('x', registry)).toBe(true);
    // @ts-expect-error the value is missing
    expect(registry.register('y', pid)).toBe(true);
  });

  test('a restarted child is found under its key again', async () => {
    const { runtime, clock } = world();
    const registry = new Registry<string>({ keys: 'unique' });
    await startSupervisor(runtime, { children: [agent('state', () => 1, { scope: registry })] });
    const ref = new AgentRef<number>(runtime, registry.via('state'));
    const first = ref.pid as Process;
    await ref.update((n) => n + 1);
    runtime.exit(first, 'kill');
    await clock.settle();
    expect(ref.pid).not.toBe(first);
    expect(await ref.get((n) => n)).toBe(1);
  });
});

describe('the bound of a registry', () => {
  test('one entry more is refused by an error, and there is room again after an end', async () => {
    const { runtime } = world();
    const registry = new Registry<string>({ keys: 'duplicate', maxEntries: 2 });
    const [a, b] = [spawn(runtime), spawn(runtime)];
    registry.register('x', a);
    registry.register('x', b);
    expect(await reasonOf(Promise.resolve().then(() => registry.register('x', b)))).toEqual({
      overloaded: 'registry',
    });
    runtime.exit(a, 'kill');
    expect(registry.register('x', b)).toBe(true);
  });

  test('options that make no sense are refused', () => {
    expect(() => new Registry({ keys: 'both' as 'unique' })).toThrow(TypeError);
    expect(() => new Registry({ keys: 'unique', maxEntries: 0 })).toThrow(RangeError);
    expect(() => new Registry({ keys: 'unique', maxEntries: NaN })).toThrow(RangeError);
  });
});

describe('EntryTable', () => {
  const step = fc.record({
    tag: fc.constantFrom('add' as const, 'add' as const, 'remove' as const),
    key: fc.constantFrom('a', 'b', 'c'),
    owner: fc.nat(3),
    pick: fc.nat(9),
  });

  test.each(['unique', 'duplicate'] as const)(
    'any mix of add and remove: both indexes agree with a list (%s)',
    (keys) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
          const table = new EntryTable<string, number, number>(keys);
          type Item = NonNullable<ReturnType<typeof table.add>>;
          const model: Item[] = [];
          steps.forEach(({ tag, key, owner, pick }, n) => {
            if (tag === 'add') {
              const free = keys === 'duplicate' || !model.some((entry) => entry.key === key);
              const entry = table.add(key, owner, n);
              same(entry !== undefined, free);
              if (entry !== undefined) model.push(entry);
            } else if (model.length > 0) {
              const [entry] = model.splice(pick % model.length, 1) as [Item];
              table.remove(entry);
            }
            same(table.size, model.length);
            for (const each of ['a', 'b', 'c'])
              sameItems(
                table.ofKey(each),
                model.filter((entry) => entry.key === each),
              );
            for (const each of [0, 1, 2, 3]) {
              sameItems(
                table.ofOwner(each),
                model.filter((entry) => entry.owner === each),
              );
              for (const name of ['a', 'b', 'c'])
                sameItems(
                  table.of(name, each),
                  model.filter((entry) => entry.key === name && entry.owner === each),
                );
              same(
                table.owns(each),
                model.some((entry) => entry.owner === each),
              );
            }
            sameItems(
              [...table.all()].map(({ value }) => value).toSorted((a, b) => a - b),
              model.map(({ value }) => value),
            );
          });
        }),
        { numRuns: 500 },
      );
    },
  );
});
