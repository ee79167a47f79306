/** Which clients' datagrams a relay passes on, and how it counts them: clients that send what they like, past the streams of a tunnel. */
import { describe, expect, test } from 'vitest';
import { PASSES_DATAGRAMS } from '../../../src/dist/relay/protocol/messages.ts';
import { sessionOfTunnel } from '../../../src/dist/relay/protocol/tunnel-id.ts';
import type { Endpoint, PhysicalAddress } from '../../../src/transport/transport.ts';
import { RELAY_OVERHEAD } from '../../../src/transport/way.ts';
import { RawEnd } from './raw-end.ts';
import { PORT, RelayWorld, type RelayPlace } from './relay-world.ts';

/** No QUIC: bit 0x40 of the first byte is clear. */
const DATAGRAM = Buffer.alloc(100, 4);

interface Client {
  readonly end: RawEnd;
  readonly endpoint: Endpoint;
  /** Raw datagrams that have come. */
  readonly got: PhysicalAddress[];
  /** Sends one through the relay, in a session. */
  readonly send: (session: Uint8Array) => void;
}

/** A client that the relay knows, and that says to be of that version. */
async function client(
  world: RelayWorld,
  { host: to }: RelayPlace,
  name: string,
  version?: number,
): Promise<Client> {
  const host = `198.18.70.${name.length}`;
  const { clock } = world;
  const endpoint = await world.network.transport(host).open({
    clock,
    random: world.random.fork(`endpoint of ${name}`),
    identity: world.identity(name),
    bind: { host, port: 0 },
  });
  const got: PhysicalAddress[] = [];
  endpoint.onRaw = (from) => got.push(from);
  const end = new RawEnd({ isRelay: false });
  const link = endpoint.dial({ address: { host: to, port: PORT }, protocol: 'macula-dist' }, end);
  end.link = link;
  await clock.until(() => link.state === 'open');
  end.begin();
  end.say({ type: 'identify', node_name: name, ...(version === undefined ? {} : { version }) });
  await clock.until(() => end.told('identified').length === 1);
  const send = (session: Uint8Array): void => endpoint.sendRaw(endpoint.openRelayed(session, link), DATAGRAM);
  return { end, endpoint, got, send };
}

interface Stage {
  readonly world: RelayWorld;
  readonly relay: RelayPlace;
  readonly a: Client;
  readonly b: Client;
  readonly id: string;
  readonly session: Uint8Array;
  /** Why tunnels were closed. */
  readonly reasons: string[];
}

/** A tunnel of two clients of these versions, both of which take what comes in its session. */
async function tunneled(
  versionA?: number,
  versionB?: number,
  limits: { readonly idle?: number } = {},
): Promise<Stage> {
  const world = new RelayWorld();
  const relay = await world.relay({ limits });
  const reasons: string[] = [];
  relay.relay.events.addEventListener('dist.tunnel_closed', ({ detail }) => reasons.push(detail.reason));
  const a = await client(world, relay, 'a@here', versionA);
  const b = await client(world, relay, 'bob@here', versionB);
  a.end.say({ type: 'tunnel_request', target: 'bob@here' });
  await world.clock.until(() => b.end.told('tunnel_notify').length === 1);
  const [{ tunnel_id: id } = { tunnel_id: '' }] = b.end.told('tunnel_notify');
  const session = sessionOfTunnel(id);
  for (const { endpoint, end } of [a, b]) if (end.link) endpoint.openRelayed(session, end.link);
  return { world, relay, a, b, id, session, reasons };
}

/** What the relay did with others' datagrams. */
const figures = ({ relay }: Stage): unknown => {
  const { dropped, relayed } = relay.endpoints[0]?.stats() ?? {};
  const { relay_unknown: unknown = 0, relay_refused: refused = 0 } = dropped ?? {};
  return { passed: relayed?.forwarded, unknown, refused };
};

describe('a datagram in the session of a tunnel', () => {
  test('is passed on between ends that both say they are of a version that takes it', async () => {
    const stage = await tunneled(PASSES_DATAGRAMS, PASSES_DATAGRAMS + 1);
    const { world, a, b, session } = stage;
    a.send(session);
    await world.clock.until(() => b.got.length === 1);
    b.send(session);
    b.send(session);
    await world.clock.until(() => a.got.length === 2);
    expect(figures(stage)).toEqual({ passed: 3, unknown: 0, refused: 0 });
  });

  test.each([
    [1, PASSES_DATAGRAMS],
    [PASSES_DATAGRAMS, 1],
    [1, 1],
    [undefined, PASSES_DATAGRAMS],
    [PASSES_DATAGRAMS, undefined],
  ])('is not where an end is of an older one: %s and %s', async (versionA, versionB) => {
    const stage = await tunneled(versionA, versionB);
    const { world, relay, a, b, id, session } = stage;
    for (const each of [a, b]) each.send(session);
    // what nobody knows is held for a second
    await world.clock.advance(1_500);
    expect(figures(stage)).toEqual({ passed: 0, unknown: 2, refused: 0 });
    expect([a.got, b.got]).toEqual([[], []]);
    a.end.say({ type: 'tunnel_close', tunnel_id: id });
    await world.clock.until(() => relay.relay.status().tunnels === 0);
    expect(relay.relay.status().bytes).toBe(0);
  });

  test('is not for a third client that knows the session, nor from it', async () => {
    const stage = await tunneled(PASSES_DATAGRAMS, PASSES_DATAGRAMS);
    const { world, relay, a, b, session } = stage;
    const thief = await client(world, relay, 'thief@here', PASSES_DATAGRAMS);
    thief.send(session);
    a.send(session);
    await world.clock.until(() => b.got.length === 1);
    await world.clock.advance(10);
    expect(figures(stage)).toEqual({ passed: 1, unknown: 0, refused: 1 });
    expect([a.got.length, b.got.length, thief.got.length]).toEqual([0, 1, 0]);
  });

  test('is unknown once the tunnel is over, however it ended', async () => {
    for (const close of [
      ({ a, id }: Stage) => a.end.say({ type: 'tunnel_close', tunnel_id: id }),
      ({ b }: Stage) => b.end.link?.close(0),
      ({ a }: Stage) => a.end.streams[0]?.stream.reset(0x10),
    ]) {
      const stage = await tunneled(PASSES_DATAGRAMS, PASSES_DATAGRAMS);
      const { world, relay, a, b, session } = stage;
      close(stage);
      await world.clock.until(() => relay.relay.status().tunnels === 0);
      a.send(session);
      await world.clock.advance(1_500);
      expect([figures(stage), b.got]).toEqual([{ passed: 0, unknown: 1, refused: 0 }, []]);
    }
  });
});

test('datagrams are counted with what was put before them, when the tunnel is over', async () => {
  const stage = await tunneled(PASSES_DATAGRAMS, PASSES_DATAGRAMS);
  const { world, relay, a, b, id, session } = stage;
  for (let times = 0; times < 3; times++) a.send(session);
  b.send(session);
  a.end.streamOf(id).write('hello');
  await world.clock.until(() => a.got.length === 1 && b.got.length === 3);
  await world.clock.until(() => b.end.streamOf(id).text === 'hello');
  expect(relay.relay.status()).toMatchObject({ tunnels: 1, bytes: 0 });
  a.end.say({ type: 'tunnel_close', tunnel_id: id });
  await world.clock.until(() => relay.relay.status().tunnels === 0);
  expect(relay.relay.status().bytes).toBe(4 * (DATAGRAM.length + RELAY_OVERHEAD) + 'hello'.length);
});

test('datagrams alone do not keep a tunnel: ends that send them say in its streams that they do', async () => {
  const idle = 5_000;
  for (const speaks of [true, false]) {
    const stage = await tunneled(PASSES_DATAGRAMS, PASSES_DATAGRAMS, { idle });
    const { world, relay, a, b, id, session, reasons } = stage;
    for (let second = 0; second < 20; second++) {
      a.send(session);
      b.send(session);
      if (speaks) b.end.streamOf(id).write('x');
      await world.clock.advance(1_000);
    }
    expect([relay.relay.status().tunnels, reasons]).toEqual(speaks ? [1, []] : [0, ['idle']]);
  }
});

test('a relay tells its own clients after which time a tunnel is idle, and others nothing', async () => {
  const { a, b } = await tunneled(1, undefined, { idle: 12_345 });
  expect(a.end.told('identified')).toMatchObject([{ idle: 12_345 }]);
  expect(b.end.told('identified')).toEqual([{ type: 'identified', status: 'ok' }]);
});
