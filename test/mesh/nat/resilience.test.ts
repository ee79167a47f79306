/**
 * A conversation between two nodes behind NATs goes on whatever happens to its paths, its station and the actors that look after it.
 */
import { describe, expect, test } from 'vitest';
import { processesOf, processOf, runtimeOf } from '../../mesh-world.ts';
import { conversation, serve, traffic } from './conversation.ts';
import { natWorld, pathTo } from './nat-world.ts';

describe('paths', () => {
  test('moving from the relay to the punched path fails none of 10,000 calls in flight', async () => {
    const made = await natWorld('upgrade-in-flight');
    const { world, behind } = made;
    const alice = await behind('alice', 'port');
    const bob = await behind('bob', 'addr');
    await serve(world, bob, 'bob.echo');
    await serve(world, alice, 'alice.echo');
    const calls = traffic({ ...made, alice, bob }, 256);
    await world.clock.until(() => pathTo(alice, bob)?.kind === 'relayed');
    await world.clock.until(
      () => pathTo(alice, bob)?.kind === 'punched' && pathTo(bob, alice)?.kind === 'punched',
    );
    await world.clock.advance(1_500);
    const { failures, done } = await calls.stop();
    expect(failures).toEqual([]);
    expect(done).toBeGreaterThan(10_000);
  });

  test('a punched path that dies falls back to the relay within 500 ms, and comes back', async () => {
    const made = await conversation('black-hole', 'port', 'port', 'punched');
    const { world, alice, bob } = made;
    const calls = traffic(made);
    await world.clock.advance(1_000);
    world.network.faults.partition(['203.0.113.11', '10.1.0.2'], ['203.0.113.12', '10.2.0.2']);
    await world.clock.until(
      () => pathTo(alice, bob)?.kind === 'relayed' && pathTo(bob, alice)?.kind === 'relayed',
    );
    await world.clock.advance(2_000);
    world.network.faults.healAll();
    await world.clock.until(
      () => pathTo(alice, bob)?.kind === 'punched' && pathTo(bob, alice)?.kind === 'punched',
    );
    const { failures, gap } = await calls.stop();
    expect(failures).toEqual([]);
    expect(gap).toBeLessThanOrEqual(500);
  });

  test.each([
    ['port', 'port'],
    ['sym', 'sym'],
    ['addr', 'sym'],
  ] as const)(
    'a NAT that forgets its mappings (%s, %s) costs no call, and at most 2 s',
    async (one, other) => {
      const until = one === 'sym' ? 'relayed' : 'punched';
      const made = await conversation(`rebind-${one}-${other}`, one, other, until);
      const { world, nats } = made;
      const calls = traffic(made);
      await world.clock.advance(1_000);
      for (const name of ['alice', 'bob', 'alice']) {
        world.network.faults.rebind(nats.get(name)!);
        await world.clock.advance(5_000);
      }
      const { failures, gap } = await calls.stop();
      expect(failures).toEqual([]);
      expect(gap).toBeLessThanOrEqual(2_000);
    },
  );
});

describe('killed in the middle of relayed calls', () => {
  const rows = [
    ['alice', 'natConnector'],
    ['alice', 'natProfile'],
    ['alice', 'attachments'],
    ['bob', 'natConnector'],
    ['bob', 'attachments'],
    ['station', 'relay'],
    ['station', 'station'],
    ['station', 'peerings'],
  ] as const;
  test.each(rows)('%s: %s: no call fails, and a later punch succeeds', async (who, label) => {
    const made = await conversation(`kill-${who}-${label}`, 'sym', 'sym', 'relayed');
    const { world, alice, bob, station } = made;
    const calls = traffic(made);
    await world.clock.advance(500);
    const victim = { alice, bob, station }[who];
    runtimeOf(victim).exit(processOf(victim, label), 'kill');
    await world.clock.advance(3_000);
    const { failures, gap } = await calls.stop();
    expect(failures).toEqual([]);
    expect(gap).toBeLessThanOrEqual(200);
    const carol = await made.behind('carol', 'port');
    await serve(world, carol, 'carol.echo');
    const dave = await made.behind('dave', 'port');
    expect(await world.settle(dave.call('carol.echo', { n: 1 }))).toBe(1);
    await world.clock.until(() => pathTo(dave, carol)?.kind === 'punched', 2_000);
  });

  test('a punch under way: the call goes on relayed, and the next punch succeeds', async () => {
    const made = await natWorld('kill-punch');
    const { world, behind } = made;
    const alice = await behind('alice', 'port');
    const bob = await behind('bob', 'port');
    await serve(world, bob, 'bob.echo');
    const call = alice.call('bob.echo', { n: 1 });
    const punching = () => processesOf(alice).find(({ label }) => label === 'hole punch');
    await world.clock.until(() => punching() !== undefined);
    runtimeOf(alice).exit(punching()!, 'kill');
    expect(await world.settle(call)).toBe(1);
    expect(pathTo(alice, bob)?.kind).toBe('relayed');
    await world.clock.until(() => pathTo(alice, bob)?.kind === 'punched', 35_000);
  });
});

describe('the station', () => {
  test('dies and comes back: a relayed conversation goes on, and so does a direct one meanwhile', async () => {
    for (const [one, other, until] of [
      ['sym', 'sym', 'relayed'],
      ['port', 'port', 'punched'],
    ] as const) {
      const made = await conversation(`station-${one}`, one, other, until);
      const { world, station } = made;
      const calls = traffic(made);
      await world.clock.advance(500);
      const identity = world.identity('station again');
      await world.settle(station.close({ timeout: 1 }));
      const again = await world.node({ host: '203.0.113.1', station: true, identity });
      await world.clock.advance(10_000);
      const { failures, gap } = await calls.stop();
      expect(failures).toEqual([]);
      expect(gap).toBeLessThanOrEqual(until === 'relayed' ? 5_000 : 500);
      await world.settle(again.close({ timeout: 1 }));
    }
  });
});
