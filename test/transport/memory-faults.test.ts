/**
 * Each fault of the simulated network is exactly what it says, between hosts and on one link, and ends when it is
 * told to. Cuts, resets and raw datagrams: memory.test.ts.
 */
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../src/actor/random.ts';
import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import {
  memoryNetwork,
  type MemoryNetwork,
  type MemoryNetworkOptions,
} from '../../src/transport/memory/network.ts';
import { sample } from '../../src/transport/memory/route.ts';
import { barrier, LinkRecorder, openPair, type Bench, type Pair, type PairOptions } from './recorder.ts';

interface MemoryBench extends Bench {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
}

function bench(seed: string, options: Partial<MemoryNetworkOptions> = {}): MemoryBench {
  const clock = virtualClock();
  const random = seededRandom(seed);
  const network = memoryNetwork({
    clock,
    random: random.fork('network'),
    delay: 5,
    poison: true,
    ...options,
  });
  return {
    network,
    clock,
    random: random.fork('nodes'),
    a: network.transport(),
    b: network.transport(),
    until: clock.until,
    pass: clock.advance,
    empty: () => {
      expect(clock.pending).toBe(0);
    },
  };
}

interface Setup extends MemoryBench {
  readonly pair: Pair;
  readonly here: LinkRecorder;
  readonly there: LinkRecorder;
  readonly hosts: readonly [string, string];
}

async function connected(seed: string, options: PairOptions = {}): Promise<Setup> {
  const made = bench(seed);
  const pair = await openPair(made, options);
  const link = await pair.connect();
  // what the handshake still has on its way
  await made.pass(50);
  return { ...made, pair, ...link, hosts: [pair.a.local.host, pair.b.local.host] };
}

/** Virtual ms until `condition`. */
async function takes(setup: MemoryBench, condition: () => boolean): Promise<number> {
  const began = setup.clock.now();
  await setup.until(condition);
  return setup.clock.now() - began;
}

const text = (link: LinkRecorder, at = 0): string => link.streams[at]?.bytes.toString() ?? '';

describe('delay', () => {
  test('fixed, uniform, jitter and one of your own keep to their distribution', () => {
    const random = seededRandom('delays');
    const many = (delay: Parameters<typeof sample>[0]): number[] =>
      Array.from({ length: 20_000 }, () => sample(delay, () => random));
    expect(new Set(many(7))).toEqual(new Set([7]));
    const uniform = many({ min: 10, max: 30 });
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...uniform)).toBeLessThan(30);
    const jitter = many({ base: 10, jitter: 5 }).map((ms) => ms - 10);
    expect(Math.min(...jitter)).toBeGreaterThanOrEqual(0);
    expect(jitter.reduce((sum, ms) => sum + ms, 0) / jitter.length).toBeCloseTo(5, 0);
    // exponential: e^-1 are later than the mean, e^-3 later than three times it
    expect(jitter.filter((ms) => ms > 5).length / jitter.length).toBeCloseTo(0.368, 1);
    expect(jitter.filter((ms) => ms > 15).length / jitter.length).toBeCloseTo(0.05, 1);
    expect(many(() => -3)).toContain(0);
  });

  test('one way only when told so, and a link has its own', async () => {
    const setup = await connected('delay ways');
    const { faults } = setup.network;
    faults.delay(...setup.hosts, 100, 'forward');
    setup.here.open().stream.write(Buffer.from('x'));
    expect(await takes(setup, () => setup.there.streams.length === 1)).toBe(100);
    faults.delayLink(setup.there.link, 30, 'forward');
    setup.there.streams[0]?.stream?.write(Buffer.from('y'));
    expect(await takes(setup, () => setup.here.log.some((line) => line.startsWith('data')))).toBe(30);
    await setup.pair.close();
  });
});

describe('stall', () => {
  test('nothing arrives for its time, then everything does, in order, and nothing was lost', async () => {
    const setup = await connected('stall');
    const out = setup.here.open();
    out.stream.write(Buffer.from('1'));
    setup.network.faults.stall(...setup.hosts, 1_000);
    for (const piece of ['2', '3', '4']) {
      out.stream.write(Buffer.from(piece));
      await setup.pass(100);
    }
    expect(setup.there.streams).toEqual([]);
    await setup.pass(700);
    expect(text(setup.there)).toBe('1234');
    expect(setup.here.link.stats().lost).toBe(0);
    await barrier(setup, setup);
    await setup.pair.close();
    setup.empty();
  });

  test('raw datagrams wait as well, and one way is one way', async () => {
    const setup = await connected('stall raw');
    const got: string[] = [];
    setup.pair.a.onRaw = () => got.push('a');
    setup.pair.b.onRaw = () => got.push('b');
    setup.network.faults.stall(...setup.hosts, 500, 'forward');
    setup.pair.a.sendRaw(setup.pair.b.local, Uint8Array.of(1));
    setup.pair.b.sendRaw(setup.pair.a.local, Uint8Array.of(1));
    await setup.pass(499);
    expect(got).toEqual(['a']);
    await setup.pass(1);
    expect(got).toEqual(['a', 'b']);
  });

  test('on one link it leaves the others alone; longer than the idle timeout it ends the link', async () => {
    const setup = await connected('stall link', { limitsA: { idleTimeout: 3_000, keepAlive: 1_000 } });
    const spared = await setup.pair.connect();
    setup.network.faults.stallLink(setup.here.link, 3_500);
    await barrier(setup, spared);
    await setup.pass(3_400);
    expect([setup.here.closed[0]?.tag, setup.there.closed[0]?.tag]).toEqual(['idle_timeout', 'idle_timeout']);
    expect(spared.here.isOpen).toBe(true);
  });
});

describe('rate', () => {
  test('bytes take the time they must, one way, on one link or on all between two hosts', async () => {
    const setup = await connected('rate');
    const { faults } = setup.network;
    const send = async (size: number): Promise<number> => {
      const before = setup.there.streams.length;
      setup.here.open().stream.write(new Uint8Array(size), true);
      return takes(setup, () => setup.there.streams[before]?.ended === 1);
    };
    expect(await send(100_000)).toBe(5);
    faults.rate(...setup.hosts, 100_000);
    const limited = await send(100_000);
    expect(limited).toBeGreaterThan(1_000);
    expect(limited).toBeLessThan(1_050);
    faults.rateLink(setup.here.link, 50_000, 'forward');
    expect(await send(100_000)).toBeGreaterThan(2_000);
    faults.rateLink(setup.here.link, undefined);
    faults.rate(...setup.hosts, undefined);
    expect(await send(100_000)).toBe(5);
    await setup.pair.close();
  });
});

describe('reorder', () => {
  test('streams overtake each other, every stream stays in order, and all arrives before a close', async () => {
    const setup = await connected('reorder');
    setup.network.faults.reorder(...setup.hosts, { share: 0.5, window: 200 });
    const outs = Array.from({ length: 20 }, () => setup.here.open());
    for (let piece = 0; piece < 10; piece++) {
      for (const [index, { stream }] of outs.entries())
        stream.write(Buffer.from(`${index}.${piece} `), piece === 9);
      await setup.pass(3);
    }
    setup.here.link.close(0);
    await setup.until(() => setup.there.closed.length > 0);
    expect(setup.there.streams).toHaveLength(20);
    for (const { id, bytes, ended } of setup.there.streams) {
      const index = outs.findIndex((out) => out.id === id);
      expect(bytes.toString()).toBe(Array.from({ length: 10 }, (_, piece) => `${index}.${piece} `).join(''));
      expect(ended).toBe(1);
    }
    const order = setup.there.streams.map(({ id }) => id);
    expect(order).not.toEqual(order.toSorted((left, right) => left - right));
    expect(setup.there.closed[0]?.tag).toBe('remote');
  });

  test('without it streams come as they were written', async () => {
    const setup = await connected('no reorder');
    setup.network.faults.reorderLink(setup.here.link, { share: 1, window: 200 });
    setup.network.faults.reorderLink(setup.here.link, undefined);
    const outs = Array.from({ length: 20 }, () => setup.here.open());
    for (const { stream } of outs) {
      stream.write(Buffer.from('x'), true);
      await setup.pass(1);
    }
    await setup.until(() => setup.there.streams.length === 20);
    expect(setup.there.streams.map(({ id }) => id)).toEqual(outs.map(({ id }) => id));
  });
});

describe('partition', () => {
  const HOLE = { idleTimeout: 3_000, keepAlive: 1_000 };

  test('cuts each host of one side off from each of the other, and nobody else', async () => {
    const setup = bench('partition');
    const third = setup.network.transport();
    const [ab, ac, bc] = await Promise.all([
      openPair(setup, { limitsA: HOLE }),
      openPair({ ...setup, b: third }, { limitsA: HOLE }),
      openPair({ ...setup, a: setup.b, b: third }, { limitsA: HOLE }),
    ]);
    const links = [await ab.connect(), await ac.connect(), await bc.connect()] as const;
    setup.network.faults.partition([ab.a.local.host], [ab.b.local.host, ac.b.local.host]);
    await setup.pass(HOLE.idleTimeout + 100);
    expect(links.map(({ here, there }) => [here.isOpen, there.isOpen])).toEqual([
      [false, false],
      [false, false],
      [true, true],
    ]);
    setup.network.faults.healAll();
    await Promise.all([ab.connect(), ac.connect()]);
  });

  test('one way: what the left side sends is lost, it still hears the right side', async () => {
    const setup = await connected('one-way partition');
    const got: string[] = [];
    setup.pair.a.onRaw = () => got.push('left');
    setup.pair.b.onRaw = () => got.push('right');
    setup.network.faults.partition([setup.hosts[0]], [setup.hosts[1]], 'forward');
    setup.pair.a.sendRaw(setup.pair.b.local, Uint8Array.of(1));
    setup.pair.b.sendRaw(setup.pair.a.local, Uint8Array.of(1));
    await setup.pass(100);
    expect(got).toEqual(['left']);
  });
});

describe('death', () => {
  test('forgetLink: this end is over at once, the other one believes in the link until it is silent too long', async () => {
    const setup = await connected('half open', { limitsA: { idleTimeout: 3_000, keepAlive: 1_000 } });
    setup.network.faults.forgetLink(setup.here.link);
    expect(setup.here.closed[0]?.tag).toBe('transport_error');
    expect(setup.there.isOpen).toBe(true);
    setup.there.open().stream.write(Buffer.from('anybody?'));
    await setup.pass(2_000);
    expect(setup.there.isOpen).toBe(true);
    await setup.until(() => setup.there.closed.length > 0);
    expect(setup.there.closed[0]?.tag).toBe('idle_timeout');
    expect(setup.here.streams).toEqual([]);
  });

  test('kill: no close is sent, what comes for it vanishes, and a successor takes the same address', async () => {
    const setup = await connected('kill', { limitsA: { idleTimeout: 3_000, keepAlive: 1_000 } });
    const { clock, random, pair } = setup;
    const before = clock.now();
    expect(setup.network.faults.kill(setup.hosts[1])).toBe(1);
    setup.here.open().stream.write(Buffer.from('lost'));
    pair.a.sendRaw(pair.b.local, Uint8Array.of(1));
    await setup.pass(1_000);
    expect([setup.here.isOpen, setup.there.closed[0]?.tag]).toEqual([true, 'transport_error']);
    const inbound: LinkRecorder[] = [];
    const successor = await setup.b.open({
      clock,
      random,
      identity: pair.identityB,
      bind: pair.b.local,
      accept: ['macula'],
      onLink: () => {
        inbound.push(new LinkRecorder());
        return inbound.at(-1) as LinkRecorder;
      },
    });
    const raw: number[] = [];
    successor.onRaw = (_from, bytes) => raw.push(bytes.length);
    await setup.until(() => setup.here.closed.length > 0);
    expect(setup.here.closed).toEqual([{ tag: 'idle_timeout' }]);
    expect(clock.now() - before).toBeLessThanOrEqual(3_100);
    expect([inbound, raw]).toEqual([[], []]);
    const again = pair.dial();
    await setup.until(() => again.isOpen && inbound[0]?.isOpen === true);
    setup.network.transport('203.0.113.99');
    expect(setup.network.faults.kill('203.0.113.99')).toBe(0);
  });
});

describe('a slow reader', () => {
  test('reads nothing while it is told to, is sent no more than the windows allow, and then misses nothing', async () => {
    const setup = await connected('slow reader');
    setup.network.faults.stopReading(setup.there.link);
    const outs = Array.from({ length: 6 }, () => setup.here.open());
    for (const { stream } of outs) stream.write(new Uint8Array(400_000).fill(7), true);
    await setup.pass(2_000);
    expect(setup.here.link.queued).toBe(6 * 400_000 - 1_048_576);
    expect(setup.there.streams.map(({ received }) => received).some((bytes) => bytes > 0)).toBe(false);
    setup.network.faults.startReading(setup.there.link);
    await setup.until(
      () => setup.there.streams.length === 6 && setup.there.streams.every(({ ended }) => ended === 1),
    );
    expect(setup.there.streams.map(({ received }) => received)).toEqual(outs.map(() => 400_000));
    await setup.pair.close();
    setup.empty();
  });

  test('streams the application paused itself stay paused', async () => {
    const setup = await connected('paused too');
    setup.there.take = ({ stream }) => stream?.pause();
    setup.here.open().stream.write(Buffer.from('x'));
    await setup.pass(20);
    setup.network.faults.stopReading(setup.there.link);
    setup.network.faults.startReading(setup.there.link);
    await setup.pass(20);
    expect(setup.there.streams[0]?.received).toBe(0);
  });
});

describe('calm', () => {
  test('ends every fault, and a link that lived through them works as before', async () => {
    const setup = await connected('calm');
    const { faults } = setup.network;
    const { hosts } = setup;
    const link = setup.here.link;
    const began = setup.clock.now();
    faults.delay(...hosts, 400);
    faults.raw(...hosts, { loss: 1 });
    faults.reorder(...hosts, { share: 1, window: 900 });
    faults.rate(...hosts, 10);
    faults.stall(...hosts, 5_000);
    faults.cut(...hosts);
    faults.delayLink(link, 700);
    faults.reorderLink(link, { share: 1, window: 900 });
    faults.rateLink(link, 5);
    faults.stallLink(link, 6_000);
    faults.cutLink(link);
    faults.stopReading(setup.there.link);
    faults.calm();
    let raw = 0;
    setup.pair.b.onRaw = () => raw++;
    setup.pair.a.sendRaw(setup.pair.b.local, Uint8Array.of(1));
    await barrier(setup, setup);
    expect([setup.clock.now() - began, raw]).toEqual([10, 1]);
  });

  test('is a line of the trace, as every fault is', async () => {
    const setup = await connected('trace');
    const before = setup.network.trace();
    setup.network.faults.calm();
    expect(setup.network.trace()).not.toBe(before);
    setup.network.faults.stallLink(setup.here.link, 10, 'forward');
    expect(setup.network.history().at(-1)).toMatch(/^\d+ fault stall 10 link 1 forward\n$/);
  });
});
