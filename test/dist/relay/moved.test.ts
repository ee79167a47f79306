/** Tunnels whose ends have moved to a connection of their own: when the relay closes them as idle, and what it counts. */
import { describe, expect, test } from 'vitest';
import {
  Drain,
  processOf,
  RelayWorld,
  type ClientPlace,
  type RelayPlace,
  type TunnelPair,
} from './relay-world.ts';

const IDLE = 2_000;

interface Moved extends TunnelPair {
  readonly world: RelayWorld;
  readonly relay: RelayPlace;
  readonly a: ClientPlace;
  readonly b: ClientPlace;
  /** Datagrams of others that the relay has passed on. */
  readonly forwarded: () => number;
  /** Why tunnels were closed. */
  readonly reasons: string[];
}

/** A tunnel of two clients that encrypt, which has carried something past its streams. */
async function moved(): Promise<Moved> {
  const world = new RelayWorld();
  const relay = await world.relay({ limits: { idle: IDLE } });
  const reasons: string[] = [];
  relay.relay.events.addEventListener('dist.tunnel_closed', ({ detail }) => reasons.push(detail.reason));
  const a = await world.client([relay], 'a@one', { encryption: true });
  const b = await world.client([relay], 'b@two', { encryption: true });
  const pair = await world.tunnel(a, b);
  const forwarded = (): number => relay.endpoints.at(-1)?.stats().relayed?.forwarded ?? 0;
  expect(forwarded()).toBeGreaterThan(0);
  return { ...pair, world, relay, a, b, forwarded, reasons };
}

/** A while in which what is encrypted gets its turns of the program, too. */
async function pass({ world }: Moved, milliseconds: number): Promise<void> {
  const end = world.clock.now() + milliseconds;
  await world.until(() => world.clock.now() >= end);
}

describe('the idle time', () => {
  test('closes a tunnel in which nobody says anything, for both its ends', async () => {
    const stage = await moved();
    const { world, relay, near, far, reasons } = stage;
    const [here, there] = [new Drain(near.stream), new Drain(far.stream)];
    await pass(stage, IDLE / 2);
    expect([here.closed, there.closed]).toEqual([false, false]);
    await world.until(() => here.closed && there.closed, 2 * IDLE);
    expect([here.failure, there.failure, reasons]).toEqual(['reset', 'reset', ['idle']]);
    expect(relay.relay.status().tunnels).toBe(0);
  });

  test.each([
    ['who asked for it', true],
    ['who was asked for', false],
  ])(
    'does not close one in which only %s sends now and then, and closes it afterwards',
    async (_who, asks) => {
      const stage = await moved();
      const { world, near, far, forwarded, reasons } = stage;
      const [from, to] = asks ? [near.stream, far.stream] : [far.stream, near.stream];
      const drain = new Drain(to);
      new Drain(from);
      let said = '';
      for (let times = 0; times < 20; times++) {
        const before = forwarded();
        from.write('x');
        said += 'x';
        await pass(stage, 0.7 * IDLE);
        expect([drain.text, reasons]).toEqual([said, []]);
        expect(forwarded()).toBeGreaterThan(before);
      }
      await world.until(() => drain.closed, 2 * IDLE);
      expect([drain.text, drain.failure, reasons]).toEqual([said, 'reset', ['idle']]);
    },
  );
});

describe('when a tunnel is over', () => {
  test('the bytes of its datagrams are among those that the relay has counted', async () => {
    const { world, relay, near, far } = await moved();
    const drain = new Drain(far.stream);
    new Drain(near.stream);
    near.stream.end(Buffer.alloc(1_000_000));
    far.stream.end();
    await world.until(() => drain.length === 1_000_000);
    expect(relay.relay.status()).toMatchObject({ tunnels: 1, bytes: 0 });
    await world.until(() => relay.relay.status().tunnels === 0);
    const { relayed } = relay.endpoints[0]?.stats() ?? {};
    const { bytes } = relay.relay.status();
    const passed = relayed?.forwardedBytes ?? 0;
    expect(passed).toBeGreaterThan(1_000_000);
    // and what its streams have carried: who the ends are, and that they are there
    expect(bytes).toBeGreaterThan(passed);
    expect(bytes - passed).toBeLessThan(10_000);
  });

  test('its ends have forgotten its session', async () => {
    const { world, relay, a, b, near, far } = await moved();
    const sessions = (): (number | undefined)[] =>
      [a, b].map(({ endpoints }) => endpoints[0]?.stats().relayed?.sessions);
    expect(sessions()).toEqual([1, 1]);
    const drains = [new Drain(near.stream), new Drain(far.stream)];
    near.stream.destroy();
    await world.until(() => drains.every(({ closed }) => closed) && relay.relay.status().tunnels === 0);
    expect(sessions()).toEqual([0, 0]);
  });
});

test('a relay whose endpoint was restarted passes on the datagrams of new tunnels', async () => {
  const { world, relay, a, b, forwarded } = await moved();
  relay.runtime.exit(processOf(relay.runtime, 'endpoint'), 'kill');
  await world.clock.settle();
  expect(relay.relay.status().clients).toEqual([]);
  await world.until(() => relay.relay.status().clients.length === 2);
  expect([relay.endpoints.length, forwarded()]).toEqual([2, 0]);
  const { near, far } = await world.tunnel(a, b);
  const drain = new Drain(far.stream);
  near.stream.write('again');
  await world.until(() => drain.text === 'again');
  expect(forwarded()).toBeGreaterThan(0);
});
