/**
 * The simulated network: the common suite, and what only a simulation can promise: equal runs for equal
 * seeds, faults that are exactly what they say, and lent bytes that are really lent.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { systemClock } from '../../src/actor/clock.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import {
  memoryNetwork,
  type MemoryNetwork,
  type MemoryNetworkOptions,
} from '../../src/transport/memory/network.ts';
import { CloseCode, ResetCode } from '../../src/transport/transport.ts';
import { describeTransport } from './compliance.ts';
import { describePaths } from './path-compliance.ts';
import { barrier, LinkRecorder, openPair, type Bench, type Pair, type PairOptions } from './recorder.ts';

interface MemoryBench extends Bench {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
}

function bench(seed: string, options: Partial<MemoryNetworkOptions> = {}): MemoryBench {
  const clock = virtualClock();
  const random = seededRandom(seed);
  const network = memoryNetwork({ clock, random: random.fork('network'), poison: true, ...options });
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

describeTransport('memory', () => bench('compliance'));
describeTransport('memory with 5 ms delay', () => bench('compliance', { delay: 5 }));
describeTransport('memory with jitter', () => bench('compliance', { delay: { min: 1, max: 20 } }));
describePaths('memory', () => bench('paths'));
describePaths('memory with jitter', () => bench('paths', { delay: { min: 1, max: 20 } }));

const hostOf = (pair: Pair, side: 'a' | 'b'): string => pair[side].local.host;

describe('memoryNetwork', () => {
  test('opens the dialer after two round trips and the acceptor half a round trip later', async () => {
    const { clock, ...rest } = bench('delays', { delay: 10 });
    const pair = await openPair({ clock, ...rest });
    const here = pair.dial();
    let openedThere = 0;
    await clock.until(() => here.isOpen);
    expect(clock.now()).toBe(40);
    await clock.until(() => {
      openedThere = clock.now();
      return pair.inboundB[0]?.isOpen === true;
    });
    expect(openedThere).toBe(50);
    await barrier({ clock, ...rest }, { here, there: pair.inboundB[0] as LinkRecorder });
    expect(here.link.stats().rtt).toBe(20);
  });

  test('gives each machine a public-looking address in a prefix of its own', async () => {
    const network = memoryNetwork({ clock: virtualClock(), random: seededRandom(1) });
    const { random, clock } = bench('hosts');
    const identity = createIdentity(random, clock.wall());
    const hosts: string[] = [];
    for (let count = 0; count < 300; count++) {
      const endpoint = await network.transport().open({ clock, random, identity });
      hosts.push(endpoint.local.host);
    }
    expect(hosts.every((host) => /^198\.1[89]\.\d+\.1$/.test(host))).toBe(true);
    expect(new Set(hosts).size).toBe(300);
  });

  test('binds the wildcard and the default to the machine, loopback to itself, strangers not at all', async () => {
    const { network, random, clock } = bench('bind');
    const identity = createIdentity(random, clock.wall());
    const transport = network.transport('203.0.113.7');
    const at = async (host?: string, port = 0): Promise<string> => {
      const bind = host === undefined ? {} : { bind: { host, port } };
      const { local } = await transport.open({ clock, random, identity, ...bind });
      return `${local.host}:${local.port}`;
    };
    expect(await at()).toBe('203.0.113.7:49152');
    expect(await at('0.0.0.0')).toBe('203.0.113.7:49153');
    expect(await at('127.0.0.1', 9_443)).toBe('127.0.0.1:9443');
    await expect(at('127.0.0.1', 9_443)).rejects.toMatchObject({ failure: { code: 'EADDRINUSE' } });
    await expect(at('203.0.113.8')).rejects.toMatchObject({ failure: { code: 'EADDRNOTAVAIL' } });
  });

  test('never lets loopback leave its machine', async () => {
    const setup = bench('loopback');
    const { clock, random, network } = setup;
    const options = { clock, random, accept: ['macula'] as const, limits: { handshakeTimeout: 500 } };
    const fresh = (): Identity => createIdentity(random, clock.wall());
    const bind = { host: '127.0.0.1', port: 9_443 };
    const machine = network.transport('203.0.113.7');
    const onLink = (): LinkRecorder => new LinkRecorder();
    const inside = await machine.open({ ...options, identity: fresh(), bind, onLink });
    const dialers = [machine, network.transport()].map((transport) =>
      transport.open({ ...options, identity: fresh() }),
    );
    const outcomes: LinkRecorder[] = [];
    for (const dialer of await Promise.all(dialers)) {
      for (const host of ['127.0.0.1', '203.0.113.7']) {
        const events = new LinkRecorder();
        dialer.dial({ address: { host, port: inside.local.port }, protocol: 'macula' }, events);
        outcomes.push(events);
      }
    }
    await clock.advance(600);
    expect(outcomes.map(({ log }) => log[0])).toEqual([
      'open',
      'open',
      'close:handshake_timeout',
      'close:handshake_timeout',
    ]);
  });

  test('hands out bytes that are overwritten after the call', async () => {
    const setup = bench('poison');
    const pair = await openPair(setup);
    const { here, there } = await pair.connect();
    const kept: Uint8Array[] = [];
    there.take = (back) => {
      back.hooks.onData = (bytes) => kept.push(bytes);
    };
    pair.b.onRaw = (_from, bytes) => kept.push(bytes);
    here.open().stream.write(Buffer.from('lent'));
    pair.a.sendRaw(pair.b.local, Uint8Array.of(1, 2, 3));
    await setup.until(() => kept.length === 2);
    expect(kept.flatMap((bytes) => [...bytes])).toEqual(Array.from({ length: 7 }, () => 0xdb));
    expect(there.streams[0]?.bytes.toString()).toBe('lent');
  });

  test('drops dialers over the limits of links and of handshakes, and counts them', async () => {
    const setup = bench('limits', { delay: 10 });
    const pair = await openPair(setup, { limitsB: { links: 2, halfOpen: 1 } });
    const dialed = [pair.dial(), pair.dial(), pair.dial(), pair.dial()];
    await setup.until(() => dialed.every(({ link }) => link.state !== 'handshaking'), 20_000);
    expect(dialed.filter(({ isOpen }) => isOpen)).toHaveLength(1);
    expect(pair.b.stats().dropped).toEqual({ too_many_half_open: 3 });
    await pair.connect();
    const late = pair.dial();
    await setup.until(() => late.closed.length > 0);
    expect([late.closed[0]?.tag, pair.b.stats().dropped['too_many_links']]).toEqual(['handshake_timeout', 1]);
  });

  test('lets four unread streams fill the connection, and the rest waits until they are read', async () => {
    const setup = bench('windows', { delay: 1 });
    const pair = await openPair(setup);
    const { here, there } = await pair.connect();
    there.take = ({ stream }) => stream?.pause();
    const outs = Array.from({ length: 6 }, () => here.open());
    for (const { stream } of outs) stream.write(new Uint8Array(400_000), true);
    await setup.pass(1_000);
    expect(here.link.queued).toBe(6 * 400_000 - 1_048_576);
    for (const { stream } of there.streams) stream?.resume();
    there.take = () => {};
    await setup.until(() => there.streams.length === 6 && there.streams.every(({ ended }) => ended === 1));
    expect(there.streams.map(({ received }) => received)).toEqual(Array.from({ length: 6 }, () => 400_000));
  });

  test('leaves no timer behind when every link has closed, though the endpoints stay open', async () => {
    const setup = bench('idle endpoints', { delay: 1 });
    const pair = await openPair(setup);
    const { here, there } = await pair.connect();
    expect(setup.clock.pending).toBe(1);
    here.link.close(CloseCode.normal);
    await setup.until(() => there.closed.length > 0);
    expect(setup.clock.pending).toBe(0);
  });

  test('works on the system clock with no delay', async () => {
    const random = seededRandom('system');
    const network = memoryNetwork({ clock: systemClock, random });
    const real: Bench = {
      a: network.transport(),
      b: network.transport(),
      clock: systemClock,
      random,
      pass: () => Promise.reject(new Error('not here')),
      empty: () => {},
      until: async (condition) => {
        while (!condition()) {
          await new Promise<void>((done) => {
            systemClock.later(done);
          });
        }
      },
    };
    const pair = await openPair(real);
    const link = await pair.connect();
    await barrier(real, link);
    await pair.close();
    expect(pair.a.stats().links + pair.b.stats().links).toBe(0);
  });

  test('does not starve timers when two receivers answer each other without delay', async () => {
    const network = memoryNetwork({ clock: systemClock, random: seededRandom('burst') });
    const transport = network.transport();
    const options = { clock: systemClock, random: seededRandom('burst'), accept: ['macula'] as const };
    const identity = (): Identity => createIdentity(options.random, systemClock.wall());
    const one = await transport.open({ ...options, identity: identity() });
    const other = await transport.open({ ...options, identity: identity() });
    let bounces = 0;
    const ball = Uint8Array.of(1);
    one.onRaw = (from) => {
      bounces++;
      one.sendRaw(from, ball);
    };
    other.onRaw = (from) => {
      other.sendRaw(from, ball);
    };
    one.sendRaw(other.local, ball);
    await new Promise<void>((done) => {
      systemClock.setTimer(5, done);
    });
    one.destroy();
    other.destroy();
    expect(bounces).toBeGreaterThan(0);
  });
});

describe('faults', () => {
  const HOLE = { idleTimeout: 9_000, keepAlive: 3_000 };
  const connected = async (setup: MemoryBench, options: PairOptions = {}) => {
    const pair = await openPair(setup, options);
    return { pair, ...(await pair.connect()) };
  };

  test('a hole shorter than the idle timeout loses nothing: what was sent meanwhile arrives in order', async () => {
    const setup = bench('short hole', { delay: 5 });
    const { pair, here, there } = await connected(setup, { limitsA: HOLE });
    const out = here.open();
    out.stream.write(Buffer.from('before '));
    await setup.until(() => there.streams[0]?.received === 7);
    out.stream.write(Buffer.from('on its way '));
    setup.network.faults.cut(hostOf(pair, 'a'), hostOf(pair, 'b'));
    await setup.pass(2_000);
    out.stream.write(Buffer.from('in the hole '));
    await setup.pass(3_000);
    expect(there.streams[0]?.bytes.toString()).toBe('before ');
    setup.network.faults.heal(hostOf(pair, 'a'), hostOf(pair, 'b'));
    out.stream.write(Buffer.from('after'), true);
    await setup.until(() => there.streams[0]?.ended === 1, 6_000);
    expect(there.streams[0]?.bytes.toString()).toBe('before on its way in the hole after');
    expect(here.link.stats().lost).toBeGreaterThan(0);
    await pair.close();
  });

  test('a longer hole ends the link on both sides with idle_timeout', async () => {
    const setup = bench('long hole', { delay: 5 });
    const { pair, here, there } = await connected(setup, { limitsA: HOLE });
    setup.network.faults.cut(hostOf(pair, 'a'), hostOf(pair, 'b'));
    await setup.pass(HOLE.idleTimeout + 100);
    expect([here.closed, there.closed]).toEqual([[{ tag: 'idle_timeout' }], [{ tag: 'idle_timeout' }]]);
    setup.network.faults.heal(hostOf(pair, 'a'), hostOf(pair, 'b'));
    await pair.close();
    setup.empty();
  });

  test('a one-way hole: the deaf side times out first, the other one an idle timeout later', async () => {
    const setup = bench('one way', { delay: 5 });
    const { pair, here, there } = await connected(setup, { limitsA: HOLE });
    setup.network.faults.cut(hostOf(pair, 'a'), hostOf(pair, 'b'), 'forward');
    await setup.until(() => there.closed.length > 0);
    expect(here.closed).toEqual([]);
    await setup.pass(HOLE.idleTimeout + 100);
    expect([here.closed, there.closed]).toEqual([[{ tag: 'idle_timeout' }], [{ tag: 'idle_timeout' }]]);
    await pair.close();
  });

  test('a close that falls into a hole is never repeated', async () => {
    const setup = bench('lost close', { delay: 5 });
    const { pair, here, there } = await connected(setup, { limitsA: HOLE });
    const out = here.open();
    setup.network.faults.cut(hostOf(pair, 'a'), hostOf(pair, 'b'));
    out.stream.write(Buffer.from('lost with it'));
    here.link.close(CloseCode.normal);
    await setup.pass(100);
    setup.network.faults.heal(hostOf(pair, 'a'), hostOf(pair, 'b'));
    await setup.until(() => there.closed.length > 0);
    expect([there.closed, there.streams]).toEqual([[{ tag: 'idle_timeout' }], []]);
  });

  test('what is sent into a hole is lost even when the way heals before it would have arrived', async () => {
    const setup = bench('flash hole', { delay: 100 });
    const { pair, here, there } = await connected(setup);
    const [a, b] = [hostOf(pair, 'a'), hostOf(pair, 'b')];
    const began = setup.clock.now();
    let raw = 0;
    pair.b.onRaw = () => raw++;
    setup.network.faults.cut(a, b);
    here.open().stream.write(Buffer.from('again'));
    pair.a.sendRaw(pair.b.local, Uint8Array.of(1));
    await setup.clock.settle();
    setup.network.faults.heal(a, b);
    await setup.until(() => there.streams[0]?.received === 5);
    expect(setup.clock.now() - began).toBeGreaterThan(300);
    expect(raw).toBe(0);
  });

  test('a dead sender repeats nothing, and nothing that came after the gap is delivered', async () => {
    const setup = bench('gap', { delay: 100 });
    const { pair, here, there } = await connected(setup);
    const [a, b] = [hostOf(pair, 'a'), hostOf(pair, 'b')];
    const out = here.open();
    out.stream.write(Buffer.from('one '));
    await setup.until(() => there.streams[0]?.received === 4);
    setup.network.faults.cut(a, b);
    out.stream.write(Buffer.from('lost '));
    await setup.clock.settle();
    setup.network.faults.heal(a, b);
    out.stream.write(Buffer.from('three'));
    await setup.clock.settle();
    pair.a.destroy();
    await setup.until(() => there.closed.length > 0);
    expect(there.closed).toEqual([{ tag: 'idle_timeout' }]);
    expect(there.streams[0]?.bytes.toString()).toBe('one ');
  });

  test('a hole in the handshake only delays it', async () => {
    const setup = bench('handshake hole', { delay: 5 });
    const pair = await openPair(setup);
    setup.network.faults.cut(hostOf(pair, 'a'), hostOf(pair, 'b'));
    const here = pair.dial();
    await setup.pass(3_000);
    setup.network.faults.healAll();
    await setup.until(() => here.isOpen && pair.inboundB[0]?.isOpen === true);
    expect(setup.clock.now()).toBeLessThan(10_000);
  });

  test('a cut or a delay on one link leaves the other links of the same hosts alone', async () => {
    const setup = bench('one link', { delay: 5 });
    const { pair, ...struck } = await connected(setup, { limitsA: HOLE });
    const spared = await pair.connect();
    setup.network.faults.delayLink(struck.here.link, 500);
    const began = setup.clock.now();
    await barrier(setup, spared);
    expect(setup.clock.now() - began).toBe(10);
    await barrier(setup, struck);
    expect(setup.clock.now() - began).toBe(1_010);
    setup.network.faults.cutLink(struck.there.link);
    await setup.pass(HOLE.idleTimeout + 1_000);
    expect([struck.here.closed.length, struck.there.closed.length]).toEqual([1, 1]);
    expect(spared.here.isOpen && spared.there.isOpen).toBe(true);
  });

  test('a reset tears both ends of every link between two hosts, and nothing else', async () => {
    const setup = bench('reset', { delay: 5 });
    const { pair, here, there } = await connected(setup);
    const third = await openPair({ ...setup, b: setup.network.transport() });
    const spared = await third.connect();
    expect(setup.network.faults.reset(hostOf(pair, 'a'), hostOf(pair, 'b'))).toBe(1);
    await setup.until(() => here.closed.length + there.closed.length === 2);
    expect([here.closed[0]?.tag, there.closed[0]?.tag]).toEqual(['transport_error', 'transport_error']);
    await barrier(setup, spared);
  });

  test('an endpoint that takes the port of a dead one hears nothing of the old links', async () => {
    const setup = bench('restart', { delay: 5 });
    const { pair, here } = await connected(setup, { limitsA: HOLE });
    pair.b.destroy();
    const { clock, random } = setup;
    const inbound: LinkRecorder[] = [];
    const restarted = await setup.b.open({
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
    here.open().stream.write(Buffer.from('are you there?'));
    const again = pair.dial();
    await setup.until(() => again.isOpen && inbound[0]?.isOpen === true);
    await setup.until(() => here.closed.length > 0);
    expect(here.closed).toEqual([{ tag: 'idle_timeout' }]);
    expect([inbound.length, inbound[0]?.log]).toEqual([1, ['open']]);
    expect(restarted.stats().dropped['unknown_connection']).toBeGreaterThan(0);
  });

  test('raw datagrams are lost, doubled and overtaken as often as asked, and cut ways lose all', async () => {
    const setup = bench('raw', { delay: 5 });
    const pair = await openPair(setup);
    const got: number[] = [];
    pair.b.onRaw = (_from, bytes) => got.push((bytes[0] ?? 0) * 64 + (bytes[1] ?? 0));
    const send = async (): Promise<readonly number[]> => {
      got.length = 0;
      for (let index = 0; index < 1_000; index++)
        pair.a.sendRaw(pair.b.local, Uint8Array.of(Math.floor(index / 64), index % 64));
      await setup.pass(100);
      return [...got];
    };
    const [a, b] = [hostOf(pair, 'a'), hostOf(pair, 'b')];
    expect(await send()).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
    setup.network.faults.raw(a, b, { loss: 0.2 });
    expect((await send()).length).toSatisfy((count: number) => count > 740 && count < 860);
    setup.network.faults.raw(a, b, { duplicate: 0.2 });
    expect((await send()).length).toSatisfy((count: number) => count > 1_140 && count < 1_260);
    setup.network.faults.raw(a, b, { reorder: 0.2 });
    const late = (await send()).filter((index, at, all) => index < (all[at - 1] ?? 0));
    expect(got).toHaveLength(1_000);
    expect(late.length).toBeGreaterThan(0);
    setup.network.faults.cut(a, b, 'forward');
    expect(await send()).toEqual([]);
  });
});

/** One step of a random script. `at` chooses among what is there. */
type Step =
  | { readonly tag: 'open' | 'end' | 'reset' | 'pause' | 'resume'; readonly at: number; readonly side: 0 | 1 }
  | { readonly tag: 'write'; readonly at: number; readonly side: 0 | 1; readonly size: number }
  | { readonly tag: 'raw'; readonly side: 0 | 1 }
  | { readonly tag: 'cut' | 'heal'; readonly ways: 'both' | 'forward' }
  | { readonly tag: 'pass'; readonly ms: number }
  | { readonly tag: 'dial' }
  | { readonly tag: 'close'; readonly at: number; readonly side: 0 | 1 };

const at = fc.nat(20);
const side = fc.constantFrom(0 as const, 1 as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ tag: fc.constant('open' as const), at, side }) },
  { weight: 8, arbitrary: fc.record({ tag: fc.constant('write' as const), at, side, size: fc.nat(60_000) }) },
  {
    weight: 4,
    arbitrary: fc.record({ tag: fc.constantFrom('end', 'reset', 'pause', 'resume'), at, side }),
  },
  { weight: 2, arbitrary: fc.record({ tag: fc.constant('raw' as const), side }) },
  {
    weight: 2,
    arbitrary: fc.record({
      tag: fc.constantFrom('cut' as const, 'heal' as const),
      ways: fc.constantFrom('both' as const, 'forward' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ tag: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 200 }) }),
  },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('dial' as const) }) },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('close' as const), at, side }) },
);

interface Outcome {
  readonly trace: string;
  readonly logs: readonly (readonly string[])[];
  readonly pending: number;
}

/** The byte at `index` of what `opener` writes on stream `id`: the reader needs no copy to compare with. */
const byteAt = (id: number, opener: number, index: number): number =>
  (id * 7 + opener * 101 + index * 13) & 0xff;

/** Runs a script and checks, while it runs, that each stream delivers a prefix of what was written. */
async function play(seed: number, script: readonly Step[]): Promise<Outcome> {
  const setup = bench(String(seed), {
    delay: { min: 1, max: 40 },
    raw: { loss: 0.1, duplicate: 0.1, reorder: 0.1 },
  });
  const pair = await openPair(setup, { limitsA: { streams: 5 }, limitsB: { streams: 5 } });
  const sides: [LinkRecorder[], LinkRecorder[]] = [[], pair.inboundB];
  const written = new Map<object, number>();
  let wrong = 0;
  const links = (which: 0 | 1): LinkRecorder[] => sides[which].filter(({ isOpen }) => isOpen);
  const streams = (which: 0 | 1) => links(which).flatMap((link) => link.streams.filter(({ over }) => !over));
  const pick = <T>(items: readonly T[], index: number): T | undefined => items[index % (items.length || 1)];
  const watch = (link: LinkRecorder, which: 0 | 1): void => {
    link.take = (stream) => {
      check(stream, which);
    };
  };
  const check = (stream: LinkRecorder['streams'][number], which: 0 | 1): void => {
    let seen = 0;
    stream.hooks.onData = (bytes) => {
      for (const byte of bytes) if (byte !== byteAt(stream.id, 1 - which, seen++)) wrong++;
    };
  };
  const dial = async (): Promise<void> => {
    const link = pair.dial();
    sides[0].push(link);
    watch(link, 0);
  };
  pair.a.onRaw = () => {};
  pair.b.onRaw = () => {};
  const hosts = [pair.a.local.host, pair.b.local.host] as const;
  await dial();
  await setup.pass(200);
  for (const action of script) {
    for (const link of pair.inboundB) watch(link, 1);
    switch (action.tag) {
      case 'open': {
        const link = pick(links(action.side), action.at);
        const stream = link?.tryOpen();
        if (link !== undefined && stream !== undefined) {
          check(stream, action.side);
          link.streams.push(stream);
        }
        break;
      }
      case 'write': {
        const stream = pick(streams(action.side), action.at);
        if (stream === undefined) break;
        const from = written.get(stream) ?? 0;
        written.set(stream, from + action.size);
        stream.stream?.write(
          Uint8Array.from({ length: action.size }, (_, i) => byteAt(stream.id, action.side, from + i)),
        );
        break;
      }
      case 'end':
        pick(streams(action.side), action.at)?.stream?.write(new Uint8Array(0), true);
        break;
      case 'reset':
        pick(streams(action.side), action.at)?.stream?.reset(ResetCode.canceled);
        break;
      case 'pause':
      case 'resume':
        pick(streams(action.side), action.at)?.stream?.[action.tag]();
        break;
      case 'raw': {
        const [from, to] = action.side === 0 ? [pair.a, pair.b] : [pair.b, pair.a];
        from.sendRaw(to.local, Uint8Array.of(1, action.side));
        break;
      }
      case 'cut':
      case 'heal':
        setup.network.faults[action.tag](hosts[0], hosts[1], action.ways);
        break;
      case 'pass':
        await setup.pass(action.ms);
        break;
      case 'dial':
        await dial();
        break;
      case 'close':
        pick(links(action.side), action.at)?.link.close(CloseCode.normal);
        break;
    }
  }
  setup.network.faults.healAll();
  await setup.pass(1_000);
  const all = [...sides[0], ...sides[1]];
  expect(wrong).toBe(0);
  expect(all.flatMap(({ faults }) => faults)).toEqual([]);
  await pair.close();
  await setup.clock.settle();
  for (const link of all) expect(link.closed.length).toBe(1);
  return { trace: setup.network.trace(), logs: all.map(({ log }) => log), pending: setup.clock.pending };
}

describe('determinism', () => {
  test('200 random scripts: equal seeds give equal traces, every stream keeps its bytes in order', async () => {
    const traces = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(step, { minLength: 5, maxLength: 40 }), async (seed, script) => {
        const [first, second] = [await play(seed, script), await play(seed, script)];
        expect(second).toEqual(first);
        expect(first.pending).toBe(0);
        traces.add(first.trace);
      }),
      { numRuns: 200, seed: 20_260_101 },
    );
    expect(traces.size).toBeGreaterThan(190);
  }, 120_000);

  test('another seed gives another trace for the same script', async () => {
    const script: readonly Step[] = [
      { tag: 'open', at: 0, side: 0 },
      { tag: 'write', at: 0, side: 0, size: 10 },
      { tag: 'pass', ms: 100 },
    ];
    expect((await play(1, script)).trace).not.toBe((await play(2, script)).trace);
  });
});
