import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import type { EventHub } from '../../../src/mesh/events/hub.ts';
import { Clients } from '../../../src/mesh/registry/clients.ts';
import { ServiceTable } from '../../../src/mesh/registry/service-table.ts';

const events = { emit: () => undefined } as unknown as EventHub;
/** What the registry does when its patience is over. */
const later: (() => void)[] = [];
const registry = {
  monitor: () => 1,
  runtime: {
    clock: { wall: () => 0 },
    demonitor: () => undefined,
    workAfter: (_ms: number, _process: Process, work: () => void) => {
      later.push(work);
      return { unset: () => later.pop() };
    },
  },
} as unknown as Process;

test('a connection that ended while it was not trusted is forgotten: nothing of it stays in the table', () => {
  const table = new ServiceTable();
  const clients = new Clients(table, registry, events);
  const [silent, other] = [1, 2].map((serial) => ({ alive: true, serial }) as unknown as Process) as [
    Process,
    Process,
  ];
  const offer = { exclusive: false, ttl: 300, metadata: {}, description: undefined };
  const wish = { requestId: new Uint8Array(16), procedure: 'a.b', offer, remove: false };
  for (const [connection, nodeId] of [
    [silent, 'aa'],
    [other, 'bb'],
  ] as const) {
    expect(clients.register({ ...wish, connection, nodeId })).toBe(undefined);
  }
  clients.trust(silent, false);
  const providers = (): unknown[] =>
    table.providers('a.b').map(({ target }) => (target.kind === 'peer' ? target.connection : undefined));
  expect(providers()).toEqual([other]);
  clients.lost(silent);
  expect(providers()).toEqual([other]);
  // what is left of it would show now
  table.add({
    id: 'again',
    procedure: 'a.b',
    owner: 'peer:aa',
    ...offer,
    advertisedAt: 0,
    target: { kind: 'peer', connection: silent, nodeId: 'aa' },
    inFlight: 0,
  });
  expect(providers()).toEqual([other, silent]);
});

const connections = (count: number): readonly Process[] =>
  Array.from({ length: count }, (_, serial) => ({ alive: true, serial }) as unknown as Process);

describe('what clients say of their procedures is bounded by what it holds in memory', () => {
  /** As a record has at most: about 40 KB. */
  const heavy = { all: Array.from({ length: 440 }, () => []) };
  const wish = {
    requestId: new Uint8Array(16),
    offer: { exclusive: false, ttl: 300, metadata: heavy, description: undefined },
    remove: false,
  };
  const full = { tag: 'overloaded', bound: 'registrations' };

  test('8 MiB of one client; what it takes back or says shorter makes room', () => {
    const clients = new Clients(new ServiceTable(), registry, events);
    const [connection, other] = connections(2) as [Process, Process];
    const register = (at: number, given: object = {}): unknown =>
      clients.register({ ...wish, connection, nodeId: 'aa', procedure: `m.n${at}`, ...given });
    let taken = 0;
    while (register(taken) === undefined) taken++;
    expect(taken).toBeGreaterThan(150);
    expect(taken).toBeLessThan(250);
    expect(register(taken)).toEqual(full);
    // the same again is not more
    expect(register(0)).toBe(undefined);
    // others have room of their own
    expect(clients.register({ ...wish, connection: other, nodeId: 'bb', procedure: 'm.n0' })).toBe(undefined);
    register(0, { offer: { ...wish.offer, metadata: {} } });
    expect([register(taken), register(taken + 1)]).toEqual([undefined, full]);
    register(1, { remove: true });
    expect([register(taken + 1), register(taken + 2)]).toEqual([undefined, full]);
    clients.lost(connection);
    const [again] = connections(1) as [Process];
    for (let at = 0; at < taken; at++) expect(register(at, { connection: again })).toBe(undefined);
  });

  test('128 MiB of all', () => {
    const clients = new Clients(new ServiceTable(), registry, events);
    const counts = connections(20).map((connection, at) => {
      let taken = 0;
      const procedure = (): string => `m.n${at}_${taken}`;
      while (clients.register({ ...wish, connection, nodeId: `${at}`, procedure: procedure() }) === undefined)
        taken++;
      return taken;
    });
    expect(new Set(counts.slice(0, 15)).size).toBe(1);
    expect(counts.slice(17)).toEqual([0, 0, 0]);
  });
});

test('after a restart it is not known who serves what until each connection has enrolled, is dead, or is too late', () => {
  const table = new ServiceTable();
  const clients = new Clients(table, registry, events);
  const all = connections(3);
  const [first, second] = all as [Process, Process, Process];
  expect(table.complete).toBe(true);
  clients.expect(all);
  expect(table.complete).toBe(false);
  clients.enroll({ connection: first, nodeId: 'aa', procedures: new Map() });
  clients.lost(second);
  expect(table.complete).toBe(false);
  later.pop()?.();
  expect(table.complete).toBe(true);
});
