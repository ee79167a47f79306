/**
 * Whoever looks for a way to a node, or punches a hole to it, is killed in each of its states: the call goes on through the
 * station, or ends with a type, and the next try succeeds.
 */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import type { Node } from '../../../src/node.ts';
import { getState } from '../../../src/otp/sys.ts';
import type { MachineCell } from '../../../src/xstate/cell.ts';
import { closeAtEnd, contextOf, gate, processesOf, processOf, runtimeOf, told } from '../../mesh-world.ts';
import { serve } from './conversation.ts';
import { natWorld, pathTo } from './nat-world.ts';

/** Milliseconds after which the station begins no attempt of that punch any more (SPEC §8.4), and nobody asks what it named. */
const GIVEN_UP = 20_000;

const find = (node: Node, label: string): Process | undefined =>
  processesOf(node).find((process) => process.label === label);

describe('a hole punch under way: the calls go on relayed, and a later punch succeeds', () => {
  test.each([
    ['asking', 'alice', 'hole punch'],
    ['executing', 'alice', 'hole punch'],
    ['waiting', 'alice', 'hole punch'],
    ['executing', 'alice', 'natConnector'],
    ['executing', 'bob', 'natConnector'],
    ['executing', 'station', 'relay'],
  ] as const)('while it is %s: %s: %s is killed', async (state, who, label) => {
    const made = await natWorld(`kill-punch-${state}-${label}`);
    const { world, behind, station } = made;
    const alice = await behind('alice', 'port');
    const bob = await behind('bob', 'port');
    await serve(world, bob, 'bob.echo');
    const door = gate();
    await world.settle(bob.advertise('bob.slow', () => door.promise.then(() => 'late')));
    await world.clock.until(
      () => contextOf(bob).discovery.publications.get('bob.slow')?.state === 'published',
    );
    // the first try leads nowhere
    world.network.faults.partition(['203.0.113.11', '10.1.0.2'], ['203.0.113.12', '10.2.0.2']);
    const waiting = alice.tryCall('bob.slow');
    await world.clock.until(() => find(alice, 'hole punch') !== undefined);
    const punching = find(alice, 'hole punch')!;
    const { cell } = (await getState(punching.pid)) as { readonly cell: MachineCell };
    await world.clock.until(() => cell.matches(`punching.${state}`));
    const victim = { alice, bob, station }[who];
    runtimeOf(victim).exit(processOf(victim, label), 'kill');
    for (let n = 0; n < 20; n++) {
      expect(await world.settle(alice.call('bob.echo', { n }, { timeout: 500 }))).toBe(n);
      expect(pathTo(alice, bob)?.kind).toBe('relayed');
    }
    door.open();
    expect(told(await world.settle(waiting))).toBe('late');
    // what was offered before is given up by then: it takes a new punch
    await world.clock.advance(GIVEN_UP);
    expect(pathTo(alice, bob)?.kind).toBe('relayed');
    world.network.faults.healAll();
    await world.clock.until(
      () => pathTo(alice, bob)?.kind === 'punched' && pathTo(bob, alice)?.kind === 'punched',
      60_000,
    );
    expect(await world.settle(alice.call('bob.echo', { n: 1 }, { timeout: 500 }))).toBe(1);
    await world.clock.advance(20_000);
    expect(contextOf(alice).relays.punches.size).toBe(0);
    expect(contextOf(station).relays.coordinator.size).toBe(0);
  });
});

describe('an attempt to find a way', () => {
  test.each([
    ['dialing a station', 'nat attempt'],
    ['waiting for the node to agree', 'nat attempt'],
    ['dialing a station', 'natConnector'],
    ['waiting for the node to agree', 'natConnector'],
  ] as const)(
    'while it is %s: %s is killed: the call has its answer or a typed error, the next one its answer, and no session is left over',
    async (state, label) => {
      const { world, behind } = await natWorld(`kill-attempt-${state}-${label}`);
      const other = await world.node({ host: '203.0.113.4', station: true });
      closeAtEnd(world, other);
      const alice = await behind('alice', 'sym');
      const bob = await behind('bob', 'sym', { stations: [other.url], bootstrap: [other.url] });
      await serve(world, bob, 'bob.echo');
      const relayEndpoint = new URL(other.url).host;
      const asking = alice.peers.sendNatAware(bob.id, 'ping', {}, { relayEndpoint }).then(
        () => 'answered',
        (error: { readonly failure?: { readonly tag: string } }) => error.failure?.tag,
      );
      await world.clock.until(() => find(alice, 'nat attempt') !== undefined);
      const sessions = (): number => contextOf(alice).relays.with(bob.id).length;
      if (state === 'dialing a station') expect(sessions()).toBe(0);
      else await world.clock.until(() => sessions() > 0);
      runtimeOf(alice).exit(processOf(alice, label), 'kill');
      const said = await world.settle(asking);
      // a way that was found is the connection's
      if (state === 'dialing a station') expect(['answered', 'connection_error']).toContain(said);
      else expect(said).toBe('answered');
      await world.settle(alice.peers.sendNatAware(bob.id, 'ping', {}, { relayEndpoint }));
      expect(await world.settle(alice.call('bob.echo', { n: 1 }))).toBe(1);
      expect(pathTo(alice, bob)?.kind).toBe('relayed');
      await world.settle(bob.close({ timeout: 1 }));
      await world.clock.advance(30_000);
      expect(contextOf(alice).relays.own.size).toBe(0);
      expect(contextOf(other).relays.passed?.stats.sessions).toBe(0);
    },
  );
});
