import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { atom } from '../../src/codec/etf/atom.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { RemoteName } from '../../src/actor/pid.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { makeDistribution } from '../../src/dist/make.ts';
import { DistWorld, find } from './dist-world.ts';

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

describe('a connection that the other end closes', () => {
  test('is worked off first: all that was sent before arrives, then the node is down, once', async () => {
    const [one, two] = await world.pair();
    const { inbox } = await world.actor(two, 'many', { mailbox: 10_000 });
    const numbers = Array.from({ length: 3_000 }, (_, index) => index);
    const before: number[] = [];
    two.dist.monitorNodes(() => before.push(inbox.length));
    for (const number of numbers) one.runtime.send(one.dist.whereis('many', two.name), number);
    await world.wait(one.dist.disconnect(two.name));
    await settle();
    expect(inbox).toEqual(numbers);
    expect([two.changes, before]).toEqual([['up one@host', 'down one@host connection_closed'], [3_000]]);
  });

  test('and whose last bytes are none of the protocol is down once, for that', async () => {
    const node = await world.node('one');
    const { inbox } = await world.actor(node, 'many', { mailbox: 10_000 });
    const raw = await world.peer(node);
    for (let count = 0; count < 1_000; count++) raw.message(atom('many'), count);
    raw.packet(Buffer.of(1, 2, 3));
    raw.stream.close();
    await settle();
    expect([inbox.length, node.changes]).toEqual([1_000, ['up raw@host', 'down raw@host protocol_error']]);
  });
});

test('what waits for a connection when the distribution gives up is told that there is none', async () => {
  const node = await world.node('one');
  world.net.silent.add('two@host');
  for (let kernel = find(node.runtime, 'netKernel'); kernel; kernel = find(node.runtime, 'netKernel')) {
    const answer = node.dist.call('x', 'two@host', 1, { timeout: Infinity });
    answer.catch(() => {});
    await settle();
    node.runtime.exit(kernel, 'kill');
    await settle();
    await expect(world.wait(answer, 1_000)).rejects.toMatchObject({ reason: 'noconnection' });
  }
  expect(find(node.runtime, 'dist')).toBe(undefined);
});

test('a distribution that has not started does not ask for its name, whatever is sent: its port may not be known', async () => {
  const asked: string[] = [];
  const runtime = new Runtime({ clock: world.clock, random: world.random, logger: silentLogger });
  const made = makeDistribution({
    runtime,
    cookie: 'secret',
    carriers: [],
    name: () => {
      asked.push('name');
      return 'early@host';
    },
    end: () => Promise.resolve(),
  });
  const far = new RemoteName('other@host', 'name');
  runtime.send(far, 'lost');
  const reasons: unknown[] = [];
  runtime.onExit(far as never, (reason) => reasons.push(reason));
  await settle();
  expect([asked, reasons]).toEqual([[], ['noconnection']]);
  made.over();
});
