import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { Runtime } from '../../../src/actor/runtime.ts';
import { ServiceTable, type Provider } from '../../../src/mesh/registry/service-table.ts';

const provider = (over: Partial<Provider> = {}): Provider => ({
  id: 'id',
  procedure: 'a.b',
  owner: 'node',
  exclusive: false,
  ttl: 300,
  metadata: {},
  description: undefined,
  advertisedAt: 0,
  target: { kind: 'handler', name: 'procedure:id' },
  inFlight: 0,
  ...over,
});

const remote = (over: Partial<Provider> = {}): Provider =>
  provider({ target: { kind: 'peer', connection: {} as Process, nodeId: 'ab' }, ...over });

describe('ServiceTable', () => {
  test('keeps one provider per owner and name, in the order they came; a second replaces in place', () => {
    const table = new ServiceTable();
    expect(table.add(provider({ id: '1' })).tag).toBe('added');
    expect(table.add(provider({ id: '2', owner: 'other' })).tag).toBe('added');
    expect(table.add(provider({ id: '3' }))).toMatchObject({ tag: 'replaced', previous: { id: '1' } });
    expect(table.providers('a.b').map(({ id }) => id)).toEqual(['3', '2']);
    expect([table.size, table.countOf('node'), table.countOf('nobody')]).toEqual([2, 1, 0]);
  });

  test('an old id removes nothing, another owner removes nothing', () => {
    const table = new ServiceTable();
    table.add(provider({ id: '1' }));
    table.add(provider({ id: '2' }));
    expect(table.remove('a.b', 'node', '1')).toBe(undefined);
    expect(table.remove('a.b', 'other')).toBe(undefined);
    expect(table.remove('a.b', 'node', '2')?.id).toBe('2');
    expect([table.size, table.providers('a.b')]).toEqual([0, []]);
  });

  test('is full at its limit; replacing still works', () => {
    const table = new ServiceTable(2);
    table.add(provider({ procedure: 'a.a' }));
    table.add(provider({ procedure: 'a.b' }));
    expect(table.add(provider({ procedure: 'a.c' })).tag).toBe('full');
    expect(table.add(provider({ procedure: 'a.b', owner: 'other' })).tag).toBe('full');
    expect(table.add(provider({ procedure: 'a.b', id: 'new' })).tag).toBe('replaced');
    table.remove('a.a', 'node');
    expect(table.add(provider({ procedure: 'a.c' })).tag).toBe('added');
  });

  test('connected clients fill nine tenths of it; the rest is ours', () => {
    const table = new ServiceTable(10);
    const fill = (n: number): string => table.add(remote({ procedure: `a.n${n}`, owner: `peer:${n}` })).tag;
    expect(Array.from({ length: 10 }, (_, n) => fill(n))).toEqual([...Array(9).fill('added'), 'full']);
    expect(table.add(provider({ procedure: 'own.one' })).tag).toBe('added');
    expect(table.add(provider({ procedure: 'own.two' })).tag).toBe('full');
    table.remove('own.one', 'node');
    expect(fill(10)).toBe('full');
    table.remove('a.n0', 'peer:0');
    expect(fill(10)).toBe('added');
    // replacing is always possible
    expect(table.add(remote({ procedure: 'a.n10', owner: 'peer:10', id: 'new' })).tag).toBe('replaced');
  });

  test('one name has at most 1,000 connected clients as providers, and one of ours still', () => {
    const table = new ServiceTable();
    for (let n = 0; n < 1_000; n++) expect(table.add(remote({ owner: `peer:${n}` })).tag).toBe('added');
    expect(table.add(remote({ owner: 'peer:one more' })).tag).toBe('full');
    expect(table.add(provider()).tag).toBe('added');
    expect(table.add(remote({ owner: 'peer:one more', procedure: 'a.c' })).tag).toBe('added');
    table.remove('a.b', 'peer:7');
    expect(table.add(remote({ owner: 'peer:one more' })).tag).toBe('added');
  });

  test('tells of each name whose providers changed, also when one says something else; of nothing else', () => {
    const changed: string[] = [];
    const table = new ServiceTable(2, (procedure) => changed.push(procedure));
    table.add(provider());
    table.add(provider({ metadata: { version: '2' } }));
    table.add(provider({ owner: 'other' }));
    expect(table.add(provider({ procedure: 'no.room' })).tag).toBe('full');
    expect(table.remove('a.b', 'nobody')).toBe(undefined);
    expect([...table.procedures()]).toEqual(['a.b']);
    table.remove('a.b', 'node');
    expect(changed).toEqual(['a.b', 'a.b', 'a.b', 'a.b']);
  });

  test('agrees with a list, whatever happens', () => {
    const names = ['a.a', 'a.b', 'a.c'];
    const owners = ['node', 'x', 'y'];
    const step = fc.record({
      remove: fc.boolean(),
      procedure: fc.constantFrom(...names),
      owner: fc.constantFrom(...owners),
      exclusive: fc.boolean(),
      id: fc.constantFrom('1', '2', '3'),
      byId: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new ServiceTable(5);
        let model: Provider[] = [];
        for (const { remove, byId, ...entry } of steps) {
          const { procedure, owner, id, exclusive } = entry;
          const same = model.filter((other) => other.procedure === procedure);
          const mine = same.find((other) => other.owner === owner);
          if (remove) {
            const removed = table.remove(procedure, owner, byId ? id : undefined);
            const expected = mine !== undefined && (!byId || mine.id === id) ? mine : undefined;
            expect(removed).toBe(expected);
            model = model.filter((other) => other !== expected);
            continue;
          }
          const added = provider(entry);
          const others = same.filter((other) => other !== mine);
          const expected =
            others.length > 0 && (exclusive || others.some((other) => other.exclusive))
              ? 'exclusive'
              : mine !== undefined
                ? 'replaced'
                : model.length >= 5
                  ? 'full'
                  : 'added';
          expect(table.judge(added)).toBe(expected);
          expect(table.add(added).tag).toBe(expected);
          if (expected === 'added') model = [...model, added];
          if (expected === 'replaced') model = model.map((other) => (other === mine ? added : other));
        }
        expect(table.size).toBe(model.length);
        for (const name of names) {
          expect(table.providers(name)).toEqual(model.filter(({ procedure }) => procedure === name));
        }
        for (const owner of owners) {
          const owned = model.filter((other) => other.owner === owner);
          expect(new Set(table.ownedBy(owner))).toEqual(new Set(owned));
          expect(table.countOf(owner)).toBe(owned.length);
          for (const entry of owned) expect(table.find(entry.procedure, owner)).toBe(entry);
        }
      }),
    );
  });
});

describe('a connected client that does not answer', () => {
  const peer = (name: string, process: Process): Provider =>
    provider({
      id: name,
      owner: `peer:${name}`,
      target: { kind: 'peer', connection: process, nodeId: name },
    });

  test('is left out while there is somebody else, and is the last resort', () => {
    const runtime = new Runtime();
    const [one, two] = [
      runtime.spawn({ type: 'x', receive: () => {} }),
      runtime.spawn({ type: 'x', receive: () => {} }),
    ];
    const table = new ServiceTable();
    table.add(peer('one', one));
    table.add(peer('two', two));
    const ids = (): string[] => table.providers('a.b').map(({ id }) => id);
    table.trust(one, false);
    expect(ids()).toEqual(['two']);
    table.trust(two, false);
    expect(ids()).toEqual(['one', 'two']);
    table.trust(one, true);
    expect(ids()).toEqual(['one']);
    // judged as before: two are two
    expect(table.judge({ procedure: 'a.b', owner: 'x', exclusive: true })).toBe('exclusive');
  });
});
