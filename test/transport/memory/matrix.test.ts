/**
 * Which pairs of NATs can be punched, with nothing but raw datagrams: the table of BASELINES §4, exactly, on every seed.
 */
import { describe, expect, test } from 'vitest';

import type { NatType } from '../../../src/transport/memory/nat-types.ts';
import type { Endpoint, PhysicalAddress } from '../../../src/transport/transport.ts';
import { natWorld, TYPES, type World } from './nat-world.ts';

const [HELLO, OBSERVED, QUESTION, ANSWER] = [0x10, 0x11, 0x12, 0x13];
const SEEDS = 12;

/** What the table says. `symport` is `port` to everybody, because its ports are preserved. */
function possible(one: NatType, other: NatType): boolean {
  if (one === 'blocked' || other === 'blocked') return false;
  const hard: readonly NatType[] = ['port', 'sym', 'symport'];
  return !((one === 'sym' && hard.includes(other)) || (other === 'sym' && hard.includes(one)));
}

const spell = ({ host, port }: PhysicalAddress): string => `${host} ${port}`;

/** What a peer learned: addresses from which its own questions to them were answered. */
function puncher(endpoint: Endpoint, station: PhysicalAddress) {
  const answered = new Set<string>();
  let observed: PhysicalAddress | undefined;
  const ask = (to: PhysicalAddress): void => {
    endpoint.sendRaw(to, Uint8Array.of(QUESTION, ...Buffer.from(spell(to))));
  };
  endpoint.onRaw = (from, bytes) => {
    const [kind] = bytes;
    const rest = bytes.slice(1);
    if (kind === OBSERVED) {
      const [host = '', port] = Buffer.from(rest).toString().split(' ');
      observed = { host, port: Number(port) };
    } else if (kind === QUESTION) {
      endpoint.sendRaw(from, Uint8Array.of(ANSWER, ...rest));
      // the answer to the observed source is what makes `addr:sym` direct
      if (!answered.has(spell(from))) ask(from);
    } else if (kind === ANSWER && Buffer.from(rest).toString() === spell(from)) answered.add(spell(from));
  };
  endpoint.sendRaw(station, Uint8Array.of(HELLO));
  return { ask, answered, observed: () => observed };
}

/** Both sides learn their public addresses, swap them and punch; whether both got answers from where they asked. */
async function punch(world: World, rounds: number = 3): Promise<boolean> {
  const { clock, station, a, b } = world;
  station.endpoint.onRaw = (from) => {
    station.endpoint.sendRaw(from, Uint8Array.of(OBSERVED, ...Buffer.from(spell(from))));
  };
  const [one, other] = [a, b].map(({ endpoint }) => puncher(endpoint, station.endpoint.local));
  if (one === undefined || other === undefined) return false;
  await clock.advance(100);
  const [here, there] = [one.observed(), other.observed()];
  if (here === undefined || there === undefined) return false;
  for (let round = 0; round < rounds; round++) {
    one.ask(there);
    other.ask(here);
    await clock.advance(50);
  }
  return one.answered.size > 0 && other.answered.size > 0;
}

const pairs = TYPES.flatMap((one, index) => TYPES.slice(index).map((other) => [one, other] as const));

describe('punching', () => {
  test.each(pairs)('%s with %s', async (one, other) => {
    const results = new Set<boolean>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const pair = seed % 2 === 0 ? ([one, other] as const) : ([other, one] as const);
      results.add(await punch(await natWorld(`${one} ${other} ${seed}`, pair)));
    }
    expect([...results]).toEqual([possible(one, other)]);
  });

  test('a lost first datagram on either side changes nothing', async () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const world = await natWorld(`lossy ${seed}`, ['port', 'port'], { delay: { min: 1, max: 40 } });
      world.network.faults.raw('10.1.0.2', '10.2.0.2', { loss: 0.3 });
      expect(await punch(world, 20)).toBe(true);
    }
  });

  test('one seed gives one trace', async () => {
    const run = async (seed: string): Promise<string> => {
      const world = await natWorld(seed, ['sym', 'addr'], { delay: { min: 1, max: 20 } });
      await punch(world);
      return world.network.trace();
    };
    expect(await run('one')).toBe(await run('one'));
    expect(await run('one')).not.toBe(await run('two'));
  });
});

describe('carrier NAT', () => {
  const behindCarrier = async (outer: NatType, inner: NatType, seed: string): Promise<World> => {
    const world = await natWorld(seed, [outer, 'addr']);
    const home = world.network.nat({ host: '100.64.0.2', type: inner, behind: world.natA });
    const a = await world.node('192.168.1.2', home);
    return { ...world, a };
  };

  test('what leaves two NATs has the address of the outer one, and both of them judge who comes in', async () => {
    expect(await punch(await behindCarrier('fullcone', 'addr', 'carrier'))).toBe(true);
    expect(await punch(await behindCarrier('sym', 'port', 'carrier'))).toBe(true);
    const world = await behindCarrier('fullcone', 'port', 'observed');
    const sources: PhysicalAddress[] = [];
    world.station.endpoint.onRaw = (from) => sources.push(from);
    world.a.endpoint.sendRaw(world.station.endpoint.local, Uint8Array.of(HELLO));
    await world.clock.advance(20);
    expect(sources[0]?.host).toBe(world.natA.host);
    // the outer one lets anybody in, the inner one does not
    const got: number[] = [];
    world.a.endpoint.onRaw = (_from, bytes) => got.push(bytes[0] ?? 0);
    world.b.endpoint.sendRaw(sources[0] as PhysicalAddress, Uint8Array.of(1));
    world.station.endpoint.sendRaw(sources[0] as PhysicalAddress, Uint8Array.of(2));
    await world.clock.advance(20);
    expect(got).toEqual([2]);
  });

  test('two behind one carrier meet where it turns datagrams around, and nowhere else', async () => {
    for (const hairpin of [true, false]) {
      const world = await natWorld('hairpin carrier', ['port', 'port'], { nat: { hairpin } });
      const homes = ['100.64.0.2', '100.64.0.3'].map((host) =>
        world.network.nat({ host, type: 'port', behind: world.natA }),
      );
      const a = await world.node('192.168.1.2', homes[0]);
      const b = await world.node('192.168.2.2', homes[1]);
      expect(await punch({ ...world, a, b })).toBe(hairpin);
    }
  });
});

describe('one network', () => {
  test('hairpin on: neighbors reach each other by public addresses and see them; off: they do not', async () => {
    for (const hairpin of [true, false]) {
      const world = await natWorld('hairpin', ['port', 'port'], { nat: { hairpin } });
      const b = await world.node('10.1.0.3', world.natA);
      expect(await punch({ ...world, b })).toBe(hairpin);
    }
  });

  test('neighbors reach each other by private addresses, unseen by the NAT; strangers do not', async () => {
    const world = await natWorld('lan', ['sym', 'port']);
    const neighbor = await world.node('10.1.0.3', world.natA);
    const got: string[] = [];
    neighbor.endpoint.onRaw = (from) => got.push(spell(from));
    for (const { endpoint } of [world.a, world.b, world.station])
      endpoint.sendRaw(neighbor.endpoint.local, Uint8Array.of(HELLO));
    await world.clock.advance(20);
    expect(got).toEqual([spell(world.a.endpoint.local)]);
    expect(world.natA.mappings).toBe(0);
  });

  test('a router that is no NAT gives machines away by their own addresses', async () => {
    const world = await natWorld('routed', ['none', 'port']);
    const got: string[] = [];
    world.station.endpoint.onRaw = (from) => got.push(spell(from));
    world.a.endpoint.onRaw = (from) => got.push(spell(from));
    world.a.endpoint.sendRaw(world.station.endpoint.local, Uint8Array.of(HELLO));
    world.b.endpoint.sendRaw(world.a.endpoint.local, Uint8Array.of(HELLO));
    await world.clock.advance(20);
    expect(got).toEqual([spell(world.a.endpoint.local), `${world.natB.host} 9443`]);
  });

  test('loopback never leaves a machine behind a NAT', async () => {
    const world = await natWorld('loopback', ['fullcone', 'port']);
    const got: string[] = [];
    const inside = await world.network.transport('10.1.0.2').open({
      clock: world.clock,
      random: world.random,
      identity: world.a.identity,
      bind: { host: '127.0.0.1', port: 7 },
    });
    inside.onRaw = (from) => got.push(spell(from));
    inside.sendRaw(world.station.endpoint.local, Uint8Array.of(HELLO));
    world.station.endpoint.onRaw = (from) => got.push(spell(from));
    world.a.endpoint.sendRaw(inside.local, Uint8Array.of(HELLO));
    await world.clock.advance(20);
    expect(got).toEqual(['127.0.0.1 9443']);
  });
});

describe('time and faults', () => {
  test('a hole closes when nothing goes out for the timeout, to the millisecond', async () => {
    for (const [pause, arrives] of [
      [29_999, 1],
      [30_000, 0],
      [30_001, 0],
    ] as const) {
      const world = await natWorld('timeout', ['port', 'port']);
      const sources: PhysicalAddress[] = [];
      let got = 0;
      world.station.endpoint.onRaw = (from) => sources.push(from);
      world.a.endpoint.onRaw = () => got++;
      world.a.endpoint.sendRaw(world.station.endpoint.local, Uint8Array.of(HELLO));
      await world.clock.advance(10);
      await world.clock.advance(pause - 20);
      world.station.endpoint.sendRaw(sources[0] as PhysicalAddress, Uint8Array.of(OBSERVED));
      await world.clock.advance(10);
      expect(got).toBe(arrives);
    }
  });

  test('after a rebind the old address is dead and a new one observed', async () => {
    const world = await natWorld('rebind', ['port', 'port']);
    const sources: PhysicalAddress[] = [];
    let got = 0;
    world.station.endpoint.onRaw = (from) => {
      sources.push(from);
      for (const source of sources) world.station.endpoint.sendRaw(source, Uint8Array.of(OBSERVED));
    };
    world.a.endpoint.onRaw = () => got++;
    world.a.endpoint.sendRaw(world.station.endpoint.local, Uint8Array.of(HELLO));
    await world.clock.advance(20);
    world.network.faults.rebind(world.natA);
    world.a.endpoint.sendRaw(world.station.endpoint.local, Uint8Array.of(HELLO));
    await world.clock.advance(20);
    expect(got).toBe(2);
    expect(new Set(sources.map(spell)).size).toBe(2);
  });

  test('blocked drops everything while it lasts', async () => {
    const world = await natWorld('blocked', ['port', 'port']);
    let got = 0;
    world.station.endpoint.onRaw = () => got++;
    const { faults } = world.network;
    for (const on of [true, false]) {
      faults.block(world.natA, on);
      world.a.endpoint.sendRaw(world.station.endpoint.local, Uint8Array.of(HELLO));
      await world.clock.advance(20);
    }
    faults.block(world.natA, true);
    faults.calm();
    world.a.endpoint.sendRaw(world.station.endpoint.local, Uint8Array.of(HELLO));
    await world.clock.advance(20);
    expect(got).toBe(2);
  });
});

describe('a router that is no NAT', () => {
  test('lets nothing through while it is blocked, either way', async () => {
    const world = await natWorld('blocked router', ['none', 'port']);
    let got = 0;
    for (const { endpoint } of [world.a, world.station]) endpoint.onRaw = () => got++;
    const send = async (): Promise<number> => {
      world.a.endpoint.sendRaw(world.station.endpoint.local, Uint8Array.of(HELLO));
      world.station.endpoint.sendRaw(world.a.endpoint.local, Uint8Array.of(HELLO));
      await world.clock.advance(20);
      return got;
    };
    world.network.faults.block(world.natA, true);
    expect(await send()).toBe(0);
    world.network.faults.block(world.natA, false);
    expect(await send()).toBe(2);
  });
});

describe('places', () => {
  test('nobody has two places, and a NAT of another network is none of ours', async () => {
    const { network, natA, natB } = await natWorld('places', ['port', 'port']);
    const other = await natWorld('other', ['port', 'port']);
    for (const wrong of [
      () => network.nat({ host: '10.1.0.2', type: 'port' }),
      () => network.nat({ host: natA.host, type: 'port' }),
      () => network.nat({ host: '203.0.113.9', type: 'cone' as NatType }),
      () => network.nat({ host: '203.0.113.9', type: 'port', behind: other.natA }),
      () => network.nat({ host: '203.0.113.9', type: 'port', timeout: -1 }),
      () => network.nat({ host: '203.0.113.9', type: 'port', mappings: 0 }),
      () => network.transport(natA.host),
      () => network.transport('10.1.0.2', { nat: natB }),
      () => network.transport('10.9.0.2', { nat: other.natA }),
    ])
      expect(wrong).toThrow(RangeError);
    expect(network.transport('10.1.0.2', { nat: natA }).kind).toBe('memory');
  });
});
