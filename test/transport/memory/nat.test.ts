/** The simulated NAT, in the words of RFC 4787: which port a socket gets, who is let in, and for how long. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../../src/actor/random.ts';
import { Nat, type Allocation, type Dependence, type NatRules } from '../../../src/transport/memory/nat.ts';
import { rulesOf, type NatType } from '../../../src/transport/memory/nat-types.ts';
import type { PhysicalAddress } from '../../../src/transport/transport.ts';

const HOST = '203.0.113.2';
const DEPENDENCES: readonly Dependence[] = ['ei', 'hd', 'pd'];
const ALLOCATIONS: readonly Allocation[] = ['pp', 'pc', 'rd'];
const TIMEOUT = 30_000;

const rules = (some: Partial<NatRules> = {}): NatRules => ({
  ...rulesOf({ host: HOST, type: 'port' }),
  ...some,
});
const natOf = (some: Partial<NatRules> = {}, seed: string = 'nat'): Nat =>
  new Nat(HOST, undefined, rules(some), seededRandom(seed));
const named = (type: NatType): Nat =>
  new Nat(HOST, undefined, rulesOf({ host: HOST, type }), seededRandom('named'));
const at = (host: string, port: number): PhysicalAddress => ({ host, port });
const portOf = (nat: Nat, from: PhysicalAddress, to: PhysicalAddress, now: number = 0): number =>
  nat.outbound(from, to, now)?.port ?? -1;

const inside = at('10.1.0.2', 9_443);
const neighbor = at('10.1.0.3', 9_443);
const server = at('203.0.113.1', 3_478);
const sameHost = at('203.0.113.1', 3_479);
const otherHost = at('203.0.113.4', 3_478);

/** The 27 of SPEC §8.1. */
const combinations = DEPENDENCES.flatMap((mapping) =>
  DEPENDENCES.flatMap((filtering) => ALLOCATIONS.map((allocation) => ({ mapping, filtering, allocation }))),
);

describe('mapping and filtering', () => {
  test.each(combinations)('$mapping mapping, $filtering filtering, $allocation ports', (behavior) => {
    const { mapping, filtering, allocation } = behavior;
    const nat = natOf(behavior);
    const port = portOf(nat, inside, server);
    const differs = (to: PhysicalAddress): boolean => portOf(nat, inside, to) !== port;
    const lets = (from: PhysicalAddress): boolean => nat.inbound(from, port, 0) !== undefined;
    // before anything else was sent out: whom the one datagram let in
    expect([lets(server), lets(sameHost), lets(otherHost)]).toEqual([
      true,
      filtering !== 'pd',
      filtering === 'ei',
    ]);
    // preserved ports are shared, so that the mapping does not show
    expect(differs(server)).toBe(false);
    expect(differs(sameHost)).toBe(mapping === 'pd' && allocation !== 'pp');
    expect(differs(otherHost)).toBe(mapping !== 'ei' && allocation !== 'pp');
    if (allocation === 'pp') expect(port).toBe(inside.port);
    if (allocation === 'pc' && mapping === 'pd')
      expect([portOf(nat, inside, sameHost), portOf(nat, inside, otherHost)]).toEqual([port + 1, port + 2]);
  });

  test('what comes in goes to the socket whose port it is, and to nobody where there is none', () => {
    const nat = natOf({ allocation: 'rd' });
    const ports = [inside, neighbor].map((from) => portOf(nat, from, server));
    expect(ports[0]).not.toBe(ports[1]);
    expect(ports.map((port) => nat.inbound(server, port, 0))).toEqual([inside, neighbor]);
    expect(nat.inbound(server, 1, 0)).toBeUndefined();
  });

  test('a preserved port that a neighbor has is not given twice', () => {
    const nat = named('symport');
    expect(portOf(nat, inside, server)).toBe(9_443);
    expect(portOf(nat, neighbor, otherHost)).not.toBe(9_443);
    expect(portOf(nat, inside, otherHost)).toBe(9_443);
  });

  test('no port is below 1,024 or above 65,535, and no two sockets share one', () => {
    const socket = fc.record({
      host: fc.constantFrom('10.1.0.2', '10.1.0.3'),
      port: fc.integer({ min: 1, max: 65_535 }),
    });
    const script = fc.array(fc.record({ from: socket, to: socket }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.constantFrom(...combinations), fc.string(), script, (behavior, seed, datagrams) => {
        const nat = natOf(behavior, seed);
        const holders = new Map<number, string>();
        for (const { from, to } of datagrams) {
          const port = portOf(nat, from, to);
          const name = `${from.host} ${from.port}`;
          expect(port >= 1_024 && port <= 65_535).toBe(true);
          expect(holders.get(port) ?? name).toBe(name);
          expect(nat.inbound(to, port, 0)).toEqual(from);
          holders.set(port, name);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('one seed gives the same ports, another one others', () => {
    const ports = (seed: string): number[] => {
      const nat = natOf({ mapping: 'pd', allocation: 'rd' }, seed);
      return Array.from({ length: 20 }, (_, index) => portOf(nat, inside, at(server.host, 1 + index)));
    };
    expect(ports('one')).toEqual(ports('one'));
    expect(ports('one')).not.toEqual(ports('two'));
  });
});

describe('time', () => {
  test.each([
    [TIMEOUT - 1, true],
    [TIMEOUT, false],
    [TIMEOUT + 1, false],
  ])('%d ms after the last datagram went out it is %s that one comes in', (later, open) => {
    for (const behavior of combinations) {
      const nat = natOf(behavior);
      const port = portOf(nat, inside, server, 1_000);
      expect(nat.inbound(server, port, 1_000 + later) !== undefined).toBe(open);
    }
  });

  test('what goes out keeps a mapping, what comes in does not', () => {
    const nat = natOf({ allocation: 'rd' });
    const port = portOf(nat, inside, server, 0);
    expect(portOf(nat, inside, server, TIMEOUT - 1)).toBe(port);
    expect(nat.inbound(server, port, 2 * TIMEOUT - 2)).toEqual(inside);
    expect(nat.inbound(server, port, 2 * TIMEOUT - 1)).toBeUndefined();
    expect(portOf(nat, inside, server, 2 * TIMEOUT - 1)).not.toBe(port);
  });

  test('who was not written to for so long is let in no more, though the mapping lives on', () => {
    const nat = natOf();
    const port = portOf(nat, inside, server, 0);
    portOf(nat, inside, otherHost, TIMEOUT - 1);
    expect(nat.inbound(server, port, TIMEOUT - 1)).toEqual(inside);
    expect(nat.inbound(server, port, TIMEOUT)).toBeUndefined();
    expect(nat.inbound(otherHost, port, TIMEOUT)).toEqual(inside);
  });

  test('beyond its limit the mapping unused for longest goes', () => {
    const nat = natOf({ mapping: 'pd', allocation: 'rd', mappings: 3 });
    const to = [1, 2, 3].map((port) => at(server.host, port));
    const ports = to.map((address, now) => portOf(nat, inside, address, now));
    expect(portOf(nat, inside, at(server.host, 1), 3)).toBe(ports[0]);
    portOf(nat, inside, at(server.host, 4), 4);
    expect(nat.mappings).toBe(3);
    expect(to.map((address, index) => nat.inbound(address, ports[index] ?? 0, 4) !== undefined)).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('a flood of destinations stays within the limits of a mapping, too', () => {
    const nat = natOf({ mappings: 100 });
    for (let port = 1; port <= 5_000; port++) portOf(nat, inside, at(server.host, port), port);
    expect(nat.mappings).toBe(1);
    const open = [4_900, 4_901, 5_000].map(
      (port) => nat.inbound(at(server.host, port), 9_443, 5_000) !== undefined,
    );
    expect(open).toEqual([false, true, true]);
  });
});

describe('who was written to last', () => {
  test('is kept when there are too many: each datagram out counts', () => {
    const nat = natOf({ mappings: 3 });
    for (const port of [1, 2, 3, 1, 4]) portOf(nat, inside, at(server.host, port));
    const open = [1, 2, 3, 4].map((port) => nat.inbound(at(server.host, port), 9_443, 0) !== undefined);
    expect(open).toEqual([true, false, true, true]);
  });
});

describe('rebind and blocked', () => {
  test.each(combinations)(
    'after a rebind no old port leads in, and new ones are others: $mapping $filtering $allocation',
    (behavior) => {
      const nat = natOf(behavior);
      const before = portOf(nat, inside, server);
      nat.rebind();
      expect(nat.inbound(server, before, 0)).toBeUndefined();
      const after = portOf(nat, inside, server);
      expect(after).not.toBe(before);
      expect(nat.inbound(server, after, 0)).toEqual(inside);
      expect(portOf(nat, inside, otherHost) === after).toBe(
        behavior.mapping === 'ei' || behavior.allocation === 'pp',
      );
    },
  );

  test('a blocked NAT lets nothing through, and keeps its mappings', () => {
    const nat = natOf();
    const port = portOf(nat, inside, server);
    nat.blocked = true;
    expect([nat.outbound(inside, server, 1), nat.inbound(server, port, 1)]).toEqual([undefined, undefined]);
    nat.blocked = false;
    expect(nat.inbound(server, port, 2)).toEqual(inside);
  });
});
