/** However a tunnel ends: both ends learn it, what was sent before an orderly end arrives, and nothing of it is left anywhere. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { childrenOf } from '../../../src/actor/tree.ts';
import { CloseCode, ResetCode } from '../../../src/transport/transport.ts';
import type { RawEnd, RawStream } from './raw-end.ts';
import {
  Drain,
  passages,
  processOf,
  RelayWorld,
  type Place,
  type TunnelPair,
  staged,
  type Stage,
} from './relay-world.ts';

/** Milliseconds. */
const IDLE = 5_000;

const WAYS = [
  ['in the streams of the relay', false],
  ['on a connection of their own', true],
] as const;

const children = ({ runtime }: Place): number => [...childrenOf(processOf(runtime, 'tunnels'))].length;

/** Timers, actors and streams there are, of those whose connections stay. */
function counted({ relay, a, b }: Stage): unknown {
  const places = [relay, a, b];
  const credit = (relay.endpoints[0]?.links ?? []) as Iterable<{ readonly streamCredit: number }>;
  return {
    timers: places.map(({ runtime }) => runtime.timers.size),
    alive: places.map(({ runtime }) => runtime.alive),
    streams: Array.from(credit, ({ streamCredit }) => streamCredit),
  };
}

async function expectNothingLeft({ world, relay, a, b }: Stage): Promise<void> {
  await world.pass(10_000);
  expect(relay.relay.status().tunnels).toBe(0);
  expect([a, b].map(passages)).toEqual([0, 0]);
  expect([relay, a, b].map(children)).toEqual([0, 0, 0]);
  for (const { client } of [a, b])
    expect(client.status()).toMatchObject({
      activeTunnels: 0,
      pendingInbound: 0,
      pendingOutbound: 0,
      unidentifiedStreams: 0,
    });
}

type Ends = TunnelPair & { readonly atNear: Drain; readonly atFar: Drain };

async function tunneled(stage: Stage): Promise<Ends> {
  const pair = await stage.world.tunnel(stage.a, stage.b);
  return { ...pair, atNear: new Drain(pair.near.stream), atFar: new Drain(pair.far.stream) };
}

describe.each(WAYS)('the orderly end, %s,', (_way, encryption) => {
  test.each(['near', 'far'] as const)(
    'of the %s half delivers its tail, and leaves the other half',
    async (first) => {
      const stage = await staged({}, encryption);
      const { world } = stage;
      await world.pass(11_000);
      const before = counted(stage);
      const ends = await tunneled(stage);
      const second = first === 'near' ? 'far' : 'near';
      const [atFirst, atSecond] = first === 'near' ? [ends.atNear, ends.atFar] : [ends.atFar, ends.atNear];
      const tail = Buffer.from(world.random.bytes(1_000_000));
      ends[first].stream.end(tail);
      await world.until(() => atSecond.ended);
      expect(Buffer.from(atSecond.text, 'latin1').equals(tail)).toBe(true);
      expect([atFirst.ended, atFirst.closed, atSecond.closed]).toEqual([false, false, false]);
      expect(stage.relay.relay.status().tunnels).toBe(1);
      ends[second].stream.write('and ');
      await world.pass(1_000);
      ends[second].stream.end('back');
      await world.until(() => atFirst.closed && atSecond.closed);
      expect([atFirst.text, atFirst.error, atSecond.error]).toEqual(['and back', undefined, undefined]);
      await expectNothingLeft(stage);
      expect(counted(stage)).toEqual(before);
      if (!encryption) expect(stage.relay.relay.status().bytes).toBe(1_000_008);
    },
  );

  test('of both halves at once delivers both tails', async () => {
    const stage = await staged({}, encryption);
    const ends = await tunneled(stage);
    for (const side of ['near', 'far'] as const) ends[side].stream.end(side.repeat(50_000));
    await stage.world.until(() => ends.atNear.closed && ends.atFar.closed);
    expect([ends.atNear.text, ends.atFar.text]).toEqual(['far'.repeat(50_000), 'near'.repeat(50_000)]);
    await expectNothingLeft(stage);
  });

  test('of both halves delivers what a slow reader has not read, however late it is', async () => {
    const stage = await staged({}, encryption);
    const { world } = stage;
    const { near, far } = await world.tunnel(stage.a, stage.b);
    const tail = 'x'.repeat(3_000_000);
    near.stream.end(tail);
    far.stream.end();
    await world.pass(60_000);
    const drain = new Drain(far.stream);
    const atNear = new Drain(near.stream);
    await world.until(() => drain.ended && atNear.ended);
    expect([drain.length, drain.error]).toEqual([tail.length, undefined]);
    await expectNothingLeft(stage);
  });

  test('of an empty half is an end too', async () => {
    const stage = await staged({}, encryption);
    const ends = await tunneled(stage);
    for (const side of ['near', 'far'] as const) ends[side].stream.end();
    await stage.world.until(() => ends.atNear.ended && ends.atFar.ended);
    await expectNothingLeft(stage);
  });
});

describe('the orderly end', () => {
  test('of the second half while others fill the connection ends the tunnel once they have left', async () => {
    const stage = await staged();
    const { world, a } = stage;
    const others = [await tunneled(stage)];
    for (let count = 1; count < 40; count++) others.push(await tunneled(stage));
    const ends = await tunneled(stage);
    ends.far.stream.end();
    await world.until(() => ends.atNear.ended);
    for (const { near } of others) near.stream.write(Buffer.alloc(200_000));
    expect(Array.from(a.endpoints[0]?.links ?? [], ({ congested }) => congested)).toEqual([true]);
    ends.near.stream.end('tail');
    await world.until(() => ends.atNear.closed && ends.atFar.closed);
    expect([ends.atFar.text, ends.atNear.error, ends.atFar.error]).toEqual(['tail', undefined, undefined]);
    for (const { near, far } of others) for (const { stream } of [near, far]) stream.end();
    await expectNothingLeft(stage);
  });
});

describe('a reset', () => {
  test.each(Object.entries(ResetCode))('%s goes through with its code, either way', async (_name, code) => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.known(relay, 'a@one');
    const b = await world.known(relay, 'b@two');
    const open = async (): Promise<readonly [RawStream, RawStream]> => {
      a.say({ type: 'tunnel_request', target: 'b@two' });
      const count = a.streams.length + 1;
      await world.until(() => a.streams.length === count && b.streams.length === count);
      return [a.streams.at(-1) as RawStream, b.streams.at(-1) as RawStream];
    };
    for (const way of [0, 1]) {
      const streams = await open();
      await world.clock.advance(5);
      (streams[way] as RawStream).stream.reset(code);
      await world.until(() => (streams[1 - way] as RawStream).code !== undefined, 100);
      expect(streams[1 - way]?.code).toBe(code);
      expect(relay.relay.status().tunnels).toBe(0);
    }
    expect(children(relay)).toBe(0);
  });

  test.each(WAYS)(
    'while the other half has ended, and much is under way %s, ends both',
    async (_way, encryption) => {
      const stage = await staged({}, encryption);
      const { world } = stage;
      const ends = await tunneled(stage);
      ends.near.stream.end(Buffer.alloc(4_000_000));
      await world.pass(3);
      ends.far.stream.destroy();
      await world.until(() => ends.atNear.closed && ends.atFar.closed);
      await expectNothingLeft(stage);
    },
  );
});

/** What ends a tunnel, and what either end is told. */
interface Ending {
  readonly strike: (stage: Stage, ends: Ends) => unknown;
  readonly told: readonly unknown[];
  /** What the relay logs. */
  readonly reason: string;
  /** What it logs where the ends have a connection of their own, if that is something else. */
  readonly reasonOfOwn?: string;
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  'the near end destroys its stream': {
    strike: (_stage, { near }) => near.stream.destroy(),
    told: [undefined, 'reset'],
    reason: 'source_reset',
  },
  'the far end destroys its stream': {
    strike: (_stage, { far }) => far.stream.destroy(),
    told: ['reset', undefined],
    reason: 'target_reset',
  },
  'the near end closes the tunnel': {
    strike: ({ a }, { near }) => a.client.closeTunnel(near.tunnelId),
    told: ['closed', 'reset'],
    // in the streams of the relay the reset is faster than the message
    reason: 'source_reset',
    reasonOfOwn: 'closed',
  },
  'the far end closes the tunnel': {
    strike: ({ b }, { far }) => b.client.closeTunnel(far.tunnelId),
    told: ['reset', 'closed'],
    reason: 'target_reset',
    reasonOfOwn: 'closed',
  },
  'the relay loses the connection to the near end': {
    strike: ({ world, relay, a }) => world.network.faults.reset(a.host, relay.host),
    told: ['reset', 'reset'],
    // its streams end before the connection
    reason: 'source_reset',
  },
  'the relay closes the connection to the far end': {
    strike: ({ relay }) => relay.runtime.exit(processOf(relay.runtime, 'client b@two'), 'kill'),
    told: ['reset', 'reset'],
    reason: 'client_gone',
  },
  'the actor of the tunnel at the near end is killed': {
    strike: ({ a }) => a.runtime.exit(processOf(a.runtime, 'tunnel to b@two'), 'kill'),
    told: ['closed', 'reset'],
    reason: 'source_reset',
  },
  'the actor of the tunnel at the far end is killed': {
    strike: ({ b }) => b.runtime.exit(processOf(b.runtime, 'tunnel from a@one'), 'kill'),
    told: ['reset', 'closed'],
    reason: 'target_reset',
  },
  'the actor of the tunnel at the relay is killed': {
    strike: ({ relay }) => relay.runtime.exit(processOf(relay.runtime, 'tunnel a@one to b@two'), 'kill'),
    told: ['reset', 'reset'],
    reason: 'actor_down',
  },
  'a forwarder is killed': {
    strike: ({ relay }) => relay.runtime.exit(processOf(relay.runtime, 'forwarder b@two to a@one'), 'kill'),
    told: ['reset', 'reset'],
    reason: 'forwarder_down',
  },
  'a forwarder ends by itself': {
    strike: ({ relay }) =>
      relay.runtime.exit(processOf(relay.runtime, 'forwarder a@one to b@two'), 'shutdown'),
    told: ['reset', 'reset'],
    reason: 'forwarder_down',
  },
  'nothing moves in it': {
    strike: ({ world }) => world.pass(2 * IDLE),
    told: ['reset', 'reset'],
    reason: 'idle',
  },
};

describe.each(WAYS)('of a tunnel whose ends speak %s', (_way, encryption) => {
  test.each(Object.entries(ENDINGS))(
    '%s: both ends are told, nothing is left',
    async (_what, { strike, told, reason, reasonOfOwn = reason }) => {
      const stage = await staged({ limits: { idle: IDLE } }, encryption);
      const { world, a, b } = stage;
      await world.pass(11_000);
      const before = counted(stage);
      const ends = await tunneled(stage);
      expect([a, b].map(passages)).toEqual(encryption ? [1, 1] : [0, 0]);
      ends.near.stream.write('before');
      await world.until(() => ends.atFar.text === 'before');
      const reasons: unknown[] = [];
      stage.relay.relay.events.addEventListener('dist.tunnel_closed', (event) =>
        reasons.push(event.detail.reason),
      );
      await strike(stage, ends);
      await world.until(() => ends.atNear.closed && ends.atFar.closed, 2_000);
      expect([ends.atNear.failure, ends.atFar.failure]).toEqual(told);
      expect(reasons).toEqual([encryption ? reasonOfOwn : reason]);
      expect([ends.atNear.ended, ends.atFar.ended]).toEqual([false, false]);
      await world.until(() => a.client.status().identified && b.client.status().identified, 2_000);
      await expectNothingLeft(stage);
      expect(counted(stage)).toEqual(before);
      await tunneled(stage);
    },
  );

  test.each([
    ['the client of the near end is closed', ({ a }: Stage) => a.client.close()],
    ['the client of the far end is closed', ({ b }: Stage) => b.client.close()],
  ])('%s: both ends are told at once', async (_what, close) => {
    const stage = await staged({}, encryption);
    const { world, relay } = stage;
    const ends = await tunneled(stage);
    await world.settle(Promise.resolve(close(stage)));
    await world.until(() => ends.atNear.closed && ends.atFar.closed, 100);
    expect(new Set([ends.atNear.failure, ends.atFar.failure])).toEqual(new Set(['closed', 'reset']));
    await world.pass(3_000);
    expect([relay.relay.status().tunnels, children(relay)]).toEqual([0, 0]);
  });

  test('the machine of one end dies without a word: the relay finds out, and tells the other end', async () => {
    const stage = await staged({}, encryption);
    const { world, relay, a } = stage;
    const ends = await tunneled(stage);
    world.network.faults.kill(a.host);
    const before = world.clock.now();
    await world.until(() => ends.atFar.closed, 10_000);
    expect(ends.atFar.failure).toBe('reset');
    // 5 s of silence, and three questions
    expect(world.clock.now() - before).toBeLessThan(7_000);
    expect([relay.relay.status().tunnels, children(relay)]).toEqual([0, 0]);
  });

  test('the relay is closed: both ends are told at once', async () => {
    const stage = await staged({}, encryption);
    const { world, relay } = stage;
    const ends = await tunneled(stage);
    await world.settle(relay.relay.close());
    await world.until(() => ends.atNear.closed && ends.atFar.closed, 100);
    expect([ends.atNear.failure, ends.atFar.failure]).toEqual(['reset', 'reset']);
    expect(relay.relay.status()).toMatchObject({ tunnels: 0, clients: [] });
    expect(relay.runtime.timers.size).toBe(0);
    expect(relay.runtime.alive).toBe(0);
  });
});

describe('of a tunnel', () => {
  test('tunnel_close of either of its ends ends it, that of a third one does nothing', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const ends: RawEnd[] = [];
    for (const name of ['a@one', 'b@two', 'c@three']) ends.push(await world.known(relay, name));
    const [a, b, third] = ends as [RawEnd, RawEnd, RawEnd];
    for (const closer of [a, b]) {
      a.say({ type: 'tunnel_request', target: 'b@two' });
      await world.until(() => a.told('tunnel_ok').length === (closer === a ? 1 : 2));
      const tunnel_id = a.told('tunnel_ok').at(-1)?.tunnel_id as string;
      await world.clock.advance(5);
      third.say({ type: 'tunnel_close', tunnel_id });
      await world.clock.advance(50);
      expect([a.streamOf(tunnel_id).over, b.streamOf(tunnel_id).over]).toEqual([false, false]);
      closer.say({ type: 'tunnel_close', tunnel_id });
      await world.until(() => a.streamOf(tunnel_id).over && b.streamOf(tunnel_id).over, 100);
      // once more is nothing
      closer.say({ type: 'tunnel_close', tunnel_id });
      await world.clock.advance(10);
    }
    expect([relay.relay.status().tunnels, children(relay), third.closed]).toEqual([0, 0, undefined]);
  });

  test('a client that has gone is no target any more, and its tunnels with all others end', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.known(relay, 'a@one');
    const others: RawEnd[] = [];
    for (const name of ['b@two', 'c@three', 'd@four']) {
      others.push(await world.known(relay, name));
      a.say({ type: 'tunnel_request', target: name });
    }
    await world.until(() => a.streams.length === 3);
    others[0]?.say({ type: 'tunnel_request', target: 'c@three' });
    await world.until(() => others[1]?.streams.length === 2);
    a.link?.close(CloseCode.normal);
    await world.until(
      () => others.every(({ streams }) => streams.some(({ code }) => code !== undefined)),
      100,
    );
    expect(relay.relay.status().tunnels).toBe(1);
    expect(others[1]?.streams.map(({ code }) => code === undefined)).toContain(true);
  });
});

test('a tunnel that cannot be opened to its target leaves nothing at its source', async () => {
  const world = new RelayWorld();
  const relay = await world.relay();
  const a = await world.known(relay, 'a@one');
  // it grants the relay one stream
  const b = await world.known(relay, 'b@two', { limits: { streams: 1 } });
  for (const _ of [1, 2]) a.say({ type: 'tunnel_request', target: 'b@two' });
  await world.until(() => a.received.length === 3);
  expect(a.told('tunnel_error').map(({ reason }) => reason)).toEqual(['target_stream_failed']);
  await world.clock.advance(10);
  expect(a.streams.filter(({ code }) => code === undefined)).toHaveLength(1);
  expect([relay.relay.status().tunnels, b.streams.length, children(relay)]).toEqual([1, 1, 1]);
  const process: Process = processOf(relay.runtime, 'tunnel a@one to b@two');
  expect(process.alive).toBe(true);
});
