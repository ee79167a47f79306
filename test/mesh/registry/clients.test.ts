import { expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import type { EventHub } from '../../../src/mesh/events/hub.ts';
import { Clients } from '../../../src/mesh/registry/clients.ts';
import { ServiceTable } from '../../../src/mesh/registry/service-table.ts';

const events = { emit: () => undefined } as unknown as EventHub;
const registry = {
  monitor: () => 1,
  runtime: { clock: { wall: () => 0 }, demonitor: () => undefined },
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

test('after a restart it is not known who serves what until each connection has enrolled, is dead, or is too late', () => {
  const table = new ServiceTable();
  const clients = new Clients(table, registry, events);
  const [first, second, third] = [1, 2, 3].map(
    (serial) => ({ alive: true, serial }) as unknown as Process,
  ) as [Process, Process, Process];
  expect(table.complete).toBe(true);
  clients.expect([first, second, third]);
  expect(table.complete).toBe(false);
  clients.enroll({ connection: first, nodeId: 'aa', procedures: new Map() });
  clients.lost(second);
  expect(table.complete).toBe(false);
  clients.expectNoMore();
  expect(table.complete).toBe(true);
});
