import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Exit } from '../../src/actor/monitor.ts';
import type { Pid } from '../../src/actor/pid.ts';
import { DistWorld, type Actor, type DistNode } from './dist-world.ts';

let world: DistWorld;
let one: DistNode;
let two: DistNode;
let there: Actor;
let pid: Pid;

beforeEach(async () => {
  world = new DistWorld();
  [one, two] = await world.pair();
  there = await world.actor(two, 'there');
  pid = await world.hand(there, two, one);
});
afterEach(() => world.close());

const settle = (): Promise<void> => world.clock.settle();

describe('while a connection is made', () => {
  beforeEach(async () => {
    await world.wait(one.dist.disconnect(two.name));
    await settle();
  });

  test('the end of a process that has linked is told behind what it sent', async () => {
    const here = await world.actor(one);
    one.runtime.link(here.pid, pid);
    one.runtime.send(pid, 'last words', here.pid);
    one.runtime.exit(here.pid, 'kill');
    await settle();
    expect(there.inbox).toEqual(['last words', new Exit(expect.anything() as never, 'killed')]);
    expect([there.pid.links?.size ?? 0, one.changes.at(-1)]).toEqual([0, 'up two@host']);
  });

  test('the end of one that has taken its link away is told nobody', async () => {
    const here = await world.actor(one);
    one.runtime.link(here.pid, pid);
    one.runtime.unlink(here.pid, pid);
    one.runtime.exit(here.pid, 'kill');
    await settle();
    expect([there.inbox, there.pid.links?.size ?? 0, one.changes.at(-1)]).toEqual([[], 0, 'up two@host']);
  });

  test('that cannot be made, the end of a process that has linked harms nobody', async () => {
    world.net.listening.clear();
    const here = await world.actor(one);
    one.runtime.link(here.pid, pid);
    one.runtime.exit(here.pid, 'kill');
    await settle();
    expect([there.inbox, one.reports.filter(({ tag }) => tag === 'crash')]).toEqual([[], []]);
  });
});

test('a value whose getter sends arrives whole, and what the getter sent behind it', async () => {
  const value = {
    get inner(): string {
      one.runtime.send(pid, 'from within');
      one.runtime.send(pid, { lone: '\ud800' });
      return 'inner';
    },
  };
  expect(one.runtime.send(pid, value)).toBe(true);
  one.runtime.send(pid, 'after');
  const refused = {
    get inner(): symbol {
      one.runtime.send(pid, 'from one that is refused');
      return Symbol('no term');
    },
  };
  expect(one.runtime.send(pid, refused)).toBe(false);
  await settle();
  expect(there.inbox).toEqual([{ inner: 'inner' }, 'from within', 'after', 'from one that is refused']);
  expect(two.changes).toEqual(['up one@host']);
});
