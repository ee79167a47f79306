/** Names of processes, on other nodes and on the own one. */
import { expect, test } from 'vitest';
import { RemoteName } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { Down } from '../../src/actor/monitor.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { noReply, reply, ServerRef, type GenServer } from '../../src/otp.ts';
import { startServer } from '../../src/otp/gen-server.ts';
import { sendRequest, waitResponse } from '../../src/otp/requests.ts';
import { reasonOf, recorder } from '../actor/world.ts';
import { nodes, type MemoryNode, type Nodes } from './pair.ts';

interface Counter {
  add(amount: number): number;
}
interface Casts {
  set(value: number): void;
}

const counter: GenServer<undefined, number, Counter, Casts> = {
  init: () => 0,
  handleCall: { add: (amount, total) => reply(total + amount, total + amount) },
  handleCast: { set: (value) => noReply(value) },
  handleInfo: (message, total) => noReply(typeof message === 'number' ? message : total),
};

/** A node that asks, and the name of a counter: on another node, or on the same one. */
async function staged(where: 'own' | 'other'): Promise<{
  all: Nodes;
  a: MemoryNode;
  at: MemoryNode;
  name: RemoteName;
}> {
  const all = nodes();
  const a = await all.node('a@127.0.0.1');
  const b = await all.node('b@127.0.0.1');
  const at = where === 'own' ? a : b;
  await startServer(at.runtime, counter, undefined, { name: 'counter', scope: at.dist.names });
  return { all, a, at, name: new RemoteName(at.dist.name, 'counter') };
}

test.each(['own', 'other'] as const)(
  'a name of the %s node takes messages, casts and calls',
  async (where) => {
    const { all, a, name } = await staged(where);
    const ref = new ServerRef<Counter, Casts>(a.runtime, name);
    expect(await all.settle(ref.call('add', 2))).toBe(2);
    ref.cast('set', 10);
    expect(await all.settle(ref.call('add', 2))).toBe(12);
    ref.send(20);
    expect(await all.settle(ref.call('add', 2))).toBe(22);
    const request = sendRequest(ref, 'add', 3);
    expect(await all.settle(waitResponse(request))).toEqual({ tag: 'reply', value: 25 });
    a.dist.abcast([name.node, name.node], 'counter', tuple(atom('set'), 5));
    expect(await all.settle(a.dist.call('counter', name.node, tuple(atom('add'), 1)))).toBe(6);
  },
);

test.each(['own', 'other'] as const)('a name of the %s node that nobody has is noproc', async (where) => {
  const { all, a, at } = await staged(where);
  const name = new RemoteName(at.dist.name, 'nobody');
  const ref = new ServerRef<Counter, Casts>(a.runtime, name);
  expect([ref.send(1), ref.cast('set', 1)]).toEqual([true, true]);
  expect(await all.settle(reasonOf(ref.call('add', 1)))).toBe('noproc');
  const self = recorder(a.runtime);
  const monitor = self.pid.monitor(name);
  await all.clock.settle();
  expect(self.inbox.map(({ message }) => message)).toEqual([new Down(monitor, name, 'noproc')]);
});

test('a name that no process can have reaches nobody, and costs nobody a connection', async () => {
  const { all, a, at } = await staged('other');
  const self = recorder(a.runtime);
  for (const wrong of ['x'.repeat(256), '\ud800']) {
    const name = new RemoteName(at.dist.name, wrong);
    a.runtime.send(name, 1);
    a.runtime.cast(name, 1);
    self.pid.monitor(name);
    expect(await all.settle(reasonOf(a.dist.call(wrong, at.dist.name, 1)))).toMatchObject({
      tag: 'unencodable',
    });
  }
  await all.clock.settle();
  expect(self.inbox).toMatchObject([{ message: { reason: 'noproc' } }, { message: { reason: 'noproc' } }]);
  expect(await all.settle(a.dist.call('counter', at.dist.name, tuple(atom('add'), 1)))).toBe(1);
});

test.each(['own', 'other'] as const)(
  'a monitor of a name of the %s node fires once, unless it is taken back',
  async (where) => {
    const { all, a, at, name } = await staged(where);
    const self = recorder(a.runtime);
    const [taken, ref] = [self.pid.monitor(name), self.pid.monitor(name)];
    await all.clock.settle();
    expect(self.pid.demonitor(taken)).toBe(true);
    await all.clock.settle();
    const { monitors } = at.dist.names.whereis('counter') as Process;
    expect([monitors === null, monitors?.nextOfTarget]).toEqual([false, null]);
    at.runtime.exit(at.dist.names.whereis('counter') as never, 'kill');
    await all.clock.settle();
    expect(self.inbox.map(({ message }) => message)).toEqual([new Down(ref, name, 'killed')]);
    expect(self.pid.demonitor(ref)).toBe(false);
  },
);

test('a monitor of a name is noconnection when its node goes, and without a distribution', async () => {
  const { all, a, name } = await staged('other');
  const self = recorder(a.runtime);
  const ref = self.pid.monitor(name);
  await all.clock.settle();
  all.cut(a.dist.name, name.node);
  await all.clock.settle();
  expect(self.inbox.map(({ message }) => message)).toEqual([new Down(ref, name, 'noconnection')]);
  await all.settle(a.dist.close());
  const none = self.pid.monitor(name);
  await all.clock.settle();
  expect(self.inbox[1]?.message).toEqual(new Down(none, name, 'noconnection'));
});
