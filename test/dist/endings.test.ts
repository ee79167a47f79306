import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DistWorld } from './dist-world.ts';

let world: DistWorld;
beforeEach(() => {
  world = new DistWorld();
});
afterEach(() => world.close());

const settle = (): Promise<void> => world.clock.settle();

describe('a function that watches a process of another node and throws', () => {
  test('is a defect: the connection goes on, and others that watch are told', async () => {
    const [one, two] = await world.pair();
    const there = await world.actor(two);
    const pid = await world.hand(there, two, one);
    const heard: unknown[] = [];
    one.runtime.onExit(pid, () => {
      throw new Error('boom');
    });
    one.runtime.onExit(pid, (reason) => heard.push(reason));
    await settle();
    two.runtime.exit(there.pid, 'kill');
    await settle();
    expect([heard, one.changes]).toEqual([['killed'], ['up two@host']]);
  });

  test('keeps nobody from hearing of a lost connection: monitors, calls and listeners are told once', async () => {
    const [one, two] = await world.pair();
    const pid = await world.hand(await world.actor(two), two, one);
    const heard: unknown[] = [];
    one.runtime.onExit(pid, () => {
      throw new Error('boom');
    });
    one.runtime.onExit(pid, (reason) => heard.push(reason));
    const call = one.dist.call('nobody', two.name, 1).catch((error: unknown) => error);
    world.net.cut();
    await settle();
    expect([heard, one.changes]).toEqual([
      ['noconnection'],
      ['up two@host', 'down two@host connection_closed'],
    ]);
    expect(await world.wait(call)).toMatchObject({ reason: 'noconnection' });
  });
});
