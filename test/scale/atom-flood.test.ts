/** In a process of its own: the table of atoms is everybody's. */
import { expect, test } from 'vitest';
import { atom, INTERNED_LIMIT, internedAtoms, isAtom } from '../../src/codec/etf/atom.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { DistWorld } from '../dist/dist-world.ts';

test('a flood of atoms fills the table and no more; the connection stays, and all goes on with names that are not in it', async () => {
  const world = new DistWorld();
  const node = await world.node('one', { functions: { late: { double: (value: number) => 2 * value } } });
  await world.actor(node, 'echo');
  const raw = await world.peer(node);
  for (let round = 0; round < 10; round++) {
    const atoms = Array.from({ length: 20_000 }, (_, index) => Buffer.from(`flood ${round} ${index}`));
    const count = Buffer.alloc(5, 108);
    count.writeUInt32BE(atoms.length, 1);
    const list = Buffer.concat([
      Buffer.from([112, 131, 104, 4, 97, 6, 97, 0, 97, 0, 119, 6, ...Buffer.from('nobody'), 131]),
      count,
      ...atoms.map((name) => Buffer.concat([Buffer.of(119, name.length), name])),
      Buffer.of(106),
    ]);
    raw.packet(list);
    await world.clock.settle();
  }
  expect(internedAtoms()).toBe(INTERNED_LIMIT);
  const unknown = Buffer.from([
    112,
    131,
    104,
    4,
    97,
    6,
    97,
    0,
    97,
    0,
    119,
    6,
    ...Buffer.from('nobody'),
    131,
    106,
  ]);
  raw.packet(unknown);
  raw.forget();
  const ref = raw.call(atom('rex'), tuple(atom('call'), atom('late'), atom('double'), [21], atom('user')));
  const other = raw.call(atom('echo'), atom('never seen before'));
  await world.clock.settle();
  const answers = raw.frames().map(([, message]) => message);
  expect(answers).toContainEqual(tuple(ref, 42));
  expect(answers).toContainEqual(tuple(other, atom('never seen before')));
  expect(answers.length).toBe(2);
  expect([raw.closed, node.dist.nodes()]).toEqual([undefined, ['raw@host']]);
  expect(isAtom(atom('made by the program'), 'made by the program')).toBe(true);
  expect(node.reports.filter(({ tag }) => tag === 'crash')).toEqual([]);
  await world.close();
});
