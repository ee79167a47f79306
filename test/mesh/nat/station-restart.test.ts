/**
 * A station dies without a word: whoever talks through it goes on through another one, or as soon as it is back. Virtual time.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, processOf, runtimeOf, type MeshWorld } from '../../mesh-world.ts';
import { serve } from './conversation.ts';
import { natWorld, pathTo, type NatWorld, type Type } from './nat-world.ts';

const FIRST = '203.0.113.1';
const OTHER = '203.0.113.4';
/** What two nodes may be without an answer when there is another station, ms. */
const FAILOVER = 2_000;
/** The same from when their only station is back; the goal for real networks is 5,000. */
const BACK = 2_000;

/** Nobody is told, and nothing answers any more. */
function kill({ network }: MeshWorld, station: Node, host: string): void {
  network.faults.kill(host);
  runtimeOf(station).exit(processOf(station, 'node'), 'kill');
}

interface Pair {
  readonly alice: Node;
  readonly bob: Node;
}

async function pair({ world, behind }: NatWorld, type: Type, stations: readonly string[]): Promise<Pair> {
  const options = { stations, bootstrap: stations };
  const [alice, bob] = [await behind('alice', type, options), await behind('bob', type, options)];
  await world.clock.until(() =>
    [alice, bob].every((node) => contextOf(node).relays.attached.length === stations.length),
  );
  await serve(world, bob, 'bob.echo');
  await serve(world, alice, 'alice.echo');
  return { alice, bob };
}

async function otherStation({ world, station }: NatWorld): Promise<Node> {
  const other = await world.node({ host: OTHER, station: true, bootstrap: [station.url] });
  closeAtEnd(world, other);
  return other;
}

interface Traffic {
  /** Of each direction: when the last answer came, clock ms. */
  readonly last: number[];
  /** Of each direction: the longest time without one, ms. */
  readonly gaps: number[];
  stop(): Promise<readonly unknown[]>;
}

/** Calls both ways that may run twice, three at a time each. */
function traffic({ clock, settle }: MeshWorld, { alice, bob }: Pair): Traffic {
  const failures: unknown[] = [];
  const last = [clock.now(), clock.now()];
  const gaps = [0, 0];
  let running = true;
  const lane = async (from: Node, name: string, at: number): Promise<void> => {
    while (running) {
      const result = await from.tryCall(name, { n: 1 }, { timeout: 20_000, idempotent: true });
      if (!result.ok) {
        failures.push(result.error.failure);
        running = false;
      }
      const now = clock.now();
      gaps[at] = Math.max(gaps[at] ?? 0, now - (last[at] ?? 0));
      last[at] = now;
    }
  };
  onTestFinished(() => {
    running = false;
  });
  const lanes = Array.from({ length: 6 }, (_, n) =>
    n % 2 === 0 ? lane(alice, 'bob.echo', 0) : lane(bob, 'alice.echo', 1),
  );
  return {
    last,
    gaps,
    stop: async () => {
      running = false;
      await settle(Promise.all(lanes));
      return failures;
    },
  };
}

describe('two nodes whose relay dies, with another station', () => {
  test.each([1, 2, 3, 4, 5])('go on there within 2 s, and no call fails (%i)', async (run) => {
    const made = await natWorld(`failover-${run}`);
    const { world, station } = made;
    const other = await otherStation(made);
    const nodes = await pair(made, 'sym', [station.url, other.url]);
    const calls = traffic(world, nodes);
    await world.clock.advance(1_000 + 137 * run);
    const [used] = contextOf(nodes.alice).relays.with(nodes.bob.id);
    const isOther = used?.stationId === other.id;
    kill(world, isOther ? other : station, isOther ? OTHER : FIRST);
    await world.clock.advance(10_000);
    expect(await calls.stop()).toEqual([]);
    expect(Math.max(...calls.gaps)).toBeLessThanOrEqual(FAILOVER);
    expect(pathTo(nodes.alice, nodes.bob)?.kind).toBe('relayed');
  });

  test.each([
    ['the first', FIRST],
    ['the other', OTHER],
  ])('have not talked yet: the first call takes 2 s at most (%s dies)', async (_which, host) => {
    const made = await natWorld(`first-call-${host}`);
    const { world, station } = made;
    const other = await otherStation(made);
    const { alice } = await pair(made, 'sym', [station.url, other.url]);
    kill(world, host === OTHER ? other : station, host);
    const since = world.clock.now();
    expect(await world.settle(alice.call('bob.echo', { n: 1 }, { timeout: 20_000 }))).toBe(1);
    expect(world.clock.now() - since).toBeLessThanOrEqual(FAILOVER);
  });
});

describe('two nodes whose only station dies and is there again', () => {
  describe.each([0, 300, 1_000, 2_000, 4_000, 10_000])('after %i ms', (down) => {
    test.each([1, 2, 3])('are attached and talk again within 2 s, and no call fails (%i)', async (run) => {
      const made = await natWorld(`restart-${down}-${run}`);
      const { world } = made;
      const nodes = await pair(made, 'sym', [made.station.url]);
      const calls = traffic(world, nodes);
      await world.clock.advance(1_000 + 137 * run);
      kill(world, made.station, FIRST);
      await world.clock.advance(down);
      // one without a durable key is somebody else to its nodes
      const identity = world.identity(`again ${run}`);
      const station = await world.node({ host: FIRST, station: true, identity });
      closeAtEnd(world, station);
      const back = world.clock.now();
      const isAttached = (node: Node): boolean =>
        contextOf(node).standings.ready(station.id, false) !== undefined;
      await world.clock.until(
        () =>
          isAttached(nodes.alice) &&
          isAttached(nodes.bob) &&
          calls.last.every((at) => at > back) &&
          contextOf(nodes.alice)
            .relays.with(nodes.bob.id)
            .some(({ stationId }) => stationId === station.id),
        BACK,
      );
      await world.clock.advance(3_000);
      expect(await calls.stop()).toEqual([]);
      expect(Math.max(...calls.gaps)).toBeLessThanOrEqual(down + BACK);
      expect(pathTo(nodes.alice, nodes.bob)?.kind).toBe('relayed');
    });
  });
});
