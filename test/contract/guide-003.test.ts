/**
 * Guide 003: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import type { Process, Self } from '../../src/actor/process.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { encodeControl, wireMap } from '../../src/dist/relay/protocol/control-encode.ts';
import { TunnelError } from '../../src/dist/relay/tunnel-error.ts';
import {
  IncomingTunnel,
  startDistribution,
  startRelayClient,
  startRelayClientLink,
  TunnelCarrier,
  whereisClient,
  type Distribution,
  type DistRelayClient,
  type RelayClientStart,
  type StandaloneRelayClientOptions,
} from '../../src/distribution.ts';
import { parseDistRelayUrl } from '../../src/mesh/url.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import { STYLES, type RawEnd, type RawStream } from '../dist/relay/raw-end.ts';
import {
  Drain,
  labelsOf,
  processesOf,
  processOf,
  RelayWorld,
  type ClientPlace,
  type RelayPlace,
} from '../dist/relay/relay-world.ts';

const [A, B] = ['a@one', 'b@two'];
const ID = '0123456789ABCDEF0123456789ABCDEF';

interface Two {
  readonly world: RelayWorld;
  readonly relay: RelayPlace;
  readonly a: ClientPlace;
  readonly b: ClientPlace;
}

async function two(): Promise<Two> {
  const world = new RelayWorld();
  const relay = await world.relay();
  return { world, relay, a: await world.client([relay], A), b: await world.client([relay], B) };
}

/** A client at a relay that says what the test says, and its end there. */
async function atRawRelay(identifies = true): Promise<{ world: RelayWorld; a: ClientPlace; ends: RawEnd[] }> {
  const world = new RelayWorld();
  const relay = await world.rawRelay();
  relay.onEnd = (end) => {
    end.answer = ({ type }) =>
      identifies && type === 'identify' && end.say({ type: 'identified', status: 'ok' });
  };
  const a = await world.dialing([relay], A);
  await world.until(() => relay.ends[0]?.told('identify').length === 1);
  if (identifies) await world.until(() => a.client.status().identified);
  return { world, a, ends: relay.ends };
}

function streamFrom(end: RawEnd | undefined, text: string): RawStream {
  const raw = end?.open();
  if (raw === undefined) throw new Error('no stream');
  raw.write(text);
  return raw;
}

/** A runtime with a machine of its own. */
function place(world: RelayWorld, host: string) {
  const runtime = new Runtime({
    clock: world.clock,
    random: seededRandom(host),
    logger: silentLogger,
    budget: { milliseconds: Infinity },
  });
  return { runtime, transport: world.network.transport(host) };
}

interface Starter {
  readonly runtime: Runtime;
  readonly pid: Process;
  readonly result: RelayClientStart;
}

/** A process that starts a client linked to itself. */
async function linked(
  world: RelayWorld,
  relays: string,
  options: StandaloneRelayClientOptions = {},
): Promise<Starter> {
  const { runtime, transport } = place(world, '198.18.61.1');
  let starting: unknown;
  const starter: GenServer<undefined, null> = {
    trapExit: false,
    init: (_none, self: Self) => {
      starting = startRelayClientLink(self, relays, A, { encryption: false, transport, ...options });
      return null;
    },
  };
  const { pid } = await startServer(runtime, starter, undefined);
  const result = (await world.settle(Promise.resolve(starting))) as RelayClientStart;
  return { runtime, pid: pid as Process, result };
}

const clientOf = ({ result }: Starter): DistRelayClient => {
  if (result.tag !== 'ok') throw new Error('it did not start');
  return result.extra;
};

test('003-client: two nodes that know a relay and not each other have a tunnel', async () => {
  const { world, relay, a, b } = await two();
  const { near, far } = await world.tunnel(a, b);
  const [atA, atB] = [new Drain(near.stream), new Drain(far.stream)];
  near.stream.write('to b');
  far.stream.write('to a');
  await world.until(() => atA.text === 'to a' && atB.text === 'to b');
  expect(relay.relay.status()).toMatchObject({ clients: [A, B], tunnels: 1 });
});

test('003-persistent-connection: one connection, kept through half an hour in which nobody says anything', async () => {
  const { world, relay, a } = await two();
  await world.clock.advance(1_800_000);
  expect(a.client.status()).toMatchObject({
    identified: true,
    relays: [{ state: 'identified', reason: '' }],
  });
  expect(relay.log.filter(({ event }) => event === 'dist.client_identified')).toHaveLength(2);
});

test('003-raw-tunnels: the bytes of a tunnel are forwarded as they are, and are TLS between our ends', async () => {
  const world = new RelayWorld();
  const relay = await world.relay();
  const foreign = await world.known(relay, B);
  const clear = await world.client([relay], A);
  const { stream } = await world.settle(clear.client.requestTunnel(B));
  stream.write('marker');
  await world.until(() => foreign.streams[0]?.text === 'marker');
  const ours = await world.client([relay], 'c@three', { encryption: true });
  ours.client.requestTunnel(B).catch(() => {});
  // a handshake of TLS begins
  await world.until(() => (foreign.streams[1]?.length ?? 0) > 34);
  expect(foreign.streams[1]?.bytes.subarray(32, 34)).toEqual(Buffer.of(0x16, 0x03));
});

test('003-replaces-bridge: a relay knows of streams and nothing of calls or topics', async () => {
  const { world, relay, a, b } = await two();
  const { near, far } = await world.tunnel(a, b);
  const drain = new Drain(far.stream);
  near.stream.end(Buffer.alloc(300_000, 'x'));
  await world.until(() => drain.ended);
  expect(drain.length).toBe(300_000);
  for (const part of ['router', 'serviceRegistry', 'handlers'])
    expect(labelsOf(relay.runtime)).not.toContain(part);
});

test('003-control-stream: the client opens it, as the first one', async () => {
  const { ends } = await atRawRelay();
  expect(ends[0]?.control).toBeDefined();
  expect(ends[0]?.streams).toEqual([]);
  const world = new RelayWorld();
  const relay = await world.relay();
  const raw = await world.known(relay, A);
  await world.clock.advance(100);
  expect(raw.streams).toEqual([]);
});

test('003-control-format: a length of four bytes, CBOR as ours, and whoever writes MessagePack is answered in it', async () => {
  const bytes = encodeControl({ type: 'identify', node_name: 'alice@host' });
  expect(Buffer.from(bytes).toString('hex')).toBe(
    '00000013a261746269 64616e6a616c69636540686f7374'.replace(' ', ''),
  );
  const world = new RelayWorld();
  const relay = await world.relay();
  for (const [at, style] of Object.values(STYLES).entries()) {
    const raw = await world.known(relay, `n${at}@host`, { style });
    expect([raw.styles, raw.told('identified').length]).toEqual([[style], 1]);
  }
});

test('003-identify: a client says its name, with our own fields beside', async () => {
  const { ends } = await atRawRelay();
  expect(ends[0]?.received[0]).toMatchObject({ type: 'identify', node_name: A, version: 2 });
  expect(wireMap({ type: 'identify', node_name: A })).toEqual({ t: 'id', n: A });
});

test('003-identified: who is let in is told so without a status; who is not is told why', async () => {
  const { world, relay } = await two();
  const raw = await world.known(relay, 'c@three');
  expect(raw.received).toEqual([{ type: 'identified', status: 'ok' }]);
  expect(wireMap({ type: 'identified', status: 'ok' })).toEqual({ t: 'id_ok' });
  const thief = await world.known(relay, A);
  expect(thief.received).toEqual([{ type: 'refused', reason: 'name_taken' }]);
  await world.until(() => thief.closed !== undefined);
});

test('003-tunnel-request: two requests have ids of their own, and do not swap answers', async () => {
  const { world, a, ends } = await atRawRelay();
  const [first, second] = [a.client.requestTunnel('x@1'), a.client.requestTunnel('y@2')];
  const failures = Promise.allSettled([first, second]);
  const end = ends[0] as RawEnd;
  await world.until(() => end.told('tunnel_request').length === 2);
  const [one, other] = end.told('tunnel_request');
  expect([one?.target, other?.target, one?.request_id?.length]).toEqual(['x@1', 'y@2', 16]);
  expect(wireMap({ type: 'tunnel_request', target: B })).toEqual({ t: 'tun_req', target: B });
  for (const { target, request_id } of [other, one] as NonNullable<typeof one>[])
    end.say({ type: 'tunnel_error', reason: `not ${target}`, request_id: request_id as Uint8Array });
  const told = (await world.settle(failures)).map(
    (each) => each.status === 'rejected' && String(each.reason),
  );
  expect(told).toEqual([expect.stringContaining('not x@1'), expect.stringContaining('not y@2')]);
});

test('003-tunnel-ok: the answer is the id that the stream begins with', async () => {
  const { world, relay } = await two();
  const raw = await world.known(relay, 'c@three');
  raw.say({ type: 'tunnel_request', target: B });
  await world.until(() => raw.told('tunnel_ok').length === 1 && raw.streams.length === 1);
  const { tunnel_id: id } = raw.told('tunnel_ok')[0] as { tunnel_id: string };
  expect(raw.received).toContainEqual({ type: 'tunnel_ok', tunnel_id: id });
  await world.until(() => raw.streams[0]?.id === id);
  expect(wireMap({ type: 'tunnel_ok', tunnel_id: ID })).toEqual({ t: 'tun_ok', tid: ID });
});

test('003-tunnel-error: an unknown target, and a request before the name, are refused at once', async () => {
  const { world, relay, a } = await two();
  expect(await world.failure(a.client.requestTunnel('nobody@no'), 50)).toBe('target_not_connected');
  const raw = await world.raw(relay);
  raw.say({ type: 'tunnel_request', target: B });
  await world.until(() => raw.received.length === 1);
  expect(raw.received).toEqual([{ type: 'tunnel_error', reason: 'not_identified' }]);
  expect(wireMap({ type: 'tunnel_error', reason: 'why' })).toEqual({ t: 'tun_err', r: 'why' });
});

test('003-tunnel-notify: the target learns the id, and who asks', async () => {
  const { world, relay, a } = await two();
  const raw = await world.known(relay, 'c@three');
  const { tunnelId } = await world.settle(a.client.requestTunnel('c@three'));
  expect(raw.told('tunnel_notify')).toEqual([{ type: 'tunnel_notify', tunnel_id: tunnelId, source: A }]);
  expect(wireMap({ type: 'tunnel_notify', tunnel_id: ID, source: A })).toEqual({
    t: 'tun_notify',
    tid: ID,
    src: A,
  });
});

test('003-tunnel-close: an end of the tunnel ends it, and nobody else', async () => {
  const { world, relay, a, b } = await two();
  const { near } = await world.tunnel(a, b);
  const close = { type: 'tunnel_close', tunnel_id: near.tunnelId } as const;
  const stranger = await world.known(relay, 'c@three');
  stranger.say(close);
  await world.clock.advance(100);
  expect(relay.relay.status().tunnels).toBe(1);
  const target = await world.known(relay, 'd@four');
  const second = await world.settle(a.client.requestTunnel('d@four'));
  target.say({ ...close, tunnel_id: second.tunnelId });
  await world.until(() => second.stream.destroyed);
  expect(relay.relay.status().tunnels).toBe(1);
  expect(wireMap(close)).toEqual({ t: 'tun_close', tid: near.tunnelId });
});

test('003-tunnel-streams: the relay opens one stream to each end', async () => {
  const world = new RelayWorld();
  const relay = await world.relay();
  const [source, target] = [await world.known(relay, A), await world.known(relay, B)];
  source.say({ type: 'tunnel_request', target: B });
  await world.until(() => source.streams.length > 0 && target.streams.length > 0);
  await world.clock.advance(100);
  expect([source.streams.length, target.streams.length]).toEqual([1, 1]);
  source.streams[0]?.write('through');
  await world.until(() => target.streams[0]?.text === 'through');
});

test('003-tunnel-prefix: 32 upper-case hex characters, collected across chunks; what follows belongs to the payload', async () => {
  const { world, relay } = await two();
  const raw = await world.known(relay, 'c@three');
  raw.say({ type: 'tunnel_request', target: B });
  await world.until(() => raw.streams[0]?.length === 32);
  expect(raw.streams[0]?.id).toMatch(/^[0-9A-F]{32}$/);
  const at = await atRawRelay();
  at.ends[0]?.say({ type: 'tunnel_notify', tunnel_id: ID, source: B });
  const stream = streamFrom(at.ends[0], ID.slice(0, 7));
  await at.world.clock.advance(5);
  stream.write(`${ID.slice(7)}payload`);
  await at.world.until(() => at.a.incoming.length === 1);
  const drain = new Drain((at.a.incoming[0] as IncomingTunnel).stream);
  await at.world.until(() => drain.text === 'payload');
});

test('003-prefix-matching: a stream may come before what says whose it is; one that nobody names is reset after 5 s', async () => {
  const { world, a, ends } = await atRawRelay();
  const early = streamFrom(ends[0], ID);
  const never = streamFrom(ends[0], ID.replaceAll('0', 'F'));
  await world.clock.advance(1_000);
  expect(a.client.status().unidentifiedStreams).toBe(2);
  ends[0]?.say({ type: 'tunnel_notify', tunnel_id: ID, source: B });
  await world.until(() => a.incoming.length === 1);
  await world.clock.advance(3_000);
  expect([early.over, never.over]).toEqual([false, false]);
  await world.clock.advance(3_000);
  expect([early.over, never.over, a.client.status().unidentifiedStreams]).toEqual([false, true, 0]);
});

test('003-lifecycle-start: a start needs no relay, and one that is not there costs no restart', async () => {
  const world = new RelayWorld();
  const host = '198.18.60.200';
  const a = await world.dialing([{ url: `quic://${host}:4434` }], A);
  const actors = processesOf(a.runtime);
  await world.clock.advance(300_000);
  expect(processesOf(a.runtime)).toEqual(actors);
  expect(a.client.status()).toMatchObject({ identified: false });
  await world.relay({ host });
  await world.until(() => a.client.status().identified, 20_000);
});

test('003-lifecycle-identified: a relay that does not answer the name is given up after 10 s, and dialed again', async () => {
  const { world, a, ends } = await atRawRelay(false);
  await world.clock.advance(9_000);
  expect([ends.length, a.client.status().relays[0]?.state]).toEqual([1, 'identifying']);
  await world.until(() => ends.length === 2, 3_000);
  expect(a.client.status().identified).toBe(false);
});

test('003-lifecycle-request: a request resolves when the answer and the stream are there', async () => {
  const { world, a, ends } = await atRawRelay();
  const asked = a.client.requestTunnel(B);
  let isThere = false;
  asked.then(
    () => (isThere = true),
    () => {},
  );
  await world.until(() => ends[0]?.told('tunnel_request').length === 1);
  ends[0]?.say({ type: 'tunnel_ok', tunnel_id: ID });
  await world.clock.advance(100);
  expect(isThere).toBe(false);
  streamFrom(ends[0], ID);
  const tunnel = await world.settle(asked);
  expect(tunnel).toMatchObject({ tunnelId: ID, peer: B, peerId: undefined });
  expect(tunnel.stream.writable).toBe(true);
});

test('003-lifecycle-incoming: notify, stream, prefix, hand-off; what came before is read first; without a kernel: reset', async () => {
  const { world, a, ends } = await atRawRelay();
  ends[0]?.say({ type: 'tunnel_notify', tunnel_id: ID, source: B });
  const stream = streamFrom(ends[0], `${ID}early `);
  await world.until(() => a.incoming.length === 1);
  stream.write('and late');
  const [tunnel] = a.incoming as [IncomingTunnel];
  expect([tunnel.peer, tunnel.tunnelId]).toEqual([B, ID]);
  const drain = new Drain(tunnel.stream);
  await world.until(() => drain.text === 'early and late');
  a.client.setKernel(undefined);
  const other = ID.replaceAll('0', 'F');
  ends[0]?.say({ type: 'tunnel_notify', tunnel_id: other, source: B });
  const refused = streamFrom(ends[0], other);
  await world.until(() => refused.over);
});

test('003-missing-handoff: incoming tunnels are connections of the distribution, and calls go through them', async () => {
  const world = new RelayWorld();
  const relay = await world.relay();
  const nodes: Distribution[] = [];
  const open = async (host: string, name: string): Promise<Runtime> => {
    const { runtime, transport } = place(world, host);
    const carriers = [new TunnelCarrier(runtime, { relays: relay.url, transport })];
    nodes.push(await world.settle(startDistribution(runtime, { name, cookie: 'lattice', carriers })));
    return runtime;
  };
  await open('198.18.61.1', A);
  const there = await open('198.18.61.2', B);
  const [one, other] = nodes as [Distribution, Distribution];
  const echo: GenServer<undefined, null> = {
    init: () => null,
    handleRequest: (term, state) => reply(term, state),
  };
  await startServer(there, echo, undefined, { name: 'echo', scope: other.names });
  expect(await world.settle(one.call('echo', B, ['through', 1]))).toEqual(['through', 1]);
  expect([one.nodes(), other.nodes()]).toEqual([[B], [A]]);
  for (const node of nodes) await world.settle(node.close());
});

test('003-missing-reconnect: a relay that comes back knows us again; the tunnels it carried have ended with an error', async () => {
  const { world, relay, a, b } = await two();
  const { near } = await world.tunnel(a, b);
  const drain = new Drain(near.stream);
  await world.settle(relay.relay.close());
  await world.until(() => drain.closed);
  expect(drain.error).toBeInstanceOf(TunnelError);
  expect(a.client.status().identified).toBe(false);
  const again = await world.relay({ host: relay.host });
  await world.until(() => again.relay.status().clients.length === 2, 20_000);
  await world.tunnel(a, b);
});

test('003-missing-failover: attached to all relays, asked in their order; the next one is asked when the first is lost', async () => {
  const world = new RelayWorld();
  const [first, second] = [await world.relay(), await world.relay()];
  const [a, b] = [await world.client([first, second], A), await world.client([first, second], B)];
  expect([a.client.status().activeRelay, (await world.tunnel(a, b)).far.relay]).toEqual([
    first.url,
    first.url,
  ]);
  await world.settle(first.relay.close());
  await world.until(() => a.client.status().activeRelay === second.url, 5_000);
  expect((await world.tunnel(a, b)).far.relay).toBe(second.url);
  // one that came back is asked last until it has stayed for 30 s
  await world.relay({ host: first.host });
  const isBack = (): boolean => a.client.status().relays[0]?.state === 'identified';
  await world.until(isBack, 20_000);
  expect(a.client.status().activeRelay).toBe(second.url);
  await world.clock.advance(30_000);
  expect(a.client.status().activeRelay).toBe(first.url);
});

test('003-fn-close-tunnel: closeTunnel ends both ends, and may be called again', async () => {
  const { world, a, b } = await two();
  const { near, far } = await world.tunnel(a, b);
  const drain = new Drain(far.stream);
  a.client.closeTunnel(near.tunnelId);
  a.client.closeTunnel(near.tunnelId);
  a.client.closeTunnel('no such tunnel');
  expect(near.stream.destroyed).toBe(true);
  await world.until(() => drain.closed);
  expect([a.client.status().activeTunnels, b.client.status().activeTunnels]).toEqual([0, 0]);
});

test('003-fn-request-tunnel: it waits for a relay within its deadline, may be told not to, and may be aborted', async () => {
  const { world, a } = await atRawRelay(false);
  expect(await world.failure(a.client.requestTunnel(B, { wait: false }), 50)).toBe('not_identified');
  const abort = new AbortController();
  const aborted = a.client.requestTunnel(B, { signal: abort.signal });
  abort.abort();
  expect(await world.failure(aborted, 50)).toBe('aborted');
  const before = world.clock.now();
  expect(await world.failure(a.client.requestTunnel(B))).toBe('timeout');
  expect(Math.round((world.clock.now() - before) / 1_000)).toBe(15);
});

test('003-fn-set-kernel: a function or a process gets what comes in', async () => {
  const { world, a, b } = await two();
  const got: unknown[] = [];
  const taker: GenServer<undefined, null> = {
    init: () => null,
    handleInfo: (message, state) => {
      got.push(message);
      return noReply(state);
    },
  };
  const { pid } = await startServer(b.runtime, taker, undefined);
  b.client.setKernel(pid);
  await world.settle(a.client.requestTunnel(B));
  await world.until(() => got.length === 1);
  expect(got[0]).toBeInstanceOf(IncomingTunnel);
  b.client.setKernel((tunnel) => void got.push(tunnel.peer));
  await world.settle(a.client.requestTunnel(B));
  await world.until(() => got[1] === A);
});

test('003-fn-start-link-2: a client that is linked to who starts it ends with it', async () => {
  const world = new RelayWorld();
  const relay = await world.relay();
  const starter = await linked(world, relay.url);
  const client = clientOf(starter);
  await world.settle(client.ready());
  expect(client.status()).toMatchObject({ nodeName: A, identified: true });
  starter.runtime.exit(starter.pid, 'kill');
  await world.until(() => relay.relay.status().clients.length === 0);
  expect(starter.runtime.alive).toBe(0);
});

test('003-fn-start-link-3: options are judged, and a start that makes no sense says why', async () => {
  const world = new RelayWorld();
  const relay = await world.relay();
  const starter = await linked(world, relay.url, { register: 'mine', tunnelTime: 200 });
  const client = clientOf(starter);
  await world.settle(client.ready());
  const before = world.clock.now();
  expect(await world.failure(client.requestTunnel('nobody@no'))).toBe('target_not_connected');
  expect(world.clock.now() - before).toBeLessThan(200);
  await world.settle(client.close());
  const wrong = await linked(world, relay.url, { tunnelTime: 0 });
  expect(wrong.result).toMatchObject({ tag: 'error', reason: expect.any(RangeError) as RangeError });
  wrong.runtime.exit(wrong.pid, 'kill');
  starter.runtime.exit(starter.pid, 'kill');
});

test('003-registered-name: a name in the runtime, free again when the client has ended', async () => {
  const world = new RelayWorld();
  const relay = await world.relay();
  const { runtime, transport } = place(world, '198.18.61.1');
  const start = (options: StandaloneRelayClientOptions = {}): Promise<DistRelayClient> =>
    world.settle(startRelayClient(runtime, relay.url, A, { transport, ...options }));
  const client = await start();
  expect(runtime.names.whereis('relayClient')).toBeDefined();
  await expect(start()).rejects.toMatchObject({ reason: { already_started: expect.anything() as object } });
  await world.settle(client.close());
  expect(runtime.names.whereis('relayClient')).toBeUndefined();
  const unnamed = await start({ register: false });
  expect(runtime.names.names()).toEqual([]);
  await world.settle(unnamed.close());
});

test('003-one-per-node: several clients live beside each other, at one relay or at others', async () => {
  const world = new RelayWorld();
  const [first, second] = [await world.relay(), await world.relay()];
  const { runtime, transport } = place(world, '198.18.61.1');
  const open = (url: string, name: string, register: string): Promise<DistRelayClient> =>
    world.settle(startRelayClient(runtime, url, name, { transport, register, encryption: false }));
  const one = await open(first.url, A, 'one');
  const other = await open(second.url, 'a@elsewhere', 'other');
  const third = await open(first.url, 'also@one', 'third');
  for (const client of [one, other, third]) await world.settle(client.ready());
  expect(first.relay.status().clients.toSorted()).toEqual([A, 'also@one']);
  third.setKernel(() => {});
  expect((await world.settle(one.requestTunnel('also@one'))).peer).toBe('also@one');
  for (const client of [one, other, third]) await world.settle(client.close());
});

test('003-fn-status: who it is, where it is known, and what is under way', async () => {
  const { world, a, ends } = await atRawRelay();
  const url = a.client.status().relays[0]?.url;
  expect(a.client.status()).toEqual({
    identified: true,
    nodeName: A,
    activeRelay: url,
    relays: [{ url, state: 'identified', reason: '' }],
    pendingOutbound: 0,
    pendingInbound: 0,
    activeTunnels: 0,
    unidentifiedStreams: 0,
  });
  a.client.requestTunnel(B).catch(() => {});
  ends[0]?.say({ type: 'tunnel_notify', tunnel_id: ID, source: B });
  streamFrom(ends[0], ID.replaceAll('0', 'F'));
  await world.clock.advance(100);
  expect(a.client.status()).toMatchObject({ pendingOutbound: 1, pendingInbound: 1, unidentifiedStreams: 1 });
  streamFrom(ends[0], ID);
  await world.until(() => a.client.status().activeTunnels === 1);
});

test('003-fn-whereis: the client by its name, or undefined', async () => {
  const world = new RelayWorld();
  const relay = await world.relay();
  const { runtime, transport } = place(world, '198.18.61.1');
  expect(whereisClient(runtime)).toBeUndefined();
  const client = await world.settle(startRelayClient(runtime, relay.url, A, { transport }));
  const named = await world.settle(
    startRelayClient(runtime, relay.url, 'c@three', { transport, register: 'second' }),
  );
  expect([whereisClient(runtime), whereisClient(runtime, 'second')]).toEqual([client, named]);
  expect(whereisClient(runtime, 'third')).toBeUndefined();
  for (const each of [client, named]) await world.settle(each.close());
  expect([whereisClient(runtime), whereisClient(runtime, 'second')]).toEqual([undefined, undefined]);
  // a name that is somebody else's is no client
  const { pid } = await startServer(runtime, { init: () => 0 }, undefined, {
    name: 'relayClient',
    scope: runtime.names,
  });
  runtime.names.share('relayClient', pid as Process, 'something');
  expect(whereisClient(runtime)).toBeUndefined();
});

test('003-fn-callbacks: an actor for each relay, killed and restarted alone, whose life is a state machine', async () => {
  const world = new RelayWorld();
  const [first, second] = [await world.relay(), await world.relay()];
  const a = await world.dialing([first, second], A);
  const states = (): readonly string[] => a.client.status().relays.map(({ state }) => state);
  expect(states()).toEqual(['connecting', 'connecting']);
  await world.until(() => states().join() === 'identified,identified');
  const other = processOf(a.runtime, `relay ${second.url}`);
  a.runtime.exit(processOf(a.runtime, `relay ${first.url}`), 'kill');
  await world.until(() => states().join() === 'connecting,identified');
  await world.until(() => states().join() === 'identified,identified');
  expect(processOf(a.runtime, `relay ${second.url}`)).toBe(other);
});

test('003-relay-url: `quic://host:port` or `host[:port]`, port 4434 when none is said', async () => {
  const at = (url: string): unknown => {
    const parsed = parseDistRelayUrl(url);
    return parsed.ok ? `${parsed.at.host} ${parsed.at.port}` : undefined;
  };
  expect(['quic://relay.example:9', 'relay.example:9', 'relay.example', '[::1]'].map(at)).toEqual([
    'relay.example 9',
    'relay.example 9',
    'relay.example 4434',
    '[::1] 4434',
  ]);
  expect(['https://relay.example', 'relay.example/path', ''].map(at)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const world = new RelayWorld();
  const relay = await world.relay();
  const a = await world.client([{ url: relay.host }], A);
  expect(a.client.status().activeRelay).toBe(relay.url);
});
