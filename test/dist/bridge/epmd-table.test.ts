import { describe, expect, test } from 'vitest';
import type { EpmdNode } from '../../../src/dist/bridge/epmd-requests.ts';
import { EpmdTable } from '../../../src/dist/bridge/epmd-table.ts';

const node = (name: string, port = 1_000): EpmdNode => ({ name, port, hidden: false, highest: 6, lowest: 5 });
const names = (table: EpmdTable): readonly string[] => Array.from(table.nodes, ({ name }) => name);

describe('EpmdTable', () => {
  test('a name belongs to one connection until it releases it', () => {
    const table = new EpmdTable(10, 7);
    const { claim } = table.add(node('a'));
    expect(table.standing(node('a'))).toBe('taken');
    expect(table.standing(node('a', 2))).toBe('taken');
    expect(table.release('a', claim)).toBe(true);
    expect(table.release('a', claim)).toBe(false);
    expect(table.standing(node('a'))).toBe('new');
    expect(names(table)).toEqual([]);
  });

  test('the late release of a name that has gone to another connection takes nothing away', () => {
    const table = new EpmdTable(10, 7);
    const first = table.add(node('a'));
    table.letGo();
    const second = table.add(node('a'));
    expect(table.release('a', first.claim)).toBe(false);
    expect(table.find('a')).toEqual(second);
    expect(table.release('a', second.claim)).toBe(true);
  });

  test('the release of a name after all were let go leaves it known', () => {
    const table = new EpmdTable(10, 7);
    const { claim } = table.add(node('a'));
    table.letGo();
    expect(table.release('a', claim)).toBe(false);
    expect(names(table)).toEqual(['a']);
  });

  test('nodes that were let go come again at their port, or have another one take their place', () => {
    const table = new EpmdTable(10, 7);
    table.add(node('a', 1));
    table.add(node('b', 2));
    table.letGo();
    expect([table.standing(node('a', 1)), table.standing(node('a', 9))]).toEqual(['again', 'instead']);
    table.add(node('a', 1));
    expect(table.standing(node('a', 1))).toBe('taken');
    expect(table.unclaimed().map(({ name }) => name)).toEqual(['b']);
  });

  test('is full at its limit, also of nodes that were let go; who has a place keeps it', () => {
    const table = new EpmdTable(2, 7);
    table.add(node('a'));
    const { claim } = table.add(node('b'));
    expect(table.standing(node('c'))).toBe('full');
    expect(table.standing(node('a'))).toBe('taken');
    table.release('b', claim);
    expect(table.standing(node('c'))).toBe('new');
    table.add(node('c'));
    table.letGo();
    expect(table.standing(node('d'))).toBe('full');
    expect(table.standing(node('c', 5))).toBe('instead');
  });

  test('forgets a node that is gone, but not one that has come again meanwhile', () => {
    const table = new EpmdTable(10, 7);
    const held = table.add(node('a'));
    expect(table.forget(held)).toBe(false);
    table.add(node('b'));
    table.letGo();
    const [a, b] = table.unclaimed();
    table.add(node('a'));
    expect(table.forget(a as NonNullable<typeof a>)).toBe(false);
    expect(table.forget(b as NonNullable<typeof b>)).toBe(true);
    expect(names(table)).toEqual(['a']);
  });

  test('gives each registration a creation of its own, past those of 2 bits and round at 32', () => {
    const table = new EpmdTable(10, 0xffff_fffe);
    expect(['a', 'b', 'c'].map((name) => table.add(node(name)).creation)).toEqual([0xffff_ffff, 4, 5]);
    table.letGo();
    expect(table.add(node('a')).creation).toBe(6);
    expect(new EpmdTable(1, 0).add(node('a')).creation).toBe(4);
  });
});
