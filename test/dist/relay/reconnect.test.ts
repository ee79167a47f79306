/** Relays that are lost, come back, or stay away: clients find them again in time, go elsewhere meanwhile, and do not come all at once. */
import { describe, expect, test } from 'vitest';
import type { Identity } from '../../../src/identity/identity.ts';
import { Drain, RelayWorld, type ClientPlace, type RelayPlace } from './relay-world.ts';
import { comesBackSpread } from './sizes.ts';

const isWhole = ({ client }: ClientPlace): boolean =>
  client.status().relays.every(({ state }) => state === 'identified');

async function expectTunnel(world: RelayWorld, a: ClientPlace, b: ClientPlace): Promise<void> {
  const { near, far } = await world.tunnel(a, b);
  const drain = new Drain(far.stream);
  near.stream.write('works');
  await world.until(() => drain.text === 'works', 1_000);
}

describe('a relay', () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'that dies and is back after 3 s has its clients again within 5 s, and carries new tunnels (seed %d)',
    async (seed) => {
      const world = new RelayWorld(`dies ${seed}`);
      const identity = world.identity('relay');
      const relay = await world.relay({ identity });
      const a = await world.client([relay], 'a@one');
      const b = await world.client([relay], 'b@two');
      await world.clock.advance(seed * 3_777);
      const { near, far } = await world.tunnel(a, b);
      const drains = [new Drain(near.stream), new Drain(far.stream)];
      near.stream.write('before');
      await world.clock.advance(10);
      await world.crash(relay);
      near.stream.write('lost');
      await world.clock.advance(3_000);
      const back = await world.relay({ host: relay.host, identity });
      await world.until(() => back.relay.status().clients.length === 2, 5_000);
      expect(drains.map(({ failure, ended }) => [failure, ended])).toEqual([
        ['reset', false],
        ['reset', false],
      ]);
      expect(drains[1]?.text).toBe('before');
      await expectTunnel(world, a, b);
      await expectTunnel(world, b, a);
    },
  );

  test.each([0, 100, 250, 400, 450, 500, 600, 750, 900, 999])(
    'whose process is replaced at once has its clients again within 2 s (%d ms after the last word)',
    async (phase) => {
      const world = new RelayWorld(`replaced ${phase}`);
      const identity = world.identity('relay');
      const relay = await world.relay({ identity });
      const a = await world.client([relay], 'a@one');
      const b = await world.client([relay], 'b@two');
      await expectTunnel(world, a, b);
      await world.clock.advance(phase);
      await world.crash(relay);
      const back = await world.relay({ host: relay.host, identity });
      await world.until(() => back.relay.status().clients.length === 2, 2_000);
    },
  );

  test.each([0, 300, 600, 999])(
    'that hangs is found out within 3 s, %d ms after its last word',
    async (phase) => {
      const world = new RelayWorld(`hangs ${phase}`);
      const relay = await world.relay();
      const a = await world.client([relay], 'a@one');
      const b = await world.client([relay], 'b@two');
      const { near } = await world.tunnel(a, b);
      const drain = new Drain(near.stream);
      const asked = world.clock.now();
      await world.clock.advance(phase);
      world.network.faults.cut(a.host, relay.host);
      const before = world.clock.now();
      const request = world.failure(a.client.requestTunnel('b@two'));
      await world.until(() => !a.client.status().identified, 3_000);
      expect(world.clock.now() - before).toBeLessThan(3_000);
      expect(await request).toBe('connection_error');
      expect(drain.failure).toBe('reset');
      expect(a.client.status().relays[0]?.reason).toBe('the relay does not answer');
      expect(asked).toBeLessThan(before + 1);
      world.network.faults.heal(a.host, relay.host);
      await world.until(() => a.client.status().identified, 20_000);
      await world.until(() => relay.relay.status().clients.length === 2, 20_000);
    },
  );

  test('far away, with 900 ms there and back, keeps its clients', async () => {
    const world = new RelayWorld('far', 450);
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    const lost: unknown[] = [];
    const gone: unknown[] = [];
    relay.relay.events.addEventListener('dist.client_left', (event) => lost.push(event));
    await world.clock.advance(60_000);
    expect([lost, gone]).toEqual([[], []]);
    expect(a.log.filter(({ event }) => event === 'dist.relay_lost')).toEqual([]);
    expect(a.client.status().identified).toBe(true);
  });

  test('that is replaced is found out by who has something to say, whatever the probe is', async () => {
    const world = new RelayWorld('doubt');
    const identity = world.identity('relay');
    const relay = await world.relay({ identity });
    const a = await world.client([relay], 'a@one', { probe: 60_000 });
    const b = await world.client([relay], 'b@two', { probe: 60_000 });
    const { near } = await world.tunnel(a, b);
    const drain = new Drain(near.stream);
    await world.crash(relay);
    await world.relay({ host: relay.host, identity });
    near.stream.write('is anybody there?');
    await world.until(() => drain.closed, 2_000);
    await world.until(() => a.client.status().identified, 1_000);
  });

  test('that refuses us is asked again, and says why', async () => {
    const world = new RelayWorld();
    const relay = await world.relay({ realm: 'ours' });
    const a = await world.dialing([relay], 'a@one', { realm: 'theirs' });
    const b = await world.client([relay], 'b@two', { realm: 'ours' });
    await world.clock.advance(60_000);
    expect(a.client.status()).toMatchObject({ identified: false, activeRelay: undefined });
    expect(a.client.status().relays[0]?.reason).toBe('refused: other_realm');
    const failure = world.failure(a.client.requestTunnel('b@two', { wait: false }));
    expect(await failure).toBe('not_identified');
    expect(b.client.status().identified).toBe(true);
    expect(relay.relay.status().clients).toEqual(['b@two']);
    const refused = relay.log.filter(({ event }) => event === 'dist.client_refused').length;
    // the waits grow to 16 s
    expect(refused).toBeGreaterThan(5);
    expect(refused).toBeLessThan(25);
  });

  test('to which two clients of one key go takes them in turns, more and more rarely', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const identity = world.identity('twin');
    await world.dialing([relay], 'a@one', { identity });
    await world.dialing([relay], 'a@one', { identity });
    const count = (): number => relay.log.filter(({ event }) => event === 'dist.client_identified').length;
    await world.clock.advance(60_000);
    const first = count();
    await world.clock.advance(60_000);
    expect(first).toBeLessThan(40);
    expect(count() - first).toBeLessThan(25);
    expect(relay.relay.status().clients).toEqual(['a@one']);
  });

  test('that stays away is dialed ever more seldom, up to every 16 s', async () => {
    const world = new RelayWorld('away');
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    const dials: number[] = [];
    const [endpoint] = a.endpoints;
    if (endpoint === undefined) throw new Error('no endpoint');
    const dial = endpoint.dial.bind(endpoint);
    endpoint.dial = (request, events) => {
      dials.push(world.clock.now());
      return dial(request, events);
    };
    await world.settle(relay.relay.close());
    const closed = world.clock.now();
    await world.clock.advance(120_000);
    const within = (from: number, to: number): number =>
      dials.filter((at) => at - closed >= from && at - closed < to).length;
    // whatever is drawn: seven waits are below 0.25, 0.5, 1, 2, 4, 8 and 16 s, and a dial of nobody takes 10 s
    expect(dials.length).toBeGreaterThanOrEqual(4);
    expect(dials.length).toBeLessThanOrEqual(14);
    expect(within(0, 1_000)).toBeGreaterThanOrEqual(1);
  });

  test('that is closed says so, and its clients dial it again until it is there', async () => {
    const world = new RelayWorld();
    const identity = world.identity('relay');
    const relay = await world.relay({ identity });
    const a = await world.client([relay], 'a@one');
    await world.settle(relay.relay.close());
    await world.clock.advance(10);
    expect(a.client.status().relays[0]?.reason).toContain('closed');
    await world.clock.advance(120_000);
    await world.relay({ host: relay.host, identity });
    // its longest rest, and the time of an attempt that began before
    await world.until(() => a.client.status().identified, 21_100);
    expect(a.client.status().relays[0]?.reason).toBe('');
  });

  test('keeps who takes tunnels, whatever happened to it', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    const b = await world.client([relay], 'b@two');
    for (let round = 0; round < 5; round++) {
      world.network.faults.reset(b.host, relay.host);
      await world.until(() => !isWhole(b), 100);
      await world.until(() => isWhole(b), 20_000);
      await expectTunnel(world, a, b);
    }
    expect(b.incoming).toHaveLength(5);
  });

  test('that no relay knows us is waited for within the deadline, through losses', async () => {
    const world = new RelayWorld();
    const identity = world.identity('relay');
    const relay = await world.relay({ identity });
    const a = await world.client([relay], 'a@one');
    const b = await world.client([relay], 'b@two');
    await world.crash(relay);
    await world.until(() => !a.client.status().identified && !b.client.status().identified);
    const asked = a.client.requestTunnel('b@two', { timeout: 60_000 });
    for (let at = 0; at < 50; at++) {
      // those that are not served leave nothing behind
      expect(await world.failure(a.client.requestTunnel('b@two', { timeout: 10 }))).toBe('timeout');
    }
    await world.relay({ host: relay.host, identity });
    const failure = await world.failure(asked);
    // b is there a moment later or was there before
    if (failure instanceof Object) expect(failure).toMatchObject({ peer: 'b@two' });
    else expect(failure).toBe('target_not_connected');
  });
});

describe('three relays', () => {
  interface Three {
    readonly world: RelayWorld;
    readonly relays: RelayPlace[];
    readonly identities: readonly Identity[];
    readonly a: ClientPlace;
    readonly b: ClientPlace;
  }

  async function three(seed: string): Promise<Three> {
    const world = new RelayWorld(seed);
    const identities = [1, 2, 3].map((at) => world.identity(`relay ${at}`));
    const relays: RelayPlace[] = [];
    for (const identity of identities) relays.push(await world.relay({ identity }));
    const a = await world.client(relays, 'a@one');
    // the other end prefers them in another order
    const b = await world.client(relays.toReversed(), 'b@two');
    return { world, relays, identities, a, b };
  }

  test.each([0, 1, 2, 3, 4])(
    'the active one is killed: the next tunnel is there within 2 s (seed %d)',
    async (seed) => {
      const { world, relays, a, b } = await three(`failover ${seed}`);
      await expectTunnel(world, a, b);
      expect(a.client.status().activeRelay).toBe(relays[0]?.url);
      await world.clock.advance(seed * 333);
      await world.crash(relays[0] as RelayPlace);
      const before = world.clock.now();
      await expectTunnel(world, a, b);
      expect(world.clock.now() - before).toBeLessThan(2_000);
      expect(a.client.status().activeRelay).toBe(relays[1]?.url);
    },
  );

  test('one that is back is asked last for 30 s, and first after that', async () => {
    const { world, relays, identities, a } = await three('back');
    const [first, second] = relays as [RelayPlace, RelayPlace];
    await world.crash(first);
    await world.until(() => !isWhole(a));
    await world.relay({ host: first.host, identity: identities[0] as Identity });
    await world.until(() => isWhole(a), 20_000);
    await world.clock.advance(29_990);
    expect(a.client.status().activeRelay).toBe(second.url);
    await world.clock.advance(20);
    expect(a.client.status().activeRelay).toBe(first.url);
  });

  test('a node that only one of them knows is found there', async () => {
    const { world, relays, a } = await three('one');
    const c = await world.client([relays[2] as RelayPlace], 'c@three');
    await expectTunnel(world, a, c);
    expect(await world.failure(a.client.requestTunnel('d@four'))).toBe('target_not_connected');
  });

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    '50 of them are killed and started in any order: while one lives there is a tunnel again (seed %d)',
    { timeout: 60_000 },
    async (seed) => {
      const { world, relays, identities, a, b } = await three(`kills ${seed}`);
      const random = world.random.fork('kills');
      const alive = [true, true, true];
      const changes: { readonly at: number; readonly to: string | undefined }[] = [];
      for (let kills = 0; kills < 50;) {
        const at = random.u32() % 3;
        const relay = relays[at] as RelayPlace;
        if (alive[at] !== true) {
          relays[at] = await world.relay({ host: relay.host, identity: identities[at] as Identity });
          alive[at] = true;
        } else if (alive.filter(Boolean).length > 1) {
          if (random.float() < 0.5) await world.crash(relay);
          else await world.settle(relay.relay.close());
          alive[at] = false;
          kills++;
        } else continue;
        await world.clock.advance(random.u32() % 4_000);
        // their longest rest, and a request's time
        const end = world.clock.now() + 40_000;
        let made = false;
        while (!made && world.clock.now() < end) {
          const result = await world.failure(a.client.requestTunnel('b@two', { timeout: 15_000 }));
          made = result instanceof Object;
          if (made) (result as { readonly stream: { destroy(): void } }).stream.destroy();
          else await world.clock.advance(100);
        }
        expect([seed, kills, alive, made]).toEqual([seed, kills, alive, true]);
        const to = a.client.status().activeRelay;
        if (changes.at(-1)?.to !== to) changes.push({ at: world.clock.now(), to });
      }
      expect(b.incoming.length).toBeGreaterThanOrEqual(50);
    },
  );
});

describe('a crowd', () => {
  test(
    '400 clients that lose their relay at once come back spread over the time that they may wait',
    { timeout: 60_000 },
    () => comesBackSpread(400),
  );
});
