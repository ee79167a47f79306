/**
 * Who dials through a relay proves that he receives there: the token is bound to the session.
 */
import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { systemRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import type { Endpoint, Link } from '../../src/transport/transport.ts';
import { LinkRecorder } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';
import { quiche, rawConfig, RawSocket } from './quic-raw.ts';

const bench = quicBench();
const identity = createIdentity(systemRandom, bench.clock.wall());
const VIRTUAL = { from: { host: 'fd00::b', port: 1 }, to: { host: 'fd00::a', port: 1 } };

let endpoint: Endpoint;
let relay: RawSocket;
let sockets: RawSocket[];
let inbound: LinkRecorder[];

beforeEach(async () => {
  sockets = [];
  inbound = [];
  endpoint = await bench.open({
    onLink: () => {
      const recorder = new LinkRecorder();
      inbound.push(recorder);
      return recorder;
    },
  });
  relay = await new RawSocket().bind();
  sockets.push(relay);
});

afterEach(async () => {
  await endpoint.close();
  for (const socket of sockets) await socket.close();
  bench.empty();
});

const wrapped = (session: Uint8Array, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(1), session, bytes]);

/** Opens a session whose relay is a socket of the test. */
function opened(): Buffer {
  const session = randomBytes(16);
  const via: Partial<Link> = { state: 'open', observed: relay.address, proven: relay.address, paths: [] };
  endpoint.openRelayed(session, via as Link);
  return session;
}

const dropped = (reason: string): number => endpoint.stats().dropped[reason] ?? 0;

test('a Retry through a session is worth nothing through another, or without one', async () => {
  const [mine, other] = [opened(), opened()];
  const config = rawConfig({ privateKey: identity.privateKey, certificates: [identity.certificate] });
  const native = quiche.Connection.connect(null, randomBytes(20), VIRTUAL.to, VIRTUAL.from, config);
  const out = Buffer.alloc(1_200);
  const packet = (): Buffer => Buffer.from(out.subarray(0, native.send(out)?.[0]));
  relay.send(wrapped(mine, packet()), endpoint.local);
  await until(() => relay.received.length > 0);
  const [answer] = relay.received;
  expect(answer?.bytes.subarray(0, 17)).toEqual(wrapped(mine, Buffer.of()));
  native.recv(Buffer.from(answer?.bytes.subarray(17) ?? []), VIRTUAL);
  const initial = packet();

  relay.send(wrapped(other, initial), endpoint.local);
  await until(() => dropped('token_invalid') === 1);
  relay.send(initial, endpoint.local);
  await until(() => dropped('token_invalid') === 2);
  expect([endpoint.stats().links, inbound.length, relay.received.length]).toEqual([0, 0, 1]);

  relay.send(wrapped(mine, initial), endpoint.local);
  await until(() => endpoint.stats().links === 1);
});
