/** What becomes of what a client registered when it leaves, is lost, or comes back over another connection. */
import { expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import type { EventHub } from '../../../src/mesh/events/hub.ts';
import { Clients } from '../../../src/mesh/registry/clients.ts';
import { ServiceTable } from '../../../src/mesh/registry/service-table.ts';

const connections = (count: number): Process[] =>
  Array.from({ length: count }, (_, serial) => ({ alive: true, serial }) as unknown as Process);

const wish = {
  requestId: new Uint8Array(16),
  nodeId: 'aa',
  procedure: 'a.b',
  offer: { exclusive: false, ttl: 300, metadata: {}, description: undefined },
  remove: false,
};

function clientsOf(): {
  readonly clients: Clients;
  readonly table: ServiceTable;
  readonly monitored: Process[];
  readonly providers: () => unknown[];
} {
  const monitored: Process[] = [];
  const registry = {
    monitor: (connection: Process) => monitored.push(connection),
    runtime: {
      clock: { wall: () => 0 },
      demonitor: () => undefined,
      workAfter: () => ({ unset: () => undefined }),
    },
  } as unknown as Process;
  const table = new ServiceTable();
  const clients = new Clients(table, registry, { emit: () => undefined } as unknown as EventHub);
  const providers = (): unknown[] =>
    table.providers('a.b').map(({ target }) => (target.kind === 'peer' ? target.connection : undefined));
  return { clients, table, monitored, providers };
}

test('an older connection takes away nothing that a newer one of the same client has registered again', () => {
  const { clients, providers } = clientsOf();
  const [older, newer] = connections(2) as [Process, Process];
  for (const connection of [older, newer]) expect(clients.register({ ...wish, connection })).toBe(undefined);
  expect(providers()).toEqual([newer]);
  clients.register({ ...wish, connection: older, remove: true });
  clients.leave(older);
  clients.lost(older);
  expect(providers()).toEqual([newer]);
  clients.lost(newer);
  expect(providers()).toEqual([]);
});

test('whoever has said goodbye registers nothing any more, and neither does a connection that is dead', () => {
  const { clients, providers } = clientsOf();
  const [leaving, dead] = connections(2) as [Process, Process];
  clients.register({ ...wish, connection: leaving });
  clients.leave(leaving);
  expect(providers()).toEqual([]);
  (dead as { alive: boolean }).alive = false;
  for (const connection of [leaving, dead])
    expect(clients.register({ ...wish, connection })).toMatchObject({ tag: 'connection_error', sent: false });
  expect(providers()).toEqual([]);
});

test('a connection that registers is watched from then on, once', () => {
  const { clients, monitored } = clientsOf();
  const [connection] = connections(1) as [Process];
  for (const procedure of ['a.b', 'a.c']) clients.register({ ...wish, connection, procedure });
  expect(monitored).toEqual([connection]);
});

test('a connection that is lost before it enrolled with a fresh registry is not waited for', () => {
  const { clients, table, monitored } = clientsOf();
  const [first, second] = connections(2) as [Process, Process];
  clients.expect([first, second]);
  expect(monitored).toEqual([first, second]);
  clients.enroll({ connection: first, nodeId: 'aa', procedures: new Map() });
  expect(table.complete).toBe(false);
  clients.lost(second);
  expect(table.complete).toBe(true);
});

test('one client registers ten thousand names at most; what it said before it may say anew', () => {
  const { clients, table } = clientsOf();
  const [connection, other] = connections(2) as [Process, Process];
  const register = (at: number): unknown => clients.register({ ...wish, connection, procedure: `m.n${at}` });
  for (let at = 0; at < 10_000; at++) expect(register(at)).toBe(undefined);
  expect(register(10_000)).toEqual({ tag: 'overloaded', bound: 'registrations' });
  expect(register(0)).toBe(undefined);
  expect(clients.register({ ...wish, connection: other, nodeId: 'bb' })).toBe(undefined);
  expect(table.size).toBe(10_001);
});
