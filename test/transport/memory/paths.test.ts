/**
 * Links over relays and through NATs on the simulated network: they open, move to better paths, fall back, and neither lose,
 * double nor reorder anything.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { NatType } from '../../../src/transport/memory/nat-types.ts';
import { CloseCode, type PhysicalAddress } from '../../../src/transport/transport.ts';
import { pour, type LinkRecorder } from '../recorder.ts';
import { natWorld, type World } from './nat-world.ts';
import { forward, kinds, leave, meeting, seeds, type Meeting } from './relay-world.ts';

const A = '10.1.0.2';
const B = '10.2.0.2';

const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 17) & 0xff);

/** Sends bytes one way at a steady pace, and tells when they arrived. */
function traffic(world: World, from: LinkRecorder, to: LinkRecorder, pace: number = 10) {
  const out = from.open();
  const sent: number[] = [];
  let running = true;
  let gap = 0;
  let last = world.clock.now();
  const go = (): void => {
    if (!running) return;
    const byte = sent.length & 0xff;
    sent.push(byte);
    out.stream.write(Uint8Array.of(byte));
    world.clock.setTimer(pace, go);
  };
  go();
  const receiver = () => to.streams.find(({ id }) => id === out.id);
  return {
    /** The longest time between two arrivals so far, ms. */
    get gap() {
      return gap;
    },
    reset: () => {
      gap = 0;
      last = world.clock.now();
    },
    watch: () => {
      const recorder = receiver();
      if (recorder === undefined) throw new Error('no stream yet');
      recorder.hooks.onData = () => {
        const now = world.clock.now();
        gap = Math.max(gap, now - last);
        last = now;
      };
    },
    stop: async () => {
      running = false;
      out.stream.write(new Uint8Array(0), true);
      await world.clock.until(() => receiver()?.ended === 1);
      expect([...(receiver()?.bytes ?? [])]).toEqual(sent);
    },
  };
}

describe('links through a NAT', () => {
  test.each(['fullcone', 'addr', 'port', 'sym', 'symport'] as const)(
    'a machine behind %s dials out, and is observed at its public address',
    async (type) => {
      const world = await natWorld(`dial ${type}`, [type, 'port']);
      const { clock, station, a } = world;
      const here = a.dial(station.endpoint.local);
      await clock.until(() => here.isOpen && station.inbound[0]?.isOpen === true);
      const there = station.inbound[0] as LinkRecorder;
      expect(there.link.observed.host).toBe(world.natA.host);
      expect(here.link.observed).toEqual(station.endpoint.local);
      const bytes = pattern(300_000);
      pour(here.open(), bytes, [7_000]);
      pour(there.open(), bytes, [13, 50_000]);
      await clock.until(() => [here, there].every(({ streams }) => streams[0]?.ended === 1));
      for (const { streams } of [here, there])
        expect(Buffer.compare(streams[0]?.bytes ?? Buffer.of(), bytes)).toBe(0);
      expect(await leave(world)).toBe(0);
    },
  );

  test('nobody dials in, where no hole is', async () => {
    const world = await natWorld('dial in', ['fullcone', 'port']);
    const dials = [world.natA.host, A, B].map((host) => world.station.dial({ host, port: 9_443 }));
    await world.clock.until(() => dials.every(({ closed }) => closed.length > 0));
    expect(dials.map(({ closed }) => closed[0]?.tag)).toEqual(dials.map(() => 'handshake_timeout'));
    expect(await leave(world)).toBe(0);
  });

  test('a dialer that keeps asking gets in when the hole opens', async () => {
    const world = await natWorld('late hole', ['port', 'port']);
    const { clock, station, a } = world;
    const here = station.dial({ host: world.natA.host, port: 9_443 });
    await clock.advance(2_000);
    a.endpoint.sendRaw(station.endpoint.local, Uint8Array.of(4));
    await clock.until(() => here.isOpen, 4_000);
  });

  test('a blocked NAT ends a dial by its timeout', async () => {
    const world = await natWorld('udp blocked', ['blocked', 'port']);
    const here = world.a.dial(world.station.endpoint.local);
    await world.clock.until(() => here.closed.length > 0);
    expect([here.closed[0]?.tag, world.station.inbound.length]).toEqual(['handshake_timeout', 0]);
    expect(await leave(world)).toBe(0);
  });

  test('keep-alive holds a mapping over many of its timeouts', async () => {
    const world = await natWorld('keep alive', ['sym', 'port']);
    const { clock, station, a } = world;
    const here = a.dial(station.endpoint.local);
    await clock.until(() => here.isOpen);
    await clock.advance(300_000);
    expect(here.isOpen && station.inbound[0]?.isOpen).toBe(true);
    const back = station.inbound[0]?.open();
    back?.stream.write(Uint8Array.of(1));
    await clock.advance(20);
    expect(here.streams[0]?.received).toBe(1);
  });

  test.each(['port', 'sym'] as const)(
    'behind %s, a rebind in the middle of traffic both ways is over within 2 s, keyed or not',
    async (type) => {
      for (const keyed of [true, false]) {
        const world = await natWorld(`rebind ${keyed}`, [type, 'port']);
        const { clock, station, a } = world;
        const here = a.dial(station.endpoint.local);
        await clock.until(() => here.isOpen && station.inbound[0]?.isOpen === true);
        const there = station.inbound[0] as LinkRecorder;
        if (keyed) seeds([here, there]);
        const before = there.link.observed;
        const flows = [traffic(world, here, there), traffic(world, there, here)];
        await clock.advance(500);
        for (const flow of flows) flow.watch();
        for (const flow of flows) flow.reset();
        world.network.faults.rebind(world.natA);
        await clock.advance(4_000);
        expect(there.link.observed).not.toEqual(before);
        for (const flow of flows) {
          expect(flow.gap).toBeLessThan(2_000);
          await flow.stop();
        }
        expect(await leave(world)).toBe(0);
      }
    },
  );

  test('a rebind while only an answer is due is found out by asking again', async () => {
    const world = await natWorld('silent rebind', ['port', 'port']);
    const { clock, station, a } = world;
    const here = a.dial(station.endpoint.local);
    await clock.until(() => here.isOpen && station.inbound[0]?.isOpen === true);
    const there = station.inbound[0] as LinkRecorder;
    seeds([here, there]);
    await clock.advance(1_000);
    there.take = (stream) => {
      stream.hooks.onEnd = () => {
        stream.stream?.write(Uint8Array.of(9), true);
      };
    };
    const out = here.open();
    out.stream.write(Uint8Array.of(1), true);
    await clock.advance(10);
    // the request is there, the answer meets a NAT that has forgotten
    world.network.faults.rebind(world.natA);
    await clock.until(() => out.ended === 1, 2_000);
  });
});

describe('relayed addresses', () => {
  test('datagrams travel over the station both ways, with the relayed address as their source', async () => {
    const world = await meeting('raw', ['sym', 'sym']);
    const { a, b, relayed, clock } = world;
    const got: [PhysicalAddress, number[]][] = [];
    for (const { endpoint } of [a, b]) endpoint.onRaw = (from, bytes) => got.push([from, [...bytes]]);
    a.endpoint.sendRaw(relayed[0], Uint8Array.of(4, 5));
    await clock.advance(19);
    expect(got).toEqual([]);
    await clock.advance(1);
    b.endpoint.sendRaw(relayed[1], Uint8Array.of(6));
    await clock.advance(20);
    expect(got).toEqual([
      [relayed[1], [4, 5]],
      [relayed[0], [6]],
    ]);
    expect(await leave(world)).toBe(0);
  });

  test('what does not come from the station is not taken, and what it refuses is dropped', async () => {
    const world = await meeting('forged', ['fullcone', 'port']);
    const { a, b, relayed, session, station, clock, atStation } = world;
    let got = 0;
    for (const { endpoint } of [a, b]) endpoint.onRaw = () => got++;
    const forged = Uint8Array.of(1, ...session, 4, 5, 6);
    b.endpoint.sendRaw(atStation[0].link.observed, forged);
    const stranger = await world.node('198.51.100.7');
    stranger.endpoint.sendRaw(station.endpoint.local, forged);
    await clock.advance(50);
    expect(got).toBe(0);
    expect(a.endpoint.stats().dropped).toMatchObject({ relay_source: 1 });
    expect(station.endpoint.stats().dropped).toMatchObject({ relay_refused: 1 });
    expect(relayed[0]).toEqual({ host: `relay:${Buffer.from(session).toString('hex')}`, port: 0 });
  });

  test('a session that is closed carries nothing, and one that was never opened cannot be dialed', async () => {
    const world = await meeting('closed session', ['port', 'port']);
    const { a, b, relayed, session, clock } = world;
    let got = 0;
    b.endpoint.onRaw = () => got++;
    a.endpoint.sendRaw(relayed[0], Uint8Array.of(4));
    await clock.advance(50);
    b.endpoint.closeRelayed(session);
    a.endpoint.sendRaw(relayed[0], Uint8Array.of(4));
    await clock.advance(50);
    a.endpoint.closeRelayed(session);
    a.endpoint.sendRaw(relayed[0], Uint8Array.of(4));
    const dead = a.dial(relayed[0]);
    await clock.advance(1_100);
    expect(got).toBe(1);
    expect(dead.closed).toEqual([{ tag: 'transport_error', detail: 'that way is not open' }]);
    expect(b.endpoint.stats().dropped).toMatchObject({ relay_unknown: 1 });
    expect(a.endpoint.stats().dropped).toMatchObject({ no_way: 1 });
    expect(await leave(world)).toBe(0);
  });

  test('datagrams that come before word of their session are held: 4 of one, 16 in all, 32 KiB, 1 s', async () => {
    const world = await meeting('early', ['port', 'port']);
    const { a, b, toStation, clock, random } = world;
    const sessions = Array.from({ length: 5 }, () => random.bytes(16));
    const addresses = sessions.map((session) => a.endpoint.openRelayed(session, toStation[0].link));
    const send = (index: number, size: number): void => {
      a.endpoint.sendRaw(addresses[index] as PhysicalAddress, new Uint8Array(size).fill(4));
    };
    let got: number[] = [];
    b.endpoint.onRaw = (from) => got.push(addresses.findIndex(({ host }) => host === from.host));
    const heard = async (): Promise<number[]> => {
      got = [];
      for (const session of sessions) b.endpoint.openRelayed(session, toStation[1].link);
      expect(got).toEqual([]);
      await clock.settle();
      for (const session of sessions) b.endpoint.closeRelayed(session);
      return got;
    };
    for (let index = 0; index < 25; index++) send(index % 5, 10);
    await clock.advance(50);
    expect((await heard()).toSorted((one, other) => one - other)).toEqual([
      0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4,
    ]);
    for (let index = 0; index < 6; index++) send(0, 10);
    await clock.advance(50);
    expect(await heard()).toEqual([0, 0, 0, 0]);
    for (let index = 0; index < 4; index++) send(index, 10_000);
    await clock.advance(50);
    expect(await heard()).toEqual([0, 1, 2]);
    send(0, 10);
    await clock.advance(20 + 1_000 + 10);
    expect(await heard()).toEqual([]);
  });

  test('a relay that is not where its link sends gets nothing until it has proven to be there', async () => {
    const world = await natWorld('unproven relay', ['port', 'port']);
    const { clock, a, b, station, network, natA } = world;
    const here = a.dial(station.endpoint.local);
    await clock.until(() => here.isOpen && station.inbound[0]?.isOpen === true);
    const there = station.inbound[0] as LinkRecorder;
    // the station has a session with B by way of A, which has never been asked for its proof
    const session = world.random.bytes(16);
    const address = station.endpoint.openRelayed(session, there.link);
    const before = there.link.observed;
    await clock.advance(500);
    network.faults.rebind(natA);
    const out = here.open();
    out.stream.write(Uint8Array.of(1));
    await clock.until(() => there.link.observed.port !== before.port);
    expect(there.link.proven).toEqual(before);
    let got = 0;
    a.endpoint.onRaw = b.endpoint.onRaw = () => got++;
    a.endpoint.openRelayed(session, here.link);
    station.endpoint.sendRaw(address, Uint8Array.of(4));
    await clock.advance(100);
    expect(got).toBe(0);
    seeds([here, there]);
    out.stream.write(Uint8Array.of(2));
    await clock.until(() => there.link.proven?.port === there.link.observed.port);
    station.endpoint.sendRaw(address, Uint8Array.of(5));
    await clock.until(() => got === 1);
  });

  test('a station asks its table again about what it holds', async () => {
    const world = await meeting('asked again', ['port', 'port']);
    const { a, b, station, relayed, clock } = world;
    const { forwarder } = station.endpoint;
    station.endpoint.forwarder = () => 'unknown';
    let got = 0;
    b.endpoint.onRaw = () => got++;
    a.endpoint.sendRaw(relayed[0], Uint8Array.of(4));
    await clock.advance(500);
    expect(got).toBe(0);
    station.endpoint.forwarder = forwarder;
    await clock.advance(50);
    expect(got).toBe(1);
    expect(station.endpoint.stats().relayed).toEqual({
      sessions: 0,
      datagramsIn: 0,
      forwarded: 1,
      forwardedBytes: 18,
    });
  });

  test('a forwarder that throws drops that datagram and nothing else', async () => {
    const world = await meeting('throwing', ['port', 'port']);
    const { a, station, relayed, clock } = world;
    station.endpoint.forwarder = () => {
      throw new Error('planned');
    };
    a.endpoint.sendRaw(relayed[0], Uint8Array.of(4));
    await clock.advance(50);
    expect(station.endpoint.stats().dropped).toMatchObject({ relay_refused: 1 });
    expect(world.toStation[0].isOpen).toBe(true);
  });
});

describe('links through a relay', () => {
  test('open in four relay round trips with both identities proven, and carry streams', async () => {
    const world = await meeting('open', ['sym', 'sym']);
    const { clock, a, b } = world;
    const began = clock.now();
    const links = await world.connect();
    expect(clock.now() - began).toBeLessThanOrEqual(4 * 40);
    expect(kinds(links)).toEqual(['relayed', 'relayed']);
    expect(links.map(({ link }) => Buffer.from(link.peer?.nodeId ?? []))).toEqual(
      [b, a].map(({ identity }) => Buffer.from(identity.nodeId)),
    );
    const bytes = pattern(500_000);
    pour(links[0].open(), bytes, [7_000]);
    pour(links[1].open(), bytes, [100_000, 1]);
    await clock.until(() => links.every(({ streams }) => streams[0]?.ended === 1));
    for (const { streams } of links) expect(Buffer.compare(streams[0]?.bytes ?? Buffer.of(), bytes)).toBe(0);
    expect(await leave(world)).toBe(0);
  });

  test('a close reaches the other side with its code', async () => {
    const world = await meeting('close', ['port', 'port']);
    const [here, there] = await world.connect();
    here.link.close(CloseCode.duplicate, 'so');
    await world.clock.until(() => there.closed.length > 0);
    expect(there.closed).toEqual([{ tag: 'remote', code: CloseCode.duplicate, reason: 'so' }]);
    expect(await leave(world)).toBe(0);
  });

  test('a dead station silences them until they time out', async () => {
    const world = await meeting('dead station', ['port', 'port']);
    const links = await world.connect();
    links[0].open().stream.write(Uint8Array.of(1));
    world.network.faults.kill('203.0.113.1');
    await world.clock.advance(40_000);
    expect(links.map(({ closed }) => closed)).toEqual(links.map(() => [{ tag: 'idle_timeout' }]));
    expect(await leave(world)).toBe(0);
  });

  test('a cut station loses what it would have passed on, and it arrives when the way is whole', async () => {
    const world = await meeting('cut station', ['port', 'port']);
    const [here, there] = await world.connect();
    const flow = traffic(world, here, there);
    await world.clock.advance(200);
    world.network.faults.cut('203.0.113.1', B);
    await world.clock.advance(3_000);
    world.network.faults.healAll();
    await flow.stop();
    expect(await leave(world)).toBe(0);
  });

  test('the session of a new link to the station goes on where the old one was', async () => {
    const world = await meeting('again', ['port', 'port']);
    const { a, b, station, session, clock, atStation, network } = world;
    const [here, there] = await world.connect();
    const flow = traffic(world, here, there);
    await clock.advance(200);
    network.faults.forgetLink(world.toStation[0].link);
    await clock.advance(300);
    const again = a.dial(station.endpoint.local);
    await clock.until(() => again.isOpen && station.inbound[2]?.isOpen === true);
    a.endpoint.openRelayed(session, again.link);
    station.endpoint.forwarder = forward([station.inbound[2]?.link as never, atStation[1].link]);
    await flow.stop();
    expect(b.inbound).toHaveLength(1);
  });
});

const WINNABLE: readonly (readonly [NatType, NatType])[] = [
  ['none', 'port'],
  ['fullcone', 'fullcone'],
  ['addr', 'addr'],
  ['port', 'port'],
  ['fullcone', 'sym'],
  ['addr', 'sym'],
  ['symport', 'port'],
];
const HOPELESS: readonly (readonly [NatType, NatType])[] = [
  ['port', 'sym'],
  ['sym', 'sym'],
];

describe('moving to a better path', () => {
  test.each([...WINNABLE, ...WINNABLE.map(([one, other]) => [other, one] as const)])(
    '%s and %s: from the relay to a punched path within 1 s, nothing lost, doubled or reordered',
    async (one, other) => {
      const world = await meeting(`${one} ${other}`, [one, other]);
      const links = await world.connect();
      const flows = [traffic(world, links[0], links[1]), traffic(world, links[1], links[0])];
      await world.clock.advance(100);
      const bytes = pattern(2_000_000);
      pour(links[0].open(), bytes, [30_000]);
      world.offer(links);
      await world.clock.until(() => kinds(links).every((kind) => kind === 'punched'), 1_000);
      for (const flow of flows) flow.watch();
      await world.clock.advance(500);
      for (const flow of flows) await flow.stop();
      await world.clock.until(() => links[1].streams[1]?.ended === 1);
      expect(Buffer.compare(links[1].streams[1]?.bytes ?? Buffer.of(), bytes)).toBe(0);
      // packets go straight now
      expect(links.map(({ link }) => link.observed.host)).toEqual([
        other === 'none' ? B : world.natB.host,
        one === 'none' ? A : world.natA.host,
      ]);
      expect(links.map(({ log }) => log.includes('fault'))).toEqual([false, false]);
      expect(await leave(world)).toBe(0);
    },
  );

  test.each(HOPELESS)('%s and %s: what cannot be punched stays relayed', async (one, other) => {
    const world = await meeting(`${one} ${other}`, [one, other]);
    const links = await world.connect();
    const flow = traffic(world, links[0], links[1]);
    await world.clock.advance(100);
    world.offer(links);
    await world.clock.advance(5_000);
    expect(kinds(links)).toEqual(['relayed', 'relayed']);
    await flow.stop();
    expect(await leave(world)).toBe(0);
  });

  test('onPath tells each side once per change', async () => {
    const world = await meeting('onPath', ['port', 'port']);
    const links = await world.connect();
    const told: number[] = [0, 0];
    for (const [index, { hooks }] of links.entries())
      hooks.onPath = () => {
        told[index] = (told[index] ?? 0) + 1;
      };
    world.offer(links);
    await world.clock.advance(3_000);
    expect([told, kinds(links)]).toEqual([
      [1, 1],
      ['punched', 'punched'],
    ]);
  });

  test('an address that never answers costs at most 24 probes, and a link without keys asks nobody', async () => {
    const world = await meeting('third party', ['port', 'port']);
    const victim = await world.node('198.51.100.9');
    let probes = 0;
    victim.endpoint.onRaw = () => probes++;
    const [here] = await world.connect();
    here.link.offerPath('direct', victim.endpoint.local);
    world.toStation[0].link.offerPath('direct', victim.endpoint.local);
    await world.clock.advance(10_000);
    const { dropped } = victim.endpoint.stats();
    expect((dropped['probe'] ?? 0) + probes).toBeLessThanOrEqual(48);
    expect(kinds([here])).toEqual(['relayed']);
    const bare = world.a.dial(world.station.endpoint.local);
    await world.clock.until(() => bare.isOpen);
    const before = victim.endpoint.stats().datagramsIn;
    bare.link.offerPath('direct', victim.endpoint.local);
    await world.clock.advance(3_000);
    expect(victim.endpoint.stats().datagramsIn).toBe(before);
    expect(await leave(world)).toBe(0);
  });

  test('a path that is withdrawn is left for what there is, and the last one stays', async () => {
    const world = await meeting('withdraw', ['port', 'port']);
    const links = await world.connect();
    world.offer(links);
    await world.clock.until(() => kinds(links).every((kind) => kind === 'punched'));
    for (const { link } of links) link.withdrawPath(link.observed);
    await world.clock.advance(1_000);
    expect(kinds(links)).toEqual(['relayed', 'relayed']);
    for (const { link } of links) link.withdrawPath(link.observed);
    await world.clock.advance(1_000);
    expect(kinds(links)).toEqual(['relayed', 'relayed']);
    const flow = traffic(world, links[0], links[1]);
    await world.clock.advance(100);
    await flow.stop();
  });
});

describe('when the path dies', () => {
  const punched = async (
    seed: string,
  ): Promise<{ world: Meeting; links: readonly [LinkRecorder, LinkRecorder] }> => {
    const world = await meeting(seed, ['port', 'port']);
    const links = await world.connect();
    world.offer(links);
    await world.clock.until(() => kinds(links).every((kind) => kind === 'punched'));
    await world.clock.advance(1_000);
    return { world, links };
  };

  test('traffic in flight is back on the relay within 500 ms, and on the direct path when that is whole', async () => {
    const { world, links } = await punched('black hole');
    const flows = [traffic(world, links[0], links[1]), traffic(world, links[1], links[0])];
    await world.clock.advance(300);
    for (const flow of flows) flow.watch();
    for (const flow of flows) flow.reset();
    world.network.faults.cut(A, B);
    await world.clock.advance(2_000);
    expect(kinds(links)).toEqual(['relayed', 'relayed']);
    for (const flow of flows) expect(flow.gap).toBeLessThanOrEqual(500);
    world.network.faults.healAll();
    await world.clock.until(() => kinds(links).every((kind) => kind === 'punched'), 20_000);
    for (const flow of flows) await flow.stop();
    expect(await leave(world)).toBe(0);
  });

  test('a hole in one direction only is noticed as well', async () => {
    const { world, links } = await punched('half hole');
    const flows = [traffic(world, links[0], links[1]), traffic(world, links[1], links[0])];
    await world.clock.advance(300);
    for (const flow of flows) flow.watch();
    for (const flow of flows) flow.reset();
    world.network.faults.cut(A, B, 'forward');
    await world.clock.advance(2_000);
    for (const flow of flows) expect(flow.gap).toBeLessThanOrEqual(500);
    for (const flow of flows) await flow.stop();
  });

  test('the station dies under a punched link, and nobody notices', async () => {
    const { world, links } = await punched('no station');
    const flow = traffic(world, links[0], links[1]);
    await world.clock.advance(100);
    flow.watch();
    flow.reset();
    world.network.faults.kill('203.0.113.1');
    await world.clock.advance(35_000);
    expect(flow.gap).toBeLessThanOrEqual(100);
    await flow.stop();
    expect(links.map(({ isOpen }) => isOpen)).toEqual([true, true]);
  });

  test('a rebind under a punched link: over the relay at once, then straight again', async () => {
    const { world, links } = await punched('rebind punched');
    const flows = [traffic(world, links[0], links[1]), traffic(world, links[1], links[0])];
    await world.clock.advance(300);
    for (const flow of flows) flow.watch();
    for (const flow of flows) flow.reset();
    world.network.faults.rebind(world.natA);
    await world.clock.advance(5_000);
    for (const flow of flows) expect(flow.gap).toBeLessThanOrEqual(2_000);
    for (const flow of flows) await flow.stop();
    expect(await leave(world)).toBe(0);
  });
});

/** One thing that happens to a link over several paths. */
type Blow =
  | { readonly tag: 'offer' | 'rebindA' | 'rebindB' | 'heal' | 'unblock' }
  | { readonly tag: 'cut'; readonly from: string; readonly to: string; readonly ways: 'both' | 'forward' }
  | { readonly tag: 'block'; readonly side: 0 | 1 }
  | { readonly tag: 'open'; readonly side: 0 | 1 }
  | { readonly tag: 'write'; readonly side: 0 | 1; readonly size: number }
  | { readonly tag: 'pass'; readonly ms: number };

const side = fc.constantFrom(0 as const, 1 as const);
const host = fc.constantFrom(A, B, '203.0.113.1');
const blow: fc.Arbitrary<Blow> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ tag: fc.constantFrom('offer', 'heal', 'unblock') }) },
  { weight: 2, arbitrary: fc.record({ tag: fc.constantFrom('rebindA', 'rebindB') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      tag: fc.constant('cut' as const),
      from: host,
      to: host,
      ways: fc.constantFrom('both', 'forward'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('block' as const), side }) },
  { weight: 3, arbitrary: fc.record({ tag: fc.constant('open' as const), side }) },
  { weight: 6, arbitrary: fc.record({ tag: fc.constant('write' as const), side, size: fc.nat(40_000) }) },
  { weight: 6, arbitrary: fc.record({ tag: fc.constant('pass' as const), ms: fc.nat(400) }) },
);
const types = fc.constantFrom<NatType>('none', 'fullcone', 'addr', 'port', 'sym', 'symport');

/** Plays a script on a fresh world; returns what was sent and what arrived, stream by stream, and the trace. */
async function play(seed: string, pair: readonly [NatType, NatType], script: readonly Blow[]) {
  const world = await meeting(seed, pair, { delay: { min: 1, max: 30 } });
  const { clock, network } = world;
  const links = await world.connect();
  const streams: { from: 0 | 1; recorder: ReturnType<LinkRecorder['open']>; sent: Uint8Array[] }[] = [];
  for (const one of script) {
    if (one.tag === 'offer') world.offer(links);
    else if (one.tag === 'heal') network.faults.healAll();
    else if (one.tag === 'rebindA') network.faults.rebind(world.natA);
    else if (one.tag === 'rebindB') network.faults.rebind(world.natB);
    else if (one.tag === 'cut') network.faults.cut(one.from, one.to, one.ways);
    else if (one.tag === 'block') network.faults.block(one.side === 0 ? world.natA : world.natB, true);
    else if (one.tag === 'unblock') network.faults.calm();
    else if (one.tag === 'pass') await clock.advance(one.ms);
    else if (one.tag === 'open') {
      const recorder = links[one.side].tryOpen();
      if (recorder !== undefined) streams.push({ from: one.side, recorder, sent: [] });
    } else if (one.tag === 'write') {
      const stream = streams.findLast(({ from }) => from === one.side);
      const bytes = pattern(one.size);
      stream?.sent.push(bytes.slice());
      stream?.recorder.stream.write(bytes);
    }
  }
  network.faults.calm();
  for (const { recorder } of streams) recorder.stream.write(Uint8Array.of(0), true);
  const arrived = (): boolean =>
    streams.every(({ from, recorder: { id } }) =>
      links[from === 0 ? 1 : 0].streams.some((one) => one.id === id && one.ended === 1),
    );
  await clock.until(() => arrived() || links.some(({ isOpen }) => !isOpen), 60_000);
  const outcome = streams.map(({ from, recorder: { id }, sent }) => {
    const got = links[from === 0 ? 1 : 0].streams.find((one) => one.id === id);
    return Buffer.compare(Buffer.concat([...sent, Uint8Array.of(0)]), got?.bytes ?? Buffer.of()) === 0;
  });
  const alive = links.every(({ isOpen }) => isOpen);
  const trace = network.trace();
  return { outcome, alive, trace, left: await leave(world) };
}

describe('whatever happens', () => {
  test('300 random scripts: every byte arrives once and in order, and nothing is left', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 4 }),
        fc.tuple(types, types),
        fc.array(blow, { maxLength: 25 }),
        async (seed, pair, script) => {
          const { outcome, alive, left } = await play(seed, pair, script);
          expect({ outcome, alive, left }).toEqual({
            outcome: outcome.map(() => true),
            alive: true,
            left: 0,
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('one seed gives one trace', async () => {
    const script = fc.sample(fc.array(blow, { minLength: 25, maxLength: 25 }), { numRuns: 10, seed: 1 });
    for (const one of script) {
      const [first, second] = [
        await play('same', ['port', 'port'], one),
        await play('same', ['port', 'port'], one),
      ];
      expect(first.trace).toBe(second.trace);
    }
  });
});
