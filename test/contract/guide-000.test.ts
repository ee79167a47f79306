/**
 * Guide 000, overview and components: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, test, vi } from 'vitest';
import * as api from '../../src/index.ts';
import { connectLocal } from '../../src/index.ts';
import * as testing from '../../src/testing.ts';
import { encodeFrame } from '../../src/codec/frame.ts';
import { FRAME_TYPE_IDS } from '../../src/codec/frame-type.ts';
import { decodeCbor } from '../../src/codec/cbor.ts';
import type { HandlerContext } from '../../src/mesh/handlers/handler.ts';
import { err, type RpcError } from '../../src/mesh/errors/rpc-error.ts';
import { closeAtEnd, contextOf, gate, meshWorld, processesOf, processOf, runtimeOf } from '../mesh-world.ts';
import { rawNode, rawPeer, RawStream } from '../mesh/raw-peer.ts';
import type { Process } from '../../src/actor/process.ts';
import type { Client } from '../../src/mesh/client/client.ts';
import { actorAt, forever, invocationsOf, onBothPaths, openMesh, pathOf, traffic } from './mesh.ts';

const hostOf = (client: Client): string =>
  contextOf(client).scope.shared<{ local: { host: string } }>('endpoint')?.local.host ?? '';

const connectionsOf = (client: Client): Process[] =>
  processesOf(client).filter(({ parentProcess }) => parentProcess?.label === 'connections');

// --- overview and discovery hierarchy -------------------------------------------------------------------------

test('000-feature-local-first: a service of the same node is called without the network', async () => {
  const { world, node, alice } = await openMesh();
  await node.advertise('myapp.user.get', () => 'here');
  const near = await traffic(world, () => connectLocal(node).tryCall('myapp.user.get'));
  expect(near).toEqual({ sent: false, value: { ok: true, value: 'here', route: 'local', node: node.id } });
  const far = await traffic(world, () => alice.tryCall('myapp.user.get'));
  expect(far).toEqual({ sent: true, value: { ok: true, value: 'here', route: 'direct', node: node.id } });
});

test('000-feature-nat-friendly: a client only dials out, and serves calls over that connection', async () => {
  const { world, node, alice, bob } = await openMesh();
  await world.settle(alice.advertise('energy.home.measure', () => 42));
  expect(await world.settle(bob.call('energy.home.measure'))).toBe(42);
  expect('url' in alice).toBe(false);
  // nothing that comes from outside gets in
  const address = contextOf(alice).scope.shared<{ local: { host: string; port: number } }>('endpoint')?.local;
  const stranger = await rawPeer(world, { url: `https://${address?.host}:${address?.port}` } as typeof node);
  await world.clock.until(() => stranger.closes.length > 0);
  expect(stranger.closes).not.toEqual([]);
  expect(stranger.accepted).toBe(false);
  // and the node's calls went back over the one connection that the client had dialed
  expect(connectionsOf(alice).length).toBe(1);
  expect(contextOf(alice).counters.callsIn).toBe(1);
  expect(contextOf(node).counters.connectionsOpened).toBe(2);
});

test('000-transport-http3: ALPN macula, 8-byte header, one CBOR map in each frame', async () => {
  const world = meshWorld();
  const node = await world.node();
  const server = await rawNode(world, 'server');
  const chunks: { readonly stream: RawStream; readonly bytes: Uint8Array }[] = [];
  const { onData } = RawStream.prototype;
  const spy = vi.spyOn(RawStream.prototype, 'onData').mockImplementation(function (this: RawStream, bytes) {
    chunks.push({ stream: this, bytes: bytes.slice() });
    onData.call(this, bytes);
  });
  const dialing = world.dial(server.url, { timeout: 500 }).catch((error: unknown) => error);
  await world.clock.until(() => server.peers[0]?.channels.control.frames.length === 1);
  spy.mockRestore();
  const { control } = server.peers[0]?.channels ?? expect.fail('no peer');
  const bytes = Buffer.concat(chunks.filter(({ stream }) => stream === control).map((chunk) => chunk.bytes));
  expect([...bytes.subarray(0, 4)]).toEqual([1, FRAME_TYPE_IDS.connect, 0, 0]);
  expect(bytes.readUInt32BE(4)).toBe(bytes.length - 8);
  const payload = decodeCbor(bytes.subarray(8));
  expect(payload).toMatchObject({ ok: true, value: { version: '1.0', capabilities: ['rpc'] } });
  await world.settle(dialing);
  // the node listens for nothing else
  const { hostname, port } = new URL(node.url);
  const closes: unknown[] = [];
  const endpoint = await world.network
    .transport()
    .open({ clock: world.clock, random: world.random.fork('other'), identity: world.identity('other') });
  endpoint.dial(
    { address: { host: hostname, port: Number(port) }, protocol: 'macula-dist' },
    {
      onOpen: () => expect.fail('accepted'),
      onStream: () => new RawStream(),
      onCredit: () => {},
      onClose: (reason) => closes.push(reason),
      onFault: () => {},
    },
  );
  await world.clock.until(() => closes.length > 0);
  expect(closes.length).toBe(1);
  closeAtEnd(world, node);
});

test('000-hierarchy-local: own handler, handlers of other local clients, one per connected client', async () => {
  const { world, node, alice, bob } = await openMesh();
  const caller = connectLocal(node);
  await node.advertise('own.of_node', () => 'node');
  await connectLocal(node).advertise('own.of_local', () => 'local');
  await world.settle(alice.advertise('own.of_client', () => 'alice'));
  const found = { ok: true, route: 'local' };
  expect(await world.settle(caller.tryCall('own.of_node'))).toEqual({
    ...found,
    value: 'node',
    node: node.id,
  });
  expect(await world.settle(caller.tryCall('own.of_local'))).toEqual({
    ...found,
    value: 'local',
    node: node.id,
  });
  expect(await world.settle(caller.tryCall('own.of_client'))).toEqual({
    ...found,
    value: 'alice',
    node: alice.id,
  });
  expect(await world.settle(bob.call('own.of_client'))).toBe('alice');
});

test('000-local-no-overhead: no frame; a child actor of the node; args in the shape they have remotely', async () => {
  const seen: unknown[] = [];
  await onBothPaths(async ({ world, provider, caller, remote }) => {
    await world.settle(
      provider.advertise('calc.add', (args: Record<string, unknown>, { self }) => {
        seen.push(args);
        expect(Object.getPrototypeOf(args)).toBe(Object.prototype);
        expect(Object.isFrozen(args) && Object.isFrozen(args['list'])).toBe(true);
        expect(pathOf(self as Process)).toEqual([
          remote ? 'client' : 'node',
          'handlers',
          'calc.add',
          expect.any(String) as string,
        ]);
        return args['nothing'] === null;
      }),
    );
    const args = { a: 10, list: [1, undefined], nothing: undefined };
    const { value, sent } = await traffic(world, () => caller.call('calc.add', args));
    expect([value, sent]).toEqual([true, remote]);
  });
  expect(seen[0]).toEqual({ a: 10, list: [1, null], nothing: null });
  expect(seen[1]).toEqual(seen[0]);
});

// --- components, data flow and storage ------------------------------------------------------------------------

test('000-registry-local-services: an actor of its own, and a lost connection loses no handler', async () => {
  const { world, node, alice } = await openMesh();
  await world.settle(alice.advertise('myapp.user.get', () => 'alice'));
  const registry = processOf(alice, 'serviceRegistry');
  expect(pathOf(registry)).toEqual(['client', 'services', 'serviceRegistry']);
  world.network.faults.reset(hostOf(alice), hostOf(node));
  await world.clock.settle();
  expect(connectionsOf(alice)).toEqual([]);
  expect(processOf(alice, 'serviceRegistry')).toBe(registry);
  expect(await world.settle(alice.call('myapp.user.get'))).toBe('alice');
  await world.clock.advance(2_000);
  expect(await world.settle(node.call('myapp.user.get'))).toBe('alice');
});

test('000-fn-advertise-local: not public; client.advertise is the one way in', async () => {
  const { world, node } = await openMesh();
  const names = [...Object.keys(api), ...Object.keys(testing), ...methodsOf(node)];
  expect(names).toContain('advertise');
  expect(names.filter((name) => /advertise/i.test(name)).toSorted()).toEqual(['advertise', 'unadvertise']);
  await node.advertise('myapp.user.get', () => 'stored');
  expect(contextOf(node).scope.shared<{ size: number }>('serviceRegistry')?.size).toBe(1);
  expect(await world.settle(node.call('myapp.user.get'))).toBe('stored');
});

test('000-fn-get-local-handler: not public; a call picks among several local providers', async () => {
  const { world, node } = await openMesh();
  expect([...Object.keys(api), ...methodsOf(node)].filter((name) => /handler|provider/i.test(name))).toEqual(
    [],
  );
  const held: (() => void)[] = [];
  const busy = new Map<string, number>();
  for (const name of ['one', 'two']) {
    await connectLocal(node).advertise('myapp.user.get', () => {
      busy.set(name, (busy.get(name) ?? 0) + 1);
      return new Promise<string>((resolve) => held.push(() => resolve(name)));
    });
  }
  const calls = Array.from({ length: 20 }, () => node.call('myapp.user.get'));
  await world.clock.settle();
  // the one with fewer calls under way is taken
  expect(Object.fromEntries(busy)).toEqual({ one: 10, two: 10 });
  for (const open of held) open();
  await world.settle(Promise.all(calls));
  expect((await world.failure(node.call('myapp.user.put'))).tag).toBe('service_not_found');
});

test('000-connection-holds-registry: a connection that crashes loses no handler', async () => {
  const { world, node, alice, bob } = await openMesh();
  await world.settle(alice.advertise('myapp.user.get', () => 'alice'));
  for (const side of [node, alice]) {
    const registry = processOf(side, 'serviceRegistry');
    const connections = connectionsOf(side);
    expect(connections.length).toBeGreaterThan(0);
    for (const connection of connections) {
      expect(pathOf(connection).slice(1, 3)).toEqual(['transport', 'connections']);
      runtimeOf(side).exit(connection, 'kill');
    }
    await world.clock.settle();
    expect(processOf(side, 'serviceRegistry')).toBe(registry);
    expect(await world.settle(alice.call('myapp.user.get'))).toBe('alice');
    await world.clock.advance(15_000);
    expect(await world.settle(bob.call('myapp.user.get'))).toBe('alice');
  }
});

test('000-connection-requests: calls of one client run at once, and a handler calls through its own client', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const [first, second] = [gate<string>(), gate<string>()];
    await world.settle(
      provider.advertise('m.held', ({ n }: { n: number }) => (n === 1 ? first : second).promise),
    );
    await world.settle(
      provider.advertise('m.outer', async () => `outer of ${String(await provider.call('m.inner'))}`),
    );
    await world.settle(provider.advertise('m.inner', () => 'inner'));
    const slow = caller.call('m.held', { n: 1 });
    const fast = caller.call('m.held', { n: 2 });
    await world.clock.advance(10);
    second.open('second');
    expect(await world.settle(fast)).toBe('second');
    expect(await world.settle(caller.call('m.outer'))).toBe('outer of inner');
    first.open('first');
    expect(await world.settle(slow)).toBe('first');
  });
});

test('000-connection-spawns-handlers: one supervised child per invocation, with a deadline', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const aborted: number[] = [];
    await world.settle(
      provider.advertise('slow.operation', ({ n }: { n: number }, { signal }) => {
        signal.addEventListener('abort', () => aborted.push(n));
        return forever();
      }),
    );
    const calls = [1, 2, 3].map((n) => caller.tryCall('slow.operation', { n }, { timeout: 1_000 }));
    await world.clock.advance(10);
    const running = invocationsOf(provider);
    expect(running.map((process) => pathOf(process).slice(1, 3))).toEqual([
      ['handlers', 'slow.operation'],
      ['handlers', 'slow.operation'],
      ['handlers', 'slow.operation'],
    ]);
    expect(new Set(running).size).toBe(3);
    // others are served meanwhile
    await world.settle(provider.advertise('fast.operation', () => 'fast'));
    expect(await world.settle(caller.call('fast.operation'))).toBe('fast');
    // the death of one is told to its caller at once, the others go on to their deadline
    const [victim] = running;
    runtimeOf(provider).exit(victim ?? expect.fail('none runs'), 'kill');
    const before = world.clock.now();
    const killed = await world.settle(calls[0] ?? expect.fail('no call'));
    expect(world.clock.now() - before).toBeLessThan(50);
    expect(killed).toMatchObject({
      ok: false,
      error: { failure: { tag: 'handler_crash', reason: 'killed' } },
    });
    const rest = await world.settle(Promise.all(calls.slice(1)));
    for (const result of rest) {
      expect(result).toMatchObject({ ok: false, error: { failure: { tag: 'timeout', timeout: 1_000 } } });
    }
    await world.clock.advance(10);
    expect(new Set(aborted)).toEqual(new Set([1, 2, 3]));
    expect(aborted.length).toBe(3);
    expect(invocationsOf(provider)).toEqual([]);
  });
});

test('000-frame-call: CALL 0x20 carries call_id, procedure, args, time left, realm and trace', async () => {
  const { world, node, alice } = await openMesh();
  const peer = await (await rawPeer(world, node)).greeted();
  peer.channels.control.send('register_procedure', { request_id: peer.id(), procedure: 'raw.echo' });
  await world.clock.until(() => peer.channels.control.of('registered').length > 0);
  const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' };
  const call = alice.tryCall('raw.echo', { a: 10, b: 5 }, { timeout: 3_000, trace });
  await world.clock.until(() => peer.channels.rpc.of('call').length > 0);
  const [payload] = peer.channels.rpc.of('call');
  expect(payload).toMatchObject({ procedure: 'raw.echo', args: { a: 10, b: 5 }, realm: 'test', trace });
  expect(payload?.call_id.length).toBe(16);
  expect(payload?.timeout).toBeGreaterThan(2_900);
  expect(payload?.timeout).toBeLessThanOrEqual(3_000);
  expect(FRAME_TYPE_IDS.call).toBe(0x20);
  peer.channels.rpc.send('reply', { call_id: payload?.call_id ?? expect.fail('no call'), result: 15 });
  expect(await world.settle(call)).toMatchObject({ ok: true, value: 15 });
  // what is left travels: the sixth large call waits here for a stream of its own
  const { world: narrow, node: small, alice: eager } = await openMesh({ node: { limits: { streams: 8 } } });
  const held = gate();
  const left: number[] = [];
  await small.advertise('m.large', (_args, { timeLeft }) => {
    left.push(timeLeft);
    return held.promise;
  });
  const body = 'x'.repeat(20_000);
  const calls = Array.from({ length: 6 }, () => eager.call('m.large', { body }, { timeout: 3_000 }));
  await narrow.clock.advance(1_000);
  expect(left.map((ms) => ms > 2_900)).toEqual([true, true, true, true, true]);
  held.open();
  await narrow.settle(Promise.all(calls));
  expect(left[5]).toBeLessThanOrEqual(2_000);
  expect(left[5]).toBeGreaterThan(1_900);
});

test('000-frame-reply: REPLY 0x21 with exactly one of result and error', async () => {
  const { world, node } = await openMesh();
  await node.advertise('m.good', () => ({ result: 15 }));
  await node.advertise('m.bad', () => err('no'));
  const peer = await (await rawPeer(world, node)).greeted();
  for (const name of ['m.good', 'm.bad']) {
    const call = peer.call(name);
    peer.channels.rpc.send('call', call);
    const answer = () =>
      peer.channels.rpc.of('reply').find(({ call_id: id }) => Buffer.compare(id, call.call_id) === 0);
    await world.clock.until(() => answer() !== undefined);
    const { result, error } = answer() ?? expect.fail('no reply');
    if (name === 'm.good') expect([result, error]).toEqual([{ result: 15 }, undefined]);
    else expect([result, error?.code]).toEqual([undefined, 'handler_error']);
  }
  expect(FRAME_TYPE_IDS.reply).toBe(0x21);
  const id = peer.id();
  expect(encodeFrame('reply', { call_id: id }).ok).toBe(false);
  expect(encodeFrame('reply', { call_id: id, result: 1, error: { code: 'timeout', message: '' } }).ok).toBe(
    false,
  );
});

test('000-frame-error: an error travels in REPLY as code and message; there is no frame of its own', async () => {
  const { world, node } = await openMesh();
  await node.advertise('m.crash', () => {
    throw new Error('secret');
  });
  const peer = await (await rawPeer(world, node)).greeted();
  for (const name of ['m.crash', 'no.body']) peer.channels.rpc.send('call', peer.call(name));
  await world.clock.until(() => peer.channels.rpc.of('reply').length === 2);
  const replies = peer.channels.rpc.of('reply');
  expect(new Set(replies.map(({ error }) => error?.code))).toEqual(
    new Set(['handler_crash', 'service_not_found']),
  );
  for (const { error } of replies) {
    expect(error?.message).toEqual(expect.any(String));
    expect(error?.message).not.toContain('secret');
  }
  expect(new Set(peer.channels.rpc.frames.map(({ type }) => type))).toEqual(new Set(['reply', 'pong']));
  // the one type that is named so belongs to streams, which are reserved
  const named = Object.keys(FRAME_TYPE_IDS).filter((type) => type.includes('error'));
  expect(named).toEqual(['stream_error']);
});

test('000-api-one-module: startNode, connect and connectLocal of one module are enough', async () => {
  const world = meshWorld();
  const { startNode, connect, connectLocal: join } = api;
  const options = { realm: 'com.myapp', listen: '0.0.0.0:9443' };
  const node = await world.settle(
    startNode({ ...options, runtime: world.runtime(), transport: world.network.transport('198.18.77.1') }),
  );
  const far = await world.settle(
    connect('https://198.18.77.1:9443', {
      realm: 'com.myapp',
      runtime: world.runtime(),
      transport: world.network.transport(),
    }),
  );
  closeAtEnd(world, far, node);
  const near = join(node);
  await world.settle(far.advertise('myapp.user.get', ({ id }: { id: string }) => ({ id, name: 'Alice' })));
  expect(await world.settle(near.call('myapp.user.get', { id: '1' }))).toEqual({ id: '1', name: 'Alice' });
  await world.settle(far.unadvertise('myapp.user.get'));
  const error = await world.rejection(near.call('myapp.user.get'));
  expect(error).toBeInstanceOf(api.RpcError);
  expect(api.isNotFound(error)).toBe(true);
});

test('000-api-connect: resolves when the node accepted, rejects with unauthorized on another realm', async () => {
  const world = meshWorld();
  const server = await rawNode(world, 'server');
  let client: Client | undefined;
  const dialing = world.dial(server.url).then((made) => (client = made));
  await world.clock.until(() => server.peers.length > 0);
  const [peer] = server.peers;
  await world.clock.until(() => peer?.channels.control.of('connect').length === 1);
  await world.clock.advance(1_000);
  expect(client).toBe(undefined);
  expect(FRAME_TYPE_IDS.connected).toBe(0x05);
  peer?.channels.control.send('connected', {
    node_id: peer.identity.nodeId,
    realm: 'test',
    version: '1.0',
    seed: new Uint8Array(32),
  });
  closeAtEnd(world, await world.settle(dialing));
  const node = await world.node();
  closeAtEnd(world, node);
  expect((await world.failure(world.client(node, { realm: 'another' }))).tag).toBe('unauthorized');
});

test('000-api-connect-local: takes the node, of several in one process', async () => {
  const world = meshWorld();
  const runtime = world.runtime();
  const nodes = [await world.node({ runtime }), await world.node({ runtime })];
  closeAtEnd(world, ...nodes);
  for (const [at, node] of nodes.entries()) await node.advertise('m.who', () => at);
  for (const [at, node] of nodes.entries()) {
    const client = connectLocal(node);
    expect(client.id).toBe(node.id);
    expect((await traffic(world, () => client.call('m.who'))).value).toBe(at);
  }
  expect(() => connectLocal({} as never)).toThrow(
    expect.objectContaining({ failure: expect.objectContaining({ tag: 'invalid_args' }) as object }) as Error,
  );
});

test('000-api-advertise-3: without options', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const handle = await world.settle(provider.advertise('myapp.user.get', () => 'served'));
    expect(handle.procedure).toBe('myapp.user.get');
    expect(await world.settle(caller.call('myapp.user.get'))).toBe('served');
  });
});

test('000-api-advertise-4: limits, authorize, exclusive, description, timeout and signal hold', async () => {
  await onBothPaths(async ({ world, provider, caller, node, alice, bob, remote }) => {
    const held = gate<string>();
    const callers: string[] = [];
    await world.settle(
      provider.advertise('myapp.user.get', () => held.promise, {
        limits: { maxConcurrent: 1, maxQueue: 1 },
        authorize: ({ nodeId, local }) => {
          callers.push(nodeId);
          return local !== remote;
        },
        exclusive: true,
        description: 'Fetch user by ID',
      }),
    );
    const calls = [1, 2, 3].map(() => caller.tryCall('myapp.user.get'));
    await world.clock.advance(20);
    held.open('user');
    const results = await world.settle(Promise.all(calls));
    expect(results.map((result) => (result.ok ? result.value : result.error.failure))).toEqual([
      'user',
      'user',
      { tag: 'overloaded', bound: 'procedure' },
    ]);
    expect(new Set(callers)).toEqual(new Set([caller.id]));
    const other = remote ? bob : connectLocal(node);
    expect((await world.failure(other.advertise('myapp.user.get', () => 'mine'))).tag).toBe('unauthorized');
    // refused by authorize: whoever comes the other way
    const stranger = remote ? alice : bob;
    expect((await world.failure(stranger.call('myapp.user.get'))).tag).toBe('unauthorized');
    const [entry] = contextOf(provider).advertised.values();
    expect(entry?.description).toBe('Fetch user by ID');
    expect(
      await world.failure(provider.advertise('a.b', () => 1, { description: 7 as never })),
    ).toMatchObject({ tag: 'invalid_args', field: 'description' });
    const late = provider.advertise('c.d', () => 1, { signal: AbortSignal.abort() });
    expect((await world.failure(late)).tag).toBe('canceled');
    expect((await world.failure(provider.advertise('c.d', () => 1, { timeout: 0 }))).tag).toBe(
      'invalid_args',
    );
    expect((await world.failure(caller.call('c.d'))).tag).toBe('service_not_found');
  });
});

test('000-api-call-3: call and tryCall without options; args may be omitted and are {}', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('m.echo', (args) => args));
    expect(await world.settle(caller.call('m.echo', { user_id: 'user-123' }))).toEqual({
      user_id: 'user-123',
    });
    expect(await world.settle(caller.call('m.echo'))).toEqual({});
    expect(await world.settle(caller.tryCall('m.echo'))).toMatchObject({ ok: true, value: {} });
    const refused = await world.settle(caller.tryCall('no.body'));
    expect(refused).toMatchObject({ ok: false, error: { failure: { tag: 'service_not_found' } } });
    const thrown = (await world.rejection(caller.call('no.body'))) as RpcError;
    expect(thrown.failure).toEqual({ tag: 'service_not_found' });
  });
});

test('000-api-call-4: options are the third argument', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    let context: HandlerContext | undefined;
    await world.settle(
      provider.advertise('slow.operation', (_args, given) => {
        context = given;
        return forever();
      }),
    );
    const control = new AbortController();
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    const options = { timeout: 30_000, signal: control.signal, idempotent: true, idempotencyKey: 'k', trace };
    const call = caller.call('slow.operation', { data: 1 }, options);
    await world.clock.advance(100);
    expect(context?.timeLeft).toBeGreaterThan(29_000);
    expect(context?.timeLeft).toBeLessThanOrEqual(29_910);
    control.abort();
    expect(await world.failure(call)).toEqual({ tag: 'canceled' });
    expect(await world.failure(caller.call('slow.operation', {}, { timeOut: 5 } as never))).toMatchObject({
      tag: 'invalid_args',
      field: 'timeOut',
    });
  });
});

test('000-api-unadvertise: by handle and by name, and again', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    for (const by of ['handle', 'name'] as const) {
      const handle = await world.settle(provider.advertise('myapp.user.get', () => 'served'));
      expect(await world.settle(caller.call('myapp.user.get'))).toBe('served');
      const what = by === 'handle' ? handle : 'myapp.user.get';
      expect(await world.settle(provider.unadvertise(what))).toBe(undefined);
      expect((await world.failure(caller.call('myapp.user.get'))).tag).toBe('service_not_found');
      await world.settle(provider.unadvertise(what));
      await world.settle(handle.unadvertise());
    }
  });
});

test('000-api-disconnect: unadvertises, lets calls in flight end until the deadline, then they were sent', async () => {
  await onBothPaths(async ({ world, provider, caller, node, remote }) => {
    const held = gate<string>();
    await world.settle(provider.advertise('m.held', () => held.promise));
    await world.settle(provider.advertise('m.never', forever));
    const finishing = caller.call('m.held', {}, { timeout: 60_000 });
    const hopeless = caller.call('m.never', {}, { timeout: 60_000 });
    await world.clock.advance(10);
    const start = world.clock.now();
    let end = 0;
    const leaving = provider.disconnect({ timeout: 2_000 }).then(() => (end = world.clock.now()));
    await world.clock.advance(100);
    expect((await world.failure(caller.call('m.held'))).tag).toBe('service_not_found');
    held.open('done');
    expect(await world.settle(finishing)).toBe('done');
    expect(end).toBe(0);
    const failure = await world.failure(hopeless);
    await world.settle(leaving);
    expect(failure).toMatchObject({ tag: 'connection_error', sent: true });
    expect(end - start).toBeGreaterThanOrEqual(2_000);
    expect(end - start).toBeLessThan(2_200);
    if (remote) expect(runtimeOf(provider).alive).toBe(0);
    else expect((await world.failure(node.call('no.body'))).tag).toBe('service_not_found');
  });
  // whoever leaves waits for what it has called, too
  await onBothPaths(async ({ world, provider, caller }) => {
    const held = gate<string>();
    await world.settle(provider.advertise('m.held', () => held.promise));
    await world.settle(provider.advertise('m.never', forever));
    const calls = ['m.held', 'm.never'].map((name) => caller.tryCall(name, {}, { timeout: 60_000 }));
    await world.clock.advance(10);
    const leaving = caller.disconnect({ timeout: 2_000 });
    await world.clock.advance(100);
    expect((await world.failure(caller.call('m.held'))).tag).toBe('canceled');
    held.open('done');
    await world.settle(leaving);
    const [finished, cut] = await world.settle(Promise.all(calls));
    expect(finished).toMatchObject({ ok: true, value: 'done' });
    expect(cut).toMatchObject({ ok: false, error: { failure: { tag: 'connection_error', sent: true } } });
  });
});

test('000-internal-peer: an actor tree stands behind a client, and is not exported', async () => {
  const { alice } = await openMesh();
  const { root } = alice.inspect();
  expect(root.children.map(({ name }) => name)).toEqual([
    'identity',
    'intent',
    'events',
    'handlers',
    'transport',
    'network',
    'services',
    'app',
  ]);
  expect(actorAt(root, 'services', 'router').type).toBe('GenServer');
  expect(actorAt(root, 'network', 'peers', 'uplink').type).toBe('GenServer');
  const internal = /peer|supervisor|router|registry|connection|uplink|intent|client/i;
  expect(Object.keys(api).filter((name) => internal.test(name))).toEqual([]);
});

/** Names that a client offers. */
function methodsOf(client: Client): readonly string[] {
  const names = new Set<string>();
  for (let at: unknown = client; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at))
      if (!['constructor', 'context'].includes(name)) names.add(name);
  }
  return [...names];
}
