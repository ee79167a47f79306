/**
 * Whoever drives the paths of a relayed conversation, or the conversation with the station, is killed in the middle of it.
 *
 * What asks whether a path works is code inside each link, driven by the endpoint's actor, and whether a peer is there, by
 * the connection's: their deaths are the death of the path prober. The station's session with whoever is attached to it is
 * a connection's actor at both ends.
 */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import type { Node } from '../../../src/node.ts';
import type { Client } from '../../../src/mesh/client/client.ts';
import { shared } from '../../../src/mesh/context.ts';
import { closeAtEnd, contextOf, gate, processOf, runtimeOf, told } from '../../mesh-world.ts';
import { serve } from './conversation.ts';
import { natWorld, pathTo } from './nat-world.ts';

/** The NATs of both and who is behind them: nothing goes from one to the other but through the station. */
const [ONE, OTHER] = [
  ['203.0.113.11', '10.1.0.2'],
  ['203.0.113.12', '10.2.0.2'],
] as const;
/** Milliseconds until all are attached and registered again. */
const WITHIN = 2_000;
/** Milliseconds between two calls of a lane: at any moment some are on their way. */
const PAUSES = [23, 41] as const;

const NAMES = ['alice', 'bob', 'carl', 'station'] as const;
type Name = (typeof NAMES)[number];

/** Alice and Bob, behind NATs, talk through the station; Carl is its client, serves and calls. */
async function stage(seed: string) {
  const made = await natWorld(seed);
  const { world, behind, station } = made;
  world.network.faults.partition(ONE, OTHER);
  const [alice, bob] = [await behind('alice', 'port'), await behind('bob', 'port')];
  const carl = await world.client(station);
  closeAtEnd(world, carl);
  await serve(world, bob, 'bob.echo');
  await serve(world, alice, 'alice.echo');
  await world.settle(carl.advertise('carl.echo', ({ n }: { n: number }) => n));
  const door = gate();
  await world.settle(bob.advertise('bob.slow', () => door.promise.then(() => 'late')));
  await world.clock.until(() => contextOf(bob).discovery.publications.get('bob.slow')?.state === 'published');
  const everybody: Readonly<Record<Name, Client>> = { alice, bob, carl, station };
  for (const [from, name] of CALLS) expect(await world.settle(everybody[from].call(name, { n: 0 }))).toBe(0);
  expect(pathTo(alice, bob)?.kind).toBe('relayed');
  return { ...made, alice, bob, carl, everybody, door };
}

const CALLS = [
  ['alice', 'bob.echo'],
  ['bob', 'alice.echo'],
  ['alice', 'carl.echo'],
  ['carl', 'bob.echo'],
] as const satisfies readonly (readonly [Name, string])[];

interface Failed {
  /** Who called what. */
  readonly lane: string;
  readonly tag: unknown;
  /** When the call began, ms after the kill. */
  readonly begun: number;
}

/** `who`'s connection to `whom`. */
const sessionOf = (who: Client, whom: Client): Process =>
  contextOf(who).standings.ready(whom.id, false)?.process ?? expect.fail('not connected');

const RELAYED = ['alice bob.echo', 'bob alice.echo'];
const CARLS = ['alice carl.echo', 'carl bob.echo'];

/** Who is killed, and whose calls in flight may fail of it, with a type. `endpoint`, or the other end of a connection. */
const ROWS: readonly (readonly [Name, Name | 'endpoint', readonly string[]])[] = [
  // the path prober: of a socket with all its links, and of one relayed link
  ['alice', 'endpoint', [...RELAYED, ...CARLS]],
  ['bob', 'endpoint', [...RELAYED, 'carl bob.echo']],
  ['station', 'endpoint', CARLS],
  ['alice', 'bob', RELAYED],
  ['bob', 'alice', RELAYED],
  // the station's session
  ['station', 'alice', ['alice carl.echo']],
  ['station', 'bob', ['carl bob.echo']],
  ['station', 'carl', CARLS],
  ['alice', 'station', ['alice carl.echo']],
  ['bob', 'station', ['carl bob.echo']],
  ['carl', 'station', CARLS],
];

/** Calls of all kinds, again and again, until stopped; what failed. */
function lanes({ world, everybody }: Awaited<ReturnType<typeof stage>>) {
  const failed: Failed[] = [];
  const state = { running: true, killedAt: Infinity, slowest: 0 };
  const lane = async (from: Name, name: string, pause: number): Promise<void> => {
    for (let n = 0; state.running; n++) {
      const at = world.clock.now();
      const said = told(await everybody[from].tryCall(name, { n }, { timeout: 5_000 }));
      state.slowest = Math.max(state.slowest, world.clock.now() - at);
      if (said !== n) failed.push({ lane: `${from} ${name}`, tag: said, begun: at - state.killedAt });
      await new Promise<void>((wake) => void world.clock.setTimer(pause, wake));
    }
  };
  const all = CALLS.flatMap(([from, name]) => PAUSES.map((pause) => lane(from, name, pause)));
  const stop = async (): Promise<readonly Failed[]> => {
    state.running = false;
    await world.settle(Promise.all(all));
    return failed;
  };
  return { state, stop };
}

describe('in the middle of relayed calls', () => {
  test.each(ROWS)(
    '%s: %s is killed: only calls in its part fail, with a type; within 2 s all is as before, and a punch succeeds',
    async (who, what, mayFail) => {
      const staged = await stage(`kill-${who}-${what}`);
      const { world, station, alice, bob, carl, everybody, door } = staged;
      const { state, stop } = lanes(staged);
      const waiting = alice.tryCall('bob.slow', {}, { timeout: 10_000 });
      await world.clock.advance(180);

      const victim = everybody[who];
      const endpoint = what === 'endpoint';
      const process = endpoint ? processOf(victim, 'endpoint') : sessionOf(victim, everybody[what]);
      runtimeOf(victim).exit(process, 'kill');
      state.killedAt = world.clock.now();
      await world.clock.advance(5);
      expect(process.alive).toBe(false);
      const isAttached = (one: Client): boolean =>
        contextOf(station).standings.ready(one.id) !== undefined &&
        contextOf(one).standings.ready(station.id) !== undefined;
      const isRegistered = (): boolean => {
        const [provider] = shared(contextOf(station), 'serviceRegistry')?.providers('carl.echo') ?? [];
        return provider?.target.kind === 'peer' && provider.target.connection.alive;
      };
      await world.clock.until(() => [alice, bob, carl].every(isAttached) && isRegistered(), WITHIN);
      // what begins when that time is over is answered
      await world.clock.advance(state.killedAt + WITHIN + 500 - world.clock.now());
      door.open();
      const failed = await stop();
      expect(failed.filter(({ lane }) => !mayFail.includes(lane))).toEqual([]);
      expect(failed.filter(({ begun }) => begun > WITHIN)).toEqual([]);
      expect(state.slowest).toBeLessThanOrEqual(WITHIN);
      for (const { tag } of failed) expect(tag).toMatch(/^(connection_error|procedure_not_found)$/);
      const carries = mayFail.includes('alice bob.echo');
      expect(told(await world.settle(waiting))).toBe(carries ? 'connection_error' : 'late');

      world.network.faults.healAll();
      const isDirect = (one: Node, two: Node): boolean => pathTo(one, two)?.kind === 'punched';
      await world.settle(alice.call('bob.echo', { n: 1 }));
      await world.clock.until(() => isDirect(alice, bob) && isDirect(bob, alice), 60_000);
      expect(await world.settle(alice.call('bob.echo', { n: 1 }))).toBe(1);
    },
  );
});
