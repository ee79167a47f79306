/**
 * Rules whose figures are large: unit tests run them smaller, test/stress/relay-sizes.test.ts as SECURITY §14 and RELIABILITY §9 and §10
 * have them.
 */
import { expect } from 'vitest';
import { encodeControl } from '../../../src/dist/relay/protocol/control-encode.ts';
import type { DistRelayClient } from '../../../src/dist/relay/client/relay-client.ts';
import { startRelayClient } from '../../../src/relay-client.ts';
import { ResetCode } from '../../../src/transport/transport.ts';
import type { RawEnd } from './raw-end.ts';
import { RelayWorld, staged } from './relay-world.ts';
import { guess, witness } from './witness.ts';

/** Ids that a relay reads of one client without making it wait, and the milliseconds until it may say as many again. */
const [AT_ONCE, PAUSE] = [1_000, 2_100];

/** Guessed ids, and that of a tunnel of others now and then, close nothing. */
export async function guessedCloses(count: number): Promise<void> {
  const stage = await staged();
  const { world, relay } = stage;
  const { id, works } = await witness(stage);
  const thief = await world.known(relay, 'thief@here');
  for (let said = 0; said < count; said += AT_ONCE) {
    for (let at = 0; at < AT_ONCE; at++) thief.say({ type: 'tunnel_close', tunnel_id: guess(world) });
    thief.say({ type: 'tunnel_close', tunnel_id: id });
    await world.clock.advance(PAUSE);
    // a tunnel in which nothing moves would be closed in time
    await works();
  }
  expect(relay.relay.status()).toMatchObject({ tunnels: 1, skipped: 0 });
  expect(thief.closed).toBeUndefined();
}

/** Streams that begin with guessed ids, and with that of a tunnel of others, are refused, and what they carry is heard by nobody. */
export async function guessedStreams(count: number): Promise<void> {
  const stage = await staged();
  const { world, relay } = stage;
  const { id, works } = await witness(stage);
  const thief = await world.known(relay, 'thief@here');
  let refused = 0;
  for (let opened = 0; opened < count;) {
    const streams = [];
    for (let stream = thief.open(); stream !== undefined; stream = thief.open()) {
      stream.write(`${opened % 8 === 0 ? id : guess(world)}poison`);
      streams.push(stream);
      opened++;
    }
    await world.clock.advance(4);
    refused += streams.filter(({ code }) => code === ResetCode.notAccepted).length;
    expect(streams).not.toEqual([]);
    if (opened % 512 < streams.length) await works();
  }
  expect(refused).toBeGreaterThanOrEqual(count);
  await works();
}

/** Connections that never say who they are, or say a byte of it a second, are closed within 10 s, and disturb nobody. */
export async function slowConnections(count: number): Promise<void> {
  const stage = await staged({ endpointLimits: { halfOpen: 2 * count } });
  const { world, relay } = stage;
  const { works } = await witness(stage);
  /** Virtual milliseconds until what others write has come. */
  const taken = async (): Promise<number> => {
    const before = world.clock.now();
    await works();
    return world.clock.now() - before;
  };
  const alone = await taken();
  const all: RawEnd[] = [];
  /** Virtual milliseconds for which each of them was there. */
  const stays: number[] = [];
  for (let at = 0; at < count; at++) {
    const raw = await world.raw(relay);
    const [opened, onClose] = [world.clock.now(), raw.onClose.bind(raw)];
    raw.onClose = (reason) => {
      stays.push(world.clock.now() - opened);
      onClose(reason);
    };
    all.push(raw);
  }
  const identify = encodeControl({ type: 'identify', node_name: `slow${'x'.repeat(40)}@here` });
  for (let second = 0; second < 10; second++) {
    for (const [at, raw] of all.entries())
      if (at % 2 === 0 && raw.closed === undefined) raw.sayBytes(identify.slice(second, second + 1));
    if (second === 5) await world.client([relay], 'c@three');
    expect(await taken()).toBeLessThanOrEqual(2 * alone);
    await world.clock.advance(1_000);
  }
  await world.clock.advance(100);
  expect(stays).toHaveLength(count);
  expect(Math.max(...stays)).toBeLessThanOrEqual(10_100);
  expect(relay.endpoints[0]?.stats().halfOpen).toBe(0);
  expect(relay.relay.status().clients).toEqual(['a@one', 'b@two', 'c@three']);
  await works();
}

/** Clients that lose their relay at once come back spread over the time that they may wait: at most a fifth in any tenth of it. */
export async function comesBackSpread(count: number): Promise<void> {
  const world = new RelayWorld('crowd');
  const identity = world.identity('relay');
  const options = {
    identity,
    endpointLimits: { acceptRate: 100_000, halfOpen: 2 * count },
    limits: { clients: count + 1 },
  };
  const relay = await world.relay(options);
  const crowd: DistRelayClient[] = [];
  const { runtime } = await world.client([relay], 'first@here');
  for (let at = 0; at < count; at++) {
    const transport = world.network.transport();
    const more = { encryption: false, transport, register: false } as const;
    crowd.push(await startRelayClient(runtime, relay.url, `c${at}@here`, more));
  }
  await world.until(() => relay.relay.status().clients.length === count + 1);
  await world.settle(relay.relay.close());
  const closed = world.clock.now();
  const back = await world.relay({ ...options, host: relay.host });
  const times: number[] = [];
  back.relay.events.addEventListener('dist.client_identified', () => {
    times.push(world.clock.now() - closed);
  });
  await world.until(() => times.length === count + 1, 10_000);
  // the first wait: up to 250 ms; connecting takes some more
  for (let begin = 0; begin < 300; begin += 5) {
    const share = times.filter((time) => time >= begin && time < begin + 25).length / count;
    expect(share).toBeLessThanOrEqual(0.2);
  }
  for (const client of crowd) await world.settle(client.close());
}
