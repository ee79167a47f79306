import { afterEach, describe, expect, test } from 'vitest';
import type { Pid } from '../../src/actor/pid.ts';
import { Down, Exit } from '../../src/actor/monitor.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { ServerRef } from '../../src/otp/server-ref.ts';
import { DistWorld, labeled, type DistNode } from './dist-world.ts';
import { RawPeer } from './raw-peer.ts';

let world = new DistWorld();
afterEach(async () => {
  await world.close();
  world = new DistWorld();
});

const settle = (): Promise<void> => world.clock.settle();

describe('a connection', () => {
  test('is up at both ends, once', async () => {
    const [one, two] = await world.pair();
    expect([one.changes, two.changes]).toEqual([['up two@host'], ['up one@host']]);
    expect([one.dist.nodes(), two.dist.nodes()]).toEqual([['two@host'], ['one@host']]);
    expect(world.net.wires.size).toBe(1);
  });

  test('is made by whoever sends first, and what was sent meanwhile arrives in its order', async () => {
    world.net.rules.delay = 20;
    const one = await world.node('one');
    const two = await world.node('two');
    const { inbox } = await world.actor(two, 'inbox');
    for (let count = 0; count < 500; count++) one.runtime.send(one.dist.whereis('inbox', two.name), count);
    one.dist.monitorNodes(() => one.runtime.send(one.dist.whereis('inbox', two.name), 'up'));
    await world.clock.advance(1_000);
    expect(inbox).toEqual([...Array.from({ length: 500 }, (_, index) => index), 'up']);
    expect(world.net.dialed).toEqual([two.name]);
  });

  test('that cannot be made loses messages, answers calls, monitors and links, and is not tried again at once', async () => {
    const [one, two] = await world.pair();
    const far = await world.hand(await world.actor(two), two, one);
    await world.wait(two.dist.close());
    await settle();
    const { inbox, run } = await world.actor(one);
    await run((self) => {
      self.link(far);
      self.monitor(far);
    });
    const answer = one.dist.call('inbox', two.name, 'anything');
    await expect(world.wait(answer)).rejects.toMatchObject({ reason: 'noconnection' });
    expect(inbox).toMatchObject([{ reason: 'noconnection' }, { reason: 'noconnection' }]);
    const { dialed } = world.net;
    const tries = dialed.length;
    one.runtime.send(far, 'lost');
    await settle();
    expect(dialed.length).toBe(tries);
    await world.clock.advance(1_000);
    one.runtime.send(far, 'lost');
    await settle();
    expect(dialed.length).toBe(tries + 1);
  });

  test('keeps a thousand signals while it is made; further ones are refused', async () => {
    const one = await world.node('one');
    const { inbox } = await world.actor(await world.node('two'), 'inbox');
    const sent = Array.from({ length: 1_001 }, (_, index) =>
      one.runtime.send(one.dist.whereis('inbox', 'two@host'), index),
    );
    expect([sent.filter((ok) => ok).length, sent.at(-1)]).toEqual([1_000, false]);
    await expect(one.dist.call('inbox', 'two@host', 1)).rejects.toMatchObject({
      reason: { overloaded: 'peer' },
    });
    await settle();
    expect(inbox.length).toBe(1_000);
  });

  test('that waits for a link which was taken away meanwhile, or a monitor, makes none', async () => {
    const [one, two] = await world.pair();
    const target = await world.actor(two);
    const far = await world.hand(target, two, one);
    world.net.cut();
    await settle();
    const { inbox, run, pid } = await world.actor(one);
    await run((self) => {
      self.link(far);
      self.unlink(far);
      self.demonitor(self.monitor(far));
      self.send(far, 'here');
    });
    await world.clock.until(() => target.inbox.length > 0);
    one.runtime.exit(pid, 'kill');
    await settle();
    world.net.cut();
    await settle();
    expect([target.inbox, inbox]).toEqual([['here'], []]);
  });
});

describe('both dial at once', () => {
  /** Each sends so many messages, from when it likes. */
  async function race(seed: number): Promise<void> {
    const random = seededRandom(`race ${seed}`);
    const below = (limit: number): number => random.u32() % limit;
    world = new DistWorld(seed);
    world.net.rules.delay = below(3) === 0 ? 0 : below(40);
    world.net.rules.piece = below(2) === 0 ? 'seeded' : Infinity;
    const names = ['aa', 'bb'];
    const nodes = [await world.node(names[0] as string), await world.node(names[1] as string)] as const;
    const inboxes: (readonly unknown[])[] = [];
    for (const node of nodes) inboxes.push((await world.actor(node, 'inbox')).inbox);
    const pings: Promise<boolean>[] = [];
    for (const [index, node] of nodes.entries()) {
      const to = nodes[1 - index] as DistNode;
      for (let count = 0; count < 5; count++)
        world.clock.setTimer(
          below(60),
          () => void node.runtime.send(node.dist.whereis('inbox', to.name), count),
        );
      world.clock.setTimer(below(60), () => void pings.push(node.dist.ping(to.name)));
    }
    await world.clock.advance(2_000);
    expect(await Promise.all(pings)).toEqual([true, true]);
    expect(inboxes.map((inbox) => inbox.toSorted((a, b) => Number(a) - Number(b)))).toEqual([
      [0, 1, 2, 3, 4],
      [0, 1, 2, 3, 4],
    ]);
    expect(nodes.map(({ changes }) => changes)).toEqual([['up bb@host'], ['up aa@host']]);
    expect(world.net.wires.size).toBe(1);
    await world.close();
  }

  test('and one connection is left: no message is lost, and each hears of one node', async () => {
    for (let seed = 0; seed < 300; seed++) await race(seed);
  });

  test('the lesser name gives way, and waits for the connection of the other', async () => {
    const node = await world.node('aa');
    const raw = rawListener('zz@host');
    const sent = node.runtime.send(node.dist.whereis('inbox', 'zz@host'), 'kept');
    await settle();
    raw.say({ type: 'status', status: 'nok' });
    await settle();
    raw.stream.close();
    await world.clock.advance(3_000);
    const theirs = await world.peer(node, 'zz@host');
    await settle();
    expect(sent).toBe(true);
    expect(theirs.frames().map(([, message]) => message)).toEqual([new Uint8Array(Buffer.from('kept'))]);
  });

  test('one that gave way for nothing is told so when the time for a handshake is over', async () => {
    const node = await world.node('aa');
    const raw = rawListener('zz@host');
    const answer = node.dist.connect('zz@host');
    await settle();
    raw.say({ type: 'status', status: 'nok' });
    expect(await world.wait(answer, 7_001)).toBe(false);
    expect(raw.closed).toBe('closed');
  });

  test('whoever is dialed by a node does not dial it itself, unless nothing comes of that', async () => {
    const node = await world.node('aa');
    const raw = await world.raw(node);
    raw.introduce('zz@host');
    await settle();
    const answer = node.dist.connect('zz@host');
    await settle();
    expect(world.net.dialed).toEqual(['aa@host']);
    raw.stream.close();
    expect(await world.wait(answer)).toBe(false);
    expect(world.net.dialed).toEqual(['aa@host', 'zz@host']);
  });

  function rawListener(name: string): RawPeer {
    const raw = new RawPeer('secret');
    raw.name = name;
    world.net.listening.set(name, (incoming) => raw.take(incoming.accept(raw.events) as never));
    return raw;
  }
});

describe('ticks', () => {
  test('keep a connection up for hours in which nobody says anything', async () => {
    const [one, two] = await world.pair({ tickTime: 60_000 });
    await world.clock.advance(6 * 3_600_000);
    expect([one.changes, two.changes]).toEqual([['up two@host'], ['up one@host']]);
  });

  test('are four zero bytes each quarter of the time, while nothing else is said', async () => {
    const node = await world.node('one', { tickTime: 60_000 });
    const raw = await world.peer(node);
    const talking = setTicks(raw);
    await world.clock.advance(600_000);
    world.clock.clear(talking.timer);
    expect(raw.received - talking.before).toBe(4 * 40);
  });

  function setTicks(raw: RawPeer): { before: number; timer: never } {
    const state = { before: raw.received, timer: undefined as never };
    const tick = (): void => {
      raw.write(new Uint8Array(4));
      state.timer = world.clock.setTimer(10_000, tick) as never;
    };
    tick();
    return state;
  }

  test.each([0, 1, 7_000, 14_999, 15_000, 15_001])(
    'that stop %i ms after the last look end it after one to one and a quarter times the time',
    async (offset) => {
      const node = await world.node('one', { tickTime: 60_000 });
      const raw = await world.peer(node);
      await world.clock.advance(offset);
      raw.write(new Uint8Array(4));
      await world.clock.advance(59_999);
      expect(node.dist.nodes()).toEqual(['raw@host']);
      await world.clock.advance(15_002);
      expect(node.changes).toEqual(['up raw@host', 'down raw@host net_tick_timeout']);
      expect(raw.closed).toBe('closed');
    },
  );

  test('any byte of a packet is a sign of life', async () => {
    const node = await world.node('one', { tickTime: 60_000 });
    const raw = await world.peer(node);
    raw.write(Buffer.from([0, 0, 1, 0]));
    for (let count = 0; count < 20; count++) {
      raw.write(Buffer.from([112]));
      await world.clock.advance(50_000);
    }
    expect(node.dist.nodes()).toEqual(['raw@host']);
  });

  test('a black hole ends it at both ends; when it is over they find each other again', async () => {
    const [one, two] = await world.pair({ tickTime: 8_000 });
    world.net.hold(true);
    await world.clock.advance(10_001);
    expect([one.changes, two.changes]).toEqual([
      ['up two@host', 'down two@host net_tick_timeout'],
      ['up one@host', 'down one@host net_tick_timeout'],
    ]);
    world.net.cut();
    expect(await world.wait(two.dist.ping(one.name))).toBe(true);
  });
});

describe('one nodedown for each nodeup', () => {
  const peerOf = (node: DistNode, other: DistNode): Pid => labeled(node.runtime, `peer ${other.name}`) as Pid;
  const ENDS: Readonly<Record<string, (one: DistNode, two: DistNode) => unknown>> = {
    'the net kernel is killed': (one) => one.runtime.exit(labeled(one.runtime, 'netKernel') as Pid, 'kill'),
    'the net kernel of the other node is killed': (_one, two) =>
      two.runtime.exit(labeled(two.runtime, 'netKernel') as Pid, 'kill'),
    'the actor of the connection is killed': (one, two) => one.runtime.exit(peerOf(one, two), 'kill'),
    'the actor of the connection at the other node is killed': (one, two) =>
      two.runtime.exit(peerOf(two, one), 'kill'),
    'the wire is cut': () => world.net.cut(),
    'it is disconnected': (one, two) => void world.wait(one.dist.disconnect(two.name)),
    'it is disconnected there': (one, two) => void world.wait(two.dist.disconnect(one.name)),
    'what others start is killed': (one) => one.runtime.exit(labeled(one.runtime, 'spawned') as Pid, 'kill'),
    'what listens is killed': (one) =>
      one.runtime.exit(labeled(one.runtime, 'memoryListener') as Pid, 'kill'),
    'what listens there is killed': (_one, two) =>
      two.runtime.exit(labeled(two.runtime, 'memoryListener') as Pid, 'kill'),
    'everything at once': (one, two) => {
      one.runtime.exit(peerOf(one, two), 'kill');
      world.net.cut();
      two.runtime.exit(labeled(two.runtime, 'netKernel') as Pid, 'kill');
      void world.wait(one.dist.disconnect(two.name)).catch(() => {});
    },
  };

  test.each(Object.entries(ENDS))('when %s; then it comes back with the next message', async (_how, end) => {
    const [one, two] = await world.pair();
    const { inbox } = await world.actor(two, 'inbox');
    const far = await world.hand(await world.actor(two), two, one);
    const watcher = await world.actor(one);
    await watcher.run((self) => {
      self.link(far);
      self.monitor(far);
    });
    await settle();
    end(one, two);
    await world.clock.advance(500);
    expect(
      [one.changes, two.changes].map((changes) => changes.map((change) => change.split(' ')[0])),
    ).toEqual([
      ['up', 'down'],
      ['up', 'down'],
    ]);
    expect(watcher.inbox.map((message) => [message instanceof Exit, message instanceof Down])).toContainEqual(
      [true, false],
    );
    expect(watcher.inbox).toMatchObject([{ reason: 'noconnection' }, { reason: 'noconnection' }]);
    expect([one.dist.nodes(), two.dist.nodes(), world.net.wires.size]).toEqual([[], [], 0]);
    await world.clock.advance(1_000);
    one.runtime.send(one.dist.whereis('inbox', two.name), 'again');
    await world.clock.until(() => inbox.length > 0);
    expect(await world.wait(two.dist.ping(one.name))).toBe(true);
    expect(one.changes.at(-1)).toBe('up two@host');
  });

  test('when the distribution is closed, and whoever waits is told', async () => {
    const [one, two] = await world.pair();
    await world.actor(one, 'server');
    const waiting = two.dist.call('server', one.name, 1);
    waiting.catch(() => {});
    await world.wait(one.dist.close());
    await settle();
    expect([one.changes.length, two.changes]).toEqual([
      2,
      ['up one@host', 'down one@host connection_closed'],
    ]);
    await expect(world.wait(waiting)).rejects.toMatchObject({ reason: 'noconnection' });
    expect([one.runtime.remote, world.net.wires.size]).toEqual([undefined, 0]);
  });
});

describe('while the net kernel is restarted', () => {
  test('nobody is reached, and whoever asks is told so', async () => {
    const [one, two] = await world.pair();
    one.runtime.exit(labeled(one.runtime, 'netKernel'), 'kill');
    const answers = [one.dist.ping(two.name), one.dist.connect(two.name), one.dist.disconnect(two.name)];
    expect(await world.wait(Promise.all(answers))).toEqual([false, false, false]);
    expect(await world.wait(one.dist.ping(two.name))).toBe(true);
  });

  test('what waited for a connection is lost, and what is sent next makes one', async () => {
    const one = await world.node('one');
    const { inbox } = await world.actor(await world.node('two'), 'inbox');
    world.net.silent.add('two@host');
    one.runtime.send(one.dist.whereis('inbox', 'two@host'), 'lost');
    await settle();
    one.runtime.exit(labeled(one.runtime, 'netKernel'), 'kill');
    await settle();
    world.net.silent.clear();
    one.runtime.send(one.dist.whereis('inbox', 'two@host'), 'sent');
    await settle();
    expect(inbox).toEqual(['sent']);
  });

  test('whoever waits for a connection is told that there is none', async () => {
    const node = await world.node('one');
    world.net.silent.add('two@host');
    const answer = node.dist.connect('two@host');
    await settle();
    node.runtime.exit(labeled(node.runtime, 'netKernel'), 'kill');
    expect(await world.wait(answer)).toBe(false);
  });
});

describe('what a program decides about others', () => {
  test('may throw: then they are refused, and nobody else is disturbed', async () => {
    const throws = (node: string): never => {
      throw new Error(`${node}?`);
    };
    const two = await world.node('two');
    for (const options of [{ cookie: throws }, { allowed: throws }, { keys: throws }]) {
      const one = await world.node(`one${Object.keys(options)[0]}`, options);
      expect(await world.wait(one.dist.ping(two.name))).toBe(false);
      const kernel = labeled(one.runtime, 'netKernel');
      await world.clock.advance(1_500);
      expect(await world.wait(two.dist.ping(one.name))).toBe(false);
      expect([kernel.alive, one.changes, one.reports.filter(({ tag }) => tag === 'crash')]).toEqual([
        true,
        [],
        [],
      ]);
    }
  });
});

describe('a node is a node to itself', () => {
  test('names of its own are reached as those of others are', async () => {
    const node = await world.node('one');
    const { inbox } = await world.actor(node, 'here');
    expect(node.runtime.send(node.dist.whereis('here', node.name), 'sent')).toBe(true);
    expect(node.runtime.send(node.dist.whereis('nobody', node.name), 'lost')).toBe(true);
    const ref = new ServerRef<{ echo(text: string): unknown }>(
      node.runtime,
      node.dist.whereis('here', node.name) as never,
    );
    expect(await world.wait(node.dist.call('here', node.name, 'asked'))).toBe('asked');
    await expect(world.wait(node.dist.call('nobody', node.name, 1))).rejects.toMatchObject({
      reason: 'noproc',
    });
    expect(ref.send('again')).toBe(true);
    await settle();
    expect([inbox, world.net.dialed]).toEqual([['sent', 'again'], []]);
  });
});

describe('a node that comes back', () => {
  test('with another creation has none of its former processes', async () => {
    const [one, two] = await world.pair();
    const far = await world.hand(await world.actor(two), two, one);
    await world.wait(two.dist.close());
    const again = await world.node('two');
    expect(again.dist.creation).not.toBe(two.dist.creation);
    const target = await world.actor(again);
    const { inbox, run } = await world.actor(one);
    await world.clock.advance(1_000);
    await run((self) => {
      self.link(far);
      self.monitor(far);
      self.send(far, 'nobody');
      self.exit(far, 'kill');
    });
    await settle();
    expect(inbox).toMatchObject([{ reason: 'noproc' }, { reason: 'noproc' }]);
    expect([target.inbox, one.dist.nodes()]).toEqual([[], [again.name]]);
  });

  test('under a name that another one has takes its place only with the cookie', async () => {
    const [one, two] = await world.pair();
    const double = await world.node('two', { cookie: 'guess' });
    expect(await world.wait(double.dist.ping(one.name))).toBe(false);
    expect(one.changes).toEqual(['up two@host']);
    const known = await world.node('two');
    expect(await world.wait(known.dist.ping(one.name))).toBe(true);
    await settle();
    expect(one.changes).toEqual(['up two@host', 'down two@host replaced', 'up two@host']);
    expect([one.dist.nodes(), two.dist.nodes(), known.dist.nodes()]).toEqual([
      ['two@host'],
      [],
      ['one@host'],
    ]);
  });
});
