import { describe, expect, test } from 'vitest';
import { CallStatistics, NAMES, OTHER, type SettledCall } from '../../../src/mesh/events/call-statistics.ts';
import type { RpcFailure } from '../../../src/mesh/errors/rpc-failure.ts';
import { err } from '../../../src/mesh/errors/rpc-error.ts';
import { closeAtEnd, contextOf, meshWorld, pair } from '../../mesh-world.ts';

/** Calls that begin at 0 and are settled now; the turn began at `turnBegan`. */
function counting() {
  const time = { now: 0, turnBegan: Infinity, looks: 0 };
  const statistics = new CallStatistics({
    get turnBegan() {
      return time.turnBegan;
    },
    clock: {
      now: () => {
        time.looks++;
        return time.now;
      },
    } as never,
  });
  const settle = (procedure: string, more: Partial<SettledCall> = {}, failure?: RpcFailure): void => {
    statistics.inFlight++;
    statistics.settled(
      { procedure, route: 'local', fromPeer: false, timeout: 100, deadline: 100, ...more },
      failure,
    );
  };
  return { time, statistics, settle };
}

const NOT_FOUND: RpcFailure = { tag: 'service_not_found' };

describe('CallStatistics', () => {
  test('counts outcomes and routes of each procedure, and who asked', () => {
    const { statistics, settle, time } = counting();
    time.now = 3;
    settle('a.b');
    settle('a.b', { route: 'dht', fromPeer: true });
    settle('a.b', { route: 'dht' }, { tag: 'timeout', timeout: 100 });
    settle('a.c', { route: 'cache' });
    expect(statistics.rows.map((row) => row.statistics)).toEqual([
      {
        procedure: 'a.b',
        calls: 3,
        fromPeers: 1,
        outcomes: { ok: 2, timeout: 1 },
        routes: { local: 1, dht: 2 },
        p50: 3.75,
        p99: 4.975,
      },
      {
        procedure: 'a.c',
        calls: 1,
        fromPeers: 0,
        outcomes: { ok: 1 },
        routes: { cache: 1 },
        p50: 3.75,
        p99: 4.975,
      },
    ]);
    expect(statistics.inFlight).toBe(0);
  });

  test('100 procedures have a row, whatever comes after them counts as other', () => {
    const { statistics, settle } = counting();
    for (let n = 0; n < 10_000; n++) settle(`many.names${n}`);
    settle('many.names3');
    expect(statistics.rows).toHaveLength(NAMES + 1);
    expect(statistics.find('many.names3')?.calls('local', 'ok')).toBe(2);
    expect(statistics.rows.at(-1)?.statistics).toMatchObject({ procedure: OTHER, calls: 10_000 - NAMES });
  });

  test('a name that a peer called in vain gets no row; one it was answered for, or that we called, does', () => {
    const { statistics, settle } = counting();
    settle('in.vain', { fromPeer: true }, NOT_FOUND);
    settle('of.ours', {}, NOT_FOUND);
    settle('that.crashes', { fromPeer: true }, { tag: 'handler_crash', id: '', reason: 'error' });
    settle('that.works', { fromPeer: true });
    settle('that.works', { fromPeer: true }, NOT_FOUND);
    expect(statistics.rows.map(({ procedure }) => procedure)).toEqual([
      'of.ours',
      'that.crashes',
      'that.works',
      OTHER,
    ]);
    expect(statistics.find('that.works')?.statistics.outcomes).toEqual({ ok: 1, service_not_found: 1 });
  });

  test('a procedure called other is one with the others', () => {
    const { statistics, settle } = counting();
    settle(OTHER);
    for (let n = 0; n <= NAMES; n++) settle(`many.names${n}`);
    expect(statistics.rows.filter(({ procedure }) => procedure === OTHER)).toHaveLength(1);
    expect(statistics.find(OTHER)?.statistics.calls).toBe(2);
  });

  test('of calls that end in the turn in which they began one in 16 is timed, the others count like it', () => {
    const { statistics, settle, time } = counting();
    time.turnBegan = -1;
    time.now = 3;
    for (let n = 0; n < 16; n++) settle('a.b');
    time.now = 30;
    for (let n = 0; n < 16; n++) settle('a.b');
    const { durations } = statistics.find('a.b')!;
    expect([time.looks, durations.count, durations.sum]).toEqual([2, 32, 16 * 33]);
    expect([durations.counts[durations.place(3)], durations.counts[durations.place(30)]]).toEqual([16, 16]);
  });

  test('all others are timed', () => {
    const { statistics, settle, time } = counting();
    time.turnBegan = 1;
    time.now = 3;
    for (let n = 0; n < 16; n++) settle('a.b');
    expect([time.looks, statistics.find('a.b')?.durations.sum]).toEqual([16, 48]);
  });
});

test('client and node count the same call, each on its side, with what it took there', async () => {
  const world = meshWorld();
  const { node, client } = await pair(world);
  closeAtEnd(world, client, node);
  await node.advertise('a.slow', async (_args, { self }) => {
    await new Promise<void>((resolve) => void self.clock.setTimer(200, resolve));
    return err('no');
  });
  const call = client.tryCall('a.slow');
  await world.clock.advance(100);
  const [here, there] = [client, node].map((one) => contextOf(one).events.calls.statistics);
  expect([here?.inFlight, there?.inFlight]).toEqual([1, 1]);
  await world.settle(call);
  expect([here?.inFlight, there?.inFlight]).toEqual([0, 0]);
  expect(here?.find('a.slow')?.statistics).toMatchObject({
    fromPeers: 0,
    outcomes: { handler_error: 1 },
    routes: { direct: 1 },
  });
  expect(there?.find('a.slow')?.statistics).toMatchObject({
    fromPeers: 1,
    outcomes: { handler_error: 1 },
    routes: { local: 1 },
  });
  expect(there?.find('a.slow')?.durations.sum).toBe(200);
});
