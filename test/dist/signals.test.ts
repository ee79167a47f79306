import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Exit, type Down } from '../../src/actor/monitor.ts';
import type { Pid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import { ReferenceTerm } from '../../src/codec/etf/identities.ts';
import { Float, ImproperList, tuple } from '../../src/codec/etf/terms.ts';
import { replyTo, startServer, type From, type GenServer } from '../../src/otp/gen-server.ts';
import { noReply, reply, stop } from '../../src/otp/result.ts';
import { request, ServerRef } from '../../src/otp/server-ref.ts';
import { DistWorld, type Actor, type DistNode } from './dist-world.ts';

interface CounterCalls {
  add(by: number): number;
  later(what: string): string;
  never(): void;
  crash(): void;
  leave(): void;
  fail(): void;
}

/** Answers at once, later, never, or ends. */
const counter: GenServer<
  undefined,
  { value: number; waiting: From[] },
  CounterCalls,
  { add(by: number): void; release(): void }
> = {
  init: () => ({ value: 0, waiting: [] }),
  handleCall: {
    add: (by, state) => reply((state.value += by), state),
    later: (_what, state, _self, from) => {
      state.waiting.push(from);
      return noReply(state);
    },
    never: (_none, state) => noReply(state),
    crash: () => {
      throw new TypeError('secret');
    },
    leave: (_none, state) => stop({ shutdown: 'left' }, state),
    fail: (_none, state) => stop('broken', state),
  },
  handleCast: {
    add: (by, state) => {
      state.value += by;
      return noReply(state);
    },
    release: (_none, state) => {
      for (const from of state.waiting.splice(0)) replyTo(from, 'released');
      return noReply(state);
    },
  },
};

let world: DistWorld;
let one: DistNode;
let two: DistNode;

beforeEach(async () => {
  world = new DistWorld();
  [one, two] = await world.pair();
});
afterEach(() => world.close());

const settle = (): Promise<void> => world.clock.settle();
const far = (name: string): ServerRef<CounterCalls, { add(by: number): void; release(): void }> =>
  new ServerRef(one.runtime, one.dist.whereis(name, two.name) as never);
const started = (): Promise<ServerRef<CounterCalls>> =>
  startServer(two.runtime, counter, undefined, { name: 'counter', scope: two.dist.names }) as never;
const ask = (whom: Pid, term: unknown, options = {}): Promise<unknown> =>
  request({ runtime: one.runtime, whom }, 'ask', term, options);
/** It is looked at later. */
const quiet = <Result>(promise: Promise<Result>): Promise<Result> => {
  promise.catch(() => {});
  return promise;
};
/** What it rejects with. */
const reason = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    return ['answered', await world.wait(promise)];
  } catch (error) {
    return (error as { reason: unknown }).reason;
  }
};

describe('calls', () => {
  test('of a server by name and by pid are answered, with its tags and payloads', async () => {
    await started();
    expect(await world.wait(far('counter').call('add', 2))).toBe(2);
    far('counter').cast('add', 3);
    expect(await world.wait(far('counter').call('add', 0))).toBe(5);
    const echo = await world.actor(two);
    const pid = await world.hand(echo, two, one);
    expect(await world.wait(ask(pid, tuple(atom('any'), 1, 'term')))).toEqual(tuple(atom('any'), 1, 'term'));
  });

  test('go both ways at once', async () => {
    await started();
    await startServer(one.runtime, counter, undefined, { name: 'counter', scope: one.dist.names });
    const back = new ServerRef<CounterCalls>(two.runtime, two.dist.whereis('counter', one.name) as never);
    const answers = Array.from({ length: 50 }, () => [
      far('counter').call('add', 1),
      back.call('add', 2),
    ]).flat();
    expect(await world.wait(Promise.all(answers))).toEqual(
      Array.from({ length: 50 }, (_, index) => [index + 1, 2 * index + 2]).flat(),
    );
  });

  test('are answered later by whoever holds them', async () => {
    await started();
    const answers = [far('counter').call('later', 'a'), far('counter').call('later', 'b')];
    await settle();
    far('counter').cast('release');
    expect(await world.wait(Promise.all(answers))).toEqual(['released', 'released']);
  });

  test.each([
    ['crash', tuple(atom('crash'), 'TypeError')],
    ['leave', { shutdown: 'left' }],
    ['fail', 'broken'],
  ] as const)(
    'of a server that ends in the middle reject with its reason (%s), of a crash with its kind only',
    async (tag, why) => {
      await started();
      expect(await reason(far('counter').call(tag))).toEqual(why);
    },
  );

  test('of a server that is killed in the middle reject with killed', async () => {
    await started();
    const answer = quiet(far('counter').call('never'));
    await settle();
    two.runtime.exit(two.dist.names.whereis('counter') as Pid, 'kill');
    expect(await reason(answer)).toBe('killed');
  });

  test('of nobody reject with noproc, of nobody in reach with noconnection', async () => {
    expect(await reason(far('nobody').call('add', 1))).toBe('noproc');
    expect(await reason(one.dist.call('counter', 'nowhere@host', 1))).toBe('noconnection');
    const gone = await world.actor(two);
    const pid = await world.hand(gone, two, one);
    two.runtime.exit(gone.pid, 'kill');
    await settle();
    expect(await reason(ask(pid, 1))).toBe('noproc');
  });

  test('that are not answered in time reject; the late answer harms nobody, and nothing is kept of them', async () => {
    await started();
    expect(await reason(far('counter').call('later', 'x', { timeout: 100 }))).toBe('timeout');
    far('counter').cast('release');
    await settle();
    expect(await world.wait(far('counter').call('add', 1))).toBe(1);
    const held = monitorsOf(two.dist.names.whereis('counter') as Process);
    expect(held).toBeLessThan(2);
    await reason(far('counter').call('never', undefined, { timeout: 100 }));
    await world.clock.advance(15_000);
    expect(monitorsOf(two.dist.names.whereis('counter') as Process)).toBe(0);
  });

  test('that their caller gives up reject with what it gave up for', async () => {
    await started();
    const giveUp = new AbortController();
    const answer = quiet(far('counter').call('never', undefined, { signal: giveUp.signal }));
    await settle();
    giveUp.abort('enough');
    expect(await reason(answer)).toEqual({ canceled: 'enough' });
  });

  test('whose answer has no term are answered with that', async () => {
    const strange: GenServer<undefined, null> = {
      init: () => null,
      handleRequest: (_term, state) => reply(() => {}, state),
    };
    await startServer(two.runtime, strange, undefined, { name: 'strange', scope: two.dist.names });
    expect(await world.wait(one.dist.call('strange', two.name, 1))).toEqual(
      tuple(atom('badreply'), atom('unencodable')),
    );
  });

  test('whose request has no term reject at once, and what comes behind them is not disturbed', async () => {
    await started();
    expect(await reason(one.dist.call('counter', two.name, () => {}))).toMatchObject({ tag: 'unencodable' });
    expect(await reason(one.dist.call('x'.repeat(300), two.name, 1))).toMatchObject({ reason: 'atom' });
    expect(await reason(far('y').call('y'.repeat(300) as 'leave'))).toMatchObject({ reason: 'atom' });
    expect(one.runtime.send(one.dist.whereis('\ud800', two.name), 1)).toBe(false);
    expect(await world.wait(far('counter').call('add', 1))).toBe(1);
  });

  test('that wait for a connection which cannot be made by a bad name leave the others as they were', async () => {
    await started();
    world.net.cut();
    await settle();
    const bad = reason(one.dist.call('x'.repeat(300), two.name, 1));
    one.runtime.send(one.dist.whereis('x'.repeat(300), two.name), 1);
    const good = world.wait(far('counter').call('add', 1));
    expect([await bad, await good]).toMatchObject([{ reason: 'atom' }, 1]);
  });

  test('of a server whose mailbox is full reject with overloaded, and nothing of them stays with it', async () => {
    const target = await world.actor(two, 'small', { mailbox: 1 });
    const before = monitorsOf(target.pid);
    const answers = Array.from({ length: 20 }, (_, index) => reason(one.dist.call('small', two.name, index)));
    const all = await Promise.all(answers);
    expect(all.filter((each) => each === 'overloaded').length).toBeGreaterThan(10);
    expect(all.length).toBe(20);
    await settle();
    expect(monitorsOf(target.pid)).toBe(before);
  });
});

/** Monitors that somebody holds on it. */
function monitorsOf(process: Process): number {
  let count = 0;
  for (let one = process.monitors; one !== null; one = one.nextOfTarget) count++;
  return count;
}

describe('links and monitors', () => {
  async function pair(): Promise<{ here: Actor; there: Actor; pid: Pid; back: Pid }> {
    const here = await world.actor(one);
    const there = await world.actor(two);
    return { here, there, pid: await world.hand(there, two, one), back: await world.hand(here, one, two) };
  }

  test('a link tells either end of the other one, with the reason', async () => {
    const { here, there, pid } = await pair();
    await here.run((self) => self.link(pid));
    await settle();
    two.runtime.exit(there.pid, 'kill');
    await settle();
    expect(here.inbox).toEqual([new Exit(pid, 'killed')]);
    const other = await pair();
    await other.here.run((self) => self.link(other.pid));
    await settle();
    one.runtime.exit(other.here.pid, 'kill');
    await settle();
    expect(other.there.inbox).toEqual([new Exit(other.back, 'killed')]);
  });

  test('one that traps nothing dies of the other, and passes that on', async () => {
    const chain: Actor[] = [];
    for (const node of [one, two, one, two])
      chain.push(await world.actor(node, undefined, { trapExit: false }));
    for (let index = 0; index < 3; index++) {
      const [from, to] = [chain[index] as Actor, chain[index + 1] as Actor];
      const [node, other] = index % 2 === 0 ? [one, two] : [two, one];
      const pid = await world.hand(to, other, node);
      await from.run((self) => self.link(pid));
    }
    await settle();
    two.runtime.exit((chain[3] as Actor).pid, 'broken');
    await settle();
    expect(chain.map(({ pid }) => pid.alive)).toEqual([false, false, false, false]);
  });

  test('an unlinked process hears nothing, and both may end', async () => {
    const { here, there, pid } = await pair();
    await here.run((self) => {
      self.link(pid);
      self.unlink(pid);
    });
    await settle();
    two.runtime.exit(there.pid, 'kill');
    await settle();
    expect(here.inbox).toEqual([]);
    const other = await pair();
    await other.here.run((self) => self.link(other.pid));
    await other.there.run((self) => self.unlink(other.back));
    await settle();
    one.runtime.exit(other.here.pid, 'kill');
    await settle();
    expect(other.there.inbox).toEqual([]);
  });

  test('a link from both ends that one end takes away is gone at both', async () => {
    const { here, there, pid, back } = await pair();
    world.net.rules.delay = 10;
    const done = [
      here.ref.call('run', (self) => {
        self.link(pid);
        self.unlink(pid);
      }),
      there.ref.call('run', (self) => self.link(back)),
    ];
    await world.wait(Promise.all(done));
    await world.clock.advance(100);
    expect([here.pid.links?.size ?? 0, there.pid.links?.size ?? 0]).toEqual([0, 0]);
  });

  test('a monitor tells of the end once, of one that is gone noproc, and of nothing when it was taken away', async () => {
    const { here, there, pid } = await pair();
    const refs = await here.run((self) => [self.monitor(pid), self.monitor(pid), self.monitor(pid)]);
    await here.run((self) => self.demonitor(refs[1] as never));
    await settle();
    two.runtime.exit(there.pid, { shutdown: 'done' } as never);
    two.runtime.exit(there.pid, 'kill');
    await settle();
    expect(new Set(here.inbox.map((down) => (down as Down).ref))).toEqual(new Set([refs[0], refs[2]]));
    expect(here.inbox.length).toBe(2);
    here.inbox.length = 0;
    await here.run((self) => void self.monitor(pid));
    await settle();
    expect(here.inbox).toMatchObject([{ tag: 'DOWN', reason: 'noproc' }]);
  });

  test('exit kills with kill, and is a message to who traps any other', async () => {
    const { here, there, pid, back } = await pair();
    await here.run((self) => self.exit(pid, 'why'));
    await settle();
    expect(there.inbox).toEqual([new Exit(back, 'why')]);
    await here.run((self) => self.exit(pid, 'kill'));
    await settle();
    expect(there.pid.alive).toBe(false);
  });

  test('whoever watches and ends leaves nothing behind', async () => {
    const { here, there, pid } = await pair();
    const before = monitorsOf(there.pid);
    await here.run((self) => {
      self.monitor(pid);
      self.monitor(pid);
    });
    await settle();
    expect(monitorsOf(there.pid)).toBe(before + 2);
    one.runtime.exit(here.pid, 'kill');
    await settle();
    expect(monitorsOf(there.pid)).toBe(before);
  });
});

describe('order and values', () => {
  test('between two processes all signals keep their order, however the bytes are cut', async () => {
    world.net.rules.piece = 'seeded';
    const there = await world.actor(two);
    const pid = await world.hand(there, two, one);
    const here = await world.actor(one);
    await here.run((self) => {
      for (let count = 0; count < 400; count++) self.send(pid, count);
      self.link(pid);
      self.exit(pid, 'between');
      for (let count = 400; count < 800; count++) self.send(pid, count);
    });
    one.runtime.exit(here.pid, 'kill');
    await settle();
    const numbers = Array.from({ length: 800 }, (_, index) => index);
    expect(there.inbox.filter((message) => typeof message === 'number')).toEqual(numbers);
    const exits = there.inbox.filter((message) => message instanceof Exit);
    expect(exits.map((exit) => exit.reason)).toEqual(['between', 'killed']);
    expect(there.inbox.indexOf(exits[1])).toBe(801);
  });

  test('of JavaScript are between nodes of this project what they were', async () => {
    const { inbox } = await world.actor(two, 'inbox');
    const values: readonly unknown[] = [
      'text',
      '',
      'naïve 🙂',
      { a: 1, nested: { list: [1, 'two', null, undefined, true] }, ['__proto_']: 0 },
      [],
      {},
      1.5,
      -0,
      2 ** 53 + 2,
      123_456_789_012_345_678_901_234_567_890n,
      new Map<unknown, unknown>([
        [1, 'a'],
        ['b', new Map()],
        [tuple(1), 2],
      ]),
      Uint8Array.of(1, 2, 255),
      atom('word'),
      tuple(atom('ok'), { a: [] }),
      new Float(2),
      new ImproperList([1, 2], 3),
      null,
      undefined,
      false,
    ];
    for (const value of values)
      expect(one.runtime.send(one.dist.whereis('inbox', two.name), value)).toBe(true);
    await settle();
    expect(inbox).toStrictEqual(values);
  });

  test('without a meaning elsewhere are refused, and said so', async () => {
    await world.actor(two, 'inbox');
    for (const value of [
      new Date(0),
      () => {},
      Symbol('x'),
      new Set(),
      Number.NaN,
      '\ud800',
      new Map([
        [1, 1],
        [1n as never, 2],
      ]),
    ])
      expect(one.runtime.send(one.dist.whereis('inbox', two.name), value)).toBe(false);
    expect(one.log.filter(({ event }) => event === 'dist.unsendable').length).toBeGreaterThan(0);
    expect(one.dist.nodes()).toEqual([two.name]);
  });

  test('longer than a packet may be are refused, asked and answered', async () => {
    const large = await world.pair({ maxPacket: 65_536 }, 'large', 'other');
    const server: GenServer<undefined, null> = {
      init: () => null,
      handleRequest: (size, state) => reply(new Uint8Array(Number(size)), state),
    };
    await startServer(large[1].runtime, server, undefined, { name: 'sized', scope: large[1].dist.names });
    const sized = (size: number): Promise<unknown> =>
      world.wait(large[0].dist.call('sized', 'other@host', size));
    expect(await sized(65_000)).toEqual(new Uint8Array(65_000));
    expect(await sized(66_000)).toEqual(tuple(atom('badreply'), atom('too_large')));
    const there = large[0].dist.whereis('sized', 'other@host');
    expect(large[0].runtime.send(there, new Uint8Array(66_000))).toBe(false);
    expect(await reason(large[0].dist.call('sized', 'other@host', new Uint8Array(66_000)))).toMatchObject({
      tag: 'too_large',
    });
    expect(await sized(65_000)).toEqual(new Uint8Array(65_000));
  });

  test('a reference of a monitor comes back as what it travels as', async () => {
    await world.actor(two, 'echo');
    const { pid, run } = await world.actor(one);
    const ref = await run((self) => self.monitor(pid));
    const back = await world.wait(one.dist.call('echo', two.name, ref));
    expect(back).toBeInstanceOf(ReferenceTerm);
    expect(await world.wait(one.dist.call('echo', two.name, back))).toEqual(back);
  });

  test('a pid that was sent around is the same pid, and its process where it lives', async () => {
    const there = await world.actor(two);
    const pid = await world.hand(there, two, one);
    expect(await world.hand(there, two, one)).toBe(pid);
    const echo = await world.actor(two, 'echo');
    expect(await world.wait(one.dist.call('echo', two.name, pid))).toBe(pid);
    one.runtime.send(one.dist.whereis('echo', two.name), pid);
    await settle();
    expect(echo.inbox).toEqual([there.pid]);
    expect(echo.inbox[0]).toBe(there.pid);
  });
});
