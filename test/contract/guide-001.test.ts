/**
 * Guide 001: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, test } from 'vitest';
import {
  connectLocal,
  err,
  isNotFound,
  isRetryable,
  RpcError,
  server,
  type Client,
  type RpcFailure,
} from '../../src/index.ts';
import { noReply, ServerRef, worker, type From, type GenServer } from '../../src/otp.ts';
import { FRAME_TYPE_IDS } from '../../src/codec/frame-type.ts';
import { closeAtEnd, contextOf, meshWorld, processOf, runtimeOf, type MeshWorld } from '../mesh-world.ts';
import { rawNode, rawPeer, type RawPeer } from '../mesh/raw-peer.ts';
import { forever, onBothPaths, openMesh, traffic } from './mesh.ts';

interface Numbers {
  readonly a: number;
  readonly b: number;
}

const add = ({ a, b }: Numbers): object => ({ result: a + b });

const ADD = 'io.macula/beam-campus/hecate/math/add_v1';
const WEATHER = 'io.macula/beam-campus/hecate/weather/get_current_v1';

const hostOf = (client: Client): string =>
  contextOf(client).scope.shared<{ local: { host: string } }>('endpoint')?.local.host ?? '';

/** A client of a node that is only frames: what the client sends is seen as it is. */
async function observed(world: MeshWorld): Promise<{ readonly client: Client; readonly relay: RawPeer }> {
  const { peers, url } = await rawNode(world, 'relay');
  const dialing = world.dial(url);
  await world.clock.until(() => peers[0]?.channels.control.of('connect').length === 1);
  const relay = peers[0] ?? expect.fail('nobody dialed');
  relay.channels.control.send('connected', {
    node_id: relay.identity.nodeId,
    realm: 'test',
    version: '1.0',
    seed: new Uint8Array(32),
  });
  const client = await world.settle(dialing);
  closeAtEnd(world, client);
  return { client, relay };
}

test('001-clients-through-relay: a client advertises and calls through its connection to a node', async () => {
  const { world, node, alice, bob } = await openMesh();
  await world.settle(alice.advertise(ADD, add));
  const before = contextOf(node).counters.callsIn;
  const answer = await traffic(world, () => bob.tryCall(ADD, { a: 2, b: 3 }));
  expect(answer.sent).toBe(true);
  expect(answer.value).toMatchObject({ ok: true, value: { result: 5 } });
  expect(contextOf(node).counters.callsIn - before).toBe(1);
  expect(contextOf(alice).counters.connectionsOpened + contextOf(bob).counters.connectionsOpened).toBe(2);
});

test('001-user-view: advertise a handler, call a procedure, get a result', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise(ADD, add));
    expect(await world.settle(caller.call(ADD, { a: 2, b: 3 }))).toEqual({ result: 5 });
  });
});

test('001-advertise-reference: returns a handle of the advertisement', async () => {
  await onBothPaths(async ({ world, provider }) => {
    const handle = await world.settle(provider.advertise(ADD, add));
    expect(handle).toMatchObject({ procedure: ADD, id: expect.stringMatching(/./) as string });
    const other = await world.settle(provider.advertise(WEATHER, () => 'sunny'));
    expect(other.id).not.toBe(handle.id);
  });
});

test('001-unadvertise-reference: by that handle, and by name', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const handle = await world.settle(provider.advertise(ADD, add));
    await world.settle(provider.advertise(WEATHER, () => 'sunny'));
    await world.settle(provider.unadvertise(handle));
    expect((await world.failure(caller.call(ADD, { a: 2, b: 3 }))).tag).toBe('service_not_found');
    expect(await world.settle(caller.call(WEATHER))).toBe('sunny');
    await world.settle(provider.unadvertise(WEATHER));
    expect((await world.failure(caller.call(WEATHER))).tag).toBe('service_not_found');
  });
});

test('001-register-procedure: 0x26 and 0x2D, each acknowledged by 0x2E', async () => {
  const world = meshWorld();
  const { client, relay } = await observed(world);
  const { control } = relay.channels;
  const ids = FRAME_TYPE_IDS;
  expect([ids.register_procedure, ids.unregister_procedure, ids.registered]).toEqual([0x26, 0x2d, 0x2e]);
  for (const [type, begin] of [
    ['register_procedure', () => client.advertise(ADD, add)],
    ['unregister_procedure', () => client.unadvertise(ADD)],
  ] as const) {
    let over = false;
    const asking = begin().then(() => (over = true));
    await world.clock.until(() => control.of(type).length === 1);
    const [frame] = control.of(type);
    expect(frame?.procedure).toBe(ADD);
    expect(frame?.request_id.length).toBe(16);
    await world.clock.advance(1_000);
    expect(over).toBe(false);
    control.send('registered', { request_id: frame?.request_id ?? expect.fail('no id') });
    await world.settle(asking);
  }
  // a refusal is an answer too
  const refused = client.advertise(ADD, add);
  await world.clock.until(() => control.of('register_procedure').length === 2);
  control.send('registered', {
    request_id: control.of('register_procedure')[1]?.request_id ?? expect.fail('no id'),
    error: { code: 'unauthorized', message: 'taken' },
  });
  expect((await world.failure(refused)).tag).toBe('unauthorized');
  // and the node answers both
  const node = await world.node();
  closeAtEnd(world, node);
  const peer = await (await rawPeer(world, node)).greeted();
  for (const type of ['register_procedure', 'unregister_procedure'] as const) {
    const request_id = peer.id();
    peer.channels.control.send(type, { request_id, procedure: ADD });
    const answers = (): unknown[] =>
      peer.channels.control.of('registered').map((answer) => answer.request_id);
    await world.clock.until(() => answers().some((id) => Buffer.compare(id as Buffer, request_id) === 0));
    const { tag } = await world.failure(node.call(ADD, {}, { timeout: 50 }));
    expect(tag).toBe(type === 'register_procedure' ? 'timeout' : 'service_not_found');
  }
});

test('001-register-local: one provider per client; a lost client leaves at once', async () => {
  const { world, node, alice, bob } = await openMesh();
  const size = (): number | undefined =>
    contextOf(node).scope.shared<{ size: number }>('serviceRegistry')?.size;
  for (const client of [alice, alice, bob]) await world.settle(client.advertise(ADD, () => client.id));
  expect(size()).toBe(2);
  const before = world.clock.now();
  world.network.faults.reset(hostOf(alice), hostOf(node));
  await world.clock.settle();
  expect([size(), world.clock.now() - before]).toEqual([1, 0]);
  for (let n = 0; n < 10; n++) expect(await world.settle(node.call(ADD))).toBe(bob.id);
});

test('001-call-default-timeout: a call without timeout waits 5 s', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise(ADD, forever));
    const start = world.clock.now();
    let over = false;
    const call = caller.call(ADD, { a: 2, b: 3 });
    call.catch(() => (over = true));
    await world.clock.advance(4_990);
    expect(over).toBe(false);
    expect(await world.failure(call)).toMatchObject({ tag: 'timeout', timeout: 5_000 });
    expect(world.clock.now() - start).toBe(5_000);
  });
});

test('001-call-timeout-argument: { timeout: 10000 }, never a bare number', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(
      provider.advertise(WEATHER, async ({ location }: { location: string }) => {
        await new Promise<void>((resolve) => {
          world.clock.setTimer(9_000, resolve);
        });
        return { location, sky: 'clear' };
      }),
    );
    expect(await world.settle(caller.call(WEATHER, { location: 'berlin' }, { timeout: 10_000 }))).toEqual({
      location: 'berlin',
      sky: 'clear',
    });
    expect(await world.failure(caller.call(WEATHER, { location: 'berlin' }, 10_000 as never))).toMatchObject({
      tag: 'invalid_args',
      field: 'options',
    });
  });
});

test('001-flow-call: the client sends CALL on the rpc stream', async () => {
  const world = meshWorld();
  const { client, relay } = await observed(world);
  const call = client.call(ADD, { a: 2, b: 3 });
  await world.clock.until(() => relay.channels.rpc.of('call').length === 1);
  const [frame] = relay.channels.rpc.of('call');
  expect(frame).toMatchObject({ procedure: ADD, args: { a: 2, b: 3 } });
  expect([relay.channels.control, relay.channels.dht].flatMap(({ frames }) => frames)).not.toContainEqual(
    expect.objectContaining({ type: 'call' }),
  );
  expect(relay.inbound).toEqual([]);
  relay.channels.rpc.send('reply', {
    call_id: frame?.call_id ?? expect.fail('no id'),
    result: { result: 5 },
  });
  expect(await world.settle(call)).toEqual({ result: 5 });
});

test('001-flow-local: the node finds its local provider, invokes it and replies to the call', async () => {
  const { world, node, alice } = await openMesh();
  const peer = await (await rawPeer(world, node)).greeted();
  const { rpc } = peer.channels;
  await node.advertise('m.of_node', add);
  await world.settle(alice.advertise('m.of_client', add));
  for (const [at, name] of ['m.of_node', 'm.of_client'].entries()) {
    const call = peer.call(name, { args: { a: 2, b: 3 } });
    rpc.send('call', call);
    await world.clock.until(() => rpc.of('reply').length > at);
    expect(rpc.of('reply')[at]).toMatchObject({ result: { result: 5 } });
    expect(Buffer.compare(rpc.of('reply')[at]?.call_id ?? new Uint8Array(), call.call_id)).toBe(0);
  }
});

test('001-error-timeout: a handler that does not answer in time', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise(ADD, forever));
    const error = (await world.rejection(caller.call(ADD, {}, { timeout: 300 }))) as RpcError;
    expect(error.failure).toEqual({ tag: 'timeout', timeout: 300, sent: true });
    // it may have run, so it may be repeated only when that does no harm
    expect(error.retryable).toBe(false);
    const again = (await world.rejection(
      caller.call(ADD, {}, { timeout: 300, idempotent: true }),
    )) as RpcError;
    expect(again.retryable).toBe(true);
  });
});

test('001-error-other: any other error is one of the closed union, with a text to log', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    await world.settle(provider.advertise('m.circle', () => circle));
    await world.settle(provider.advertise('m.large', () => 'x'.repeat(1_100_000)));
    await world.settle(provider.advertise('m.private', () => 1, { authorize: () => false }));
    await world.settle(provider.advertise('m.full', forever, { limits: { maxConcurrent: 1, maxQueue: 0 } }));
    const held = caller.tryCall('m.full', {}, { timeout: 60_000 });
    const expected = {
      'm.circle': 'unencodable',
      'm.large': 'frame_too_large',
      'm.private': 'unauthorized',
      'm.full': 'overloaded',
      'Bad Name': 'invalid_args',
    };
    for (const [name, tag] of Object.entries(expected)) {
      const error = await world.rejection(caller.call(name));
      expect(error).toBeInstanceOf(RpcError);
      expect(error).toMatchObject({ failure: { tag }, message: expect.stringContaining(tag) as string });
    }
    const canceled = caller.call('m.full', {}, { signal: AbortSignal.abort() });
    expect((await world.failure(canceled)).tag).toBe('canceled');
    await world.settle(caller.disconnect({ timeout: 1 }));
    expect((await world.settle(held)).ok).toBe(false);
  });
});

test('001-practice-return-ok: the returned value is the success', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise(ADD, add));
    expect(await world.settle(caller.tryCall(ADD, { a: 2, b: 3 }))).toMatchObject({
      ok: true,
      value: { result: 5 },
    });
  });
});

interface DeskCalls {
  ask(): string;
}
interface DeskCasts {
  answer(text: string): void;
}

/** Takes requests at once, answers them when it is told to. */
const desk: GenServer<undefined, From[], DeskCalls, DeskCasts> = {
  label: 'desk',
  init: () => [],
  handleCall: { ask: (_none, waiting, _self, from) => noReply([...waiting, from]) },
  handleCast: {
    answer: (text, waiting) => {
      for (const from of waiting) from.reply(text);
      return noReply([]);
    },
  },
};

test('001-practice-fast: an async handler parks only its own child; a GenServer may reply later', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(
      provider.advertise('m.slow', async ({ ms }: { ms: number }) => {
        await new Promise<void>((resolve) => {
          world.clock.setTimer(ms, resolve);
        });
        return ms;
      }),
    );
    const order: unknown[] = [];
    const slow = [300, 100, 200].map(async (ms) => order.push(await caller.call('m.slow', { ms })));
    await world.settle(Promise.all(slow));
    expect(order).toEqual([100, 200, 300]);

    await world.settle(provider.advertise('desk.ask', server(worker('desk', desk, undefined))));
    const asked = [1, 2, 3].map(() => caller.call('desk.ask'));
    await world.clock.advance(1_000);
    const open = new ServerRef<DeskCalls, DeskCasts>(runtimeOf(provider), processOf(provider, 'desk'));
    open.cast('answer', 'later');
    expect(await world.settle(Promise.all(asked))).toEqual(['later', 'later', 'later']);
  });
});

test('001-practice-timeouts: each call has the timeout that its service needs', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(
      provider.advertise('external.api', async () => {
        await new Promise<void>((resolve) => {
          world.clock.setTimer(8_000, resolve);
        });
        return 'answer';
      }),
    );
    const [short, long] = await world.settle(
      Promise.all([caller.tryCall('external.api'), caller.tryCall('external.api', {}, { timeout: 15_000 })]),
    );
    expect(short).toMatchObject({ ok: false, error: { failure: { tag: 'timeout', timeout: 5_000 } } });
    expect(long).toMatchObject({ ok: true, value: 'answer' });
  });
});

/** What to do about each failure: the compiler refuses a switch with a gap. */
function advice(failure: RpcFailure): 'not_available' | 'retry_later' | 'log' {
  switch (failure.tag) {
    case 'no_handler':
    case 'procedure_not_found':
    case 'service_not_found':
      return 'not_available';
    case 'timeout':
    case 'cross_relay_error':
    case 'overloaded':
    case 'connection_error':
      return 'retry_later';
    case 'handler_error':
    case 'handler_crash':
    case 'canceled':
    case 'unauthorized':
    case 'frame_too_large':
    case 'invalid_args':
    case 'unencodable':
    case 'protocol_error':
      return 'log';
  }
}

test('001-practice-all-errors: an exhaustive switch over the union', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('m.slow', forever));
    await world.settle(provider.advertise('m.error', () => err('why')));
    const advised = async (name: string): Promise<string> =>
      advice(await world.failure(caller.call(name, {}, { timeout: 500 })));
    expect(await advised('no.body')).toBe('not_available');
    expect(await advised('m.slow')).toBe('retry_later');
    expect(await advised('m.error')).toBe('log');
  });
  for (const tag of ['no_handler', 'procedure_not_found', 'service_not_found'] as const) {
    expect([advice({ tag }), isNotFound(new RpcError({ tag })), isRetryable({ tag })]).toEqual([
      'not_available',
      true,
      true,
    ]);
  }
  expect([advice({ tag: 'cross_relay_error' }), isRetryable({ tag: 'cross_relay_error' })]).toEqual([
    'retry_later',
    true,
  ]);
});

test('001-practice-one-procedure: each advertise registers one name', async () => {
  await onBothPaths(async ({ world, provider, caller, node }) => {
    const before = contextOf(node).scope.shared<{ size: number }>('serviceRegistry')?.size ?? 0;
    const one = await world.settle(provider.advertise('math.add', add));
    const two = await world.settle(provider.advertise('math.sum', add));
    expect([one.procedure, two.procedure]).toEqual(['math.add', 'math.sum']);
    expect(contextOf(node).scope.shared<{ size: number }>('serviceRegistry')?.size).toBe(before + 2);
    expect(await world.settle(caller.call('math.sum', { a: 2, b: 3 }))).toEqual({ result: 5 });
    await world.settle(one.unadvertise());
    expect((await world.failure(caller.call('math.add'))).tag).toBe('service_not_found');
    expect(await world.settle(caller.call('math.sum', { a: 2, b: 3 }))).toEqual({ result: 5 });
    expect((await world.failure(provider.advertise(['math.add', 'math.sum'] as never, add))).tag).toBe(
      'invalid_args',
    );
  });
});

test('001-select-local: a local handler is preferred; among several the strategy decides', async () => {
  const { world, node, alice, bob } = await openMesh();
  // the client's own before its node
  await node.advertise(ADD, () => 'node');
  await world.settle(alice.advertise(ADD, () => 'alice'));
  for (let n = 0; n < 10; n++) {
    expect(await traffic(world, () => alice.call(ADD))).toEqual({ value: 'alice', sent: false });
  }
  // several local ones at the node: the less busy of two
  await connectLocal(node).advertise(WEATHER, forever);
  const begun = node.tryCall(WEATHER, {}, { timeout: 60_000 });
  await world.clock.settle();
  await world.settle(bob.advertise(WEATHER, () => 'bob'));
  for (let n = 0; n < 10; n++) expect(await world.settle(node.call(WEATHER))).toBe('bob');
  await world.settle(node.disconnect({ timeout: 1 }));
  expect((await world.settle(begun)).ok).toBe(false);
});
