/**
 * A peer's grant of more (MAX_DATA, MAX_STREAMS) may be lost like any packet; a link that has used up everything goes
 * on all the same.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Endpoint, EndpointLimits } from '../../src/transport/transport.ts';
import { LinkRecorder, type Connected } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';
import { RawSocket } from './quic-raw.ts';

const bench = quicBench();
const STREAMS = 12;
const LIMITS: EndpointLimits = { streams: STREAMS, idleTimeout: 9_000, keepAlive: 300 };

let server: Endpoint;
let client: Endpoint;
let sockets: RawSocket[];
/** Nothing of the server reaches the client. */
let deaf: boolean;
let link: Connected;

beforeEach(async () => {
  let there: LinkRecorder | undefined;
  deaf = false;
  server = await bench.open({
    limits: LIMITS,
    onLink: (inbound) => {
      there = new LinkRecorder();
      there.link = inbound;
      return there;
    },
  });
  client = await bench.open({ limits: LIMITS });
  const front = await new RawSocket().bind();
  const back = await new RawSocket().bind();
  sockets = [front, back];
  front.onDatagram = (bytes) => {
    back.send(bytes, server.local);
  };
  back.onDatagram = (bytes) => {
    if (!deaf) front.send(bytes, client.local);
  };
  const here = new LinkRecorder();
  here.link = client.dial({ address: front.address, protocol: 'macula' }, here);
  await until(() => here.isOpen && there?.isOpen === true);
  link = { here, there: there as LinkRecorder };
});

afterEach(async () => {
  await client.close();
  await server.close();
  for (const socket of sockets) await socket.close();
  bench.empty();
});

const received = (): number => link.there.streams.reduce((sum, { received }) => sum + received, 0);

test("the connection's window, used up while nothing comes back: everything arrives", async () => {
  // less than half of a stream's window each, so that those are never renewed; the first MiB ends within the eleventh
  const size = 100_000;
  const outs = Array.from({ length: STREAMS }, () => link.here.open());
  for (const out of outs.slice(0, 10)) out.stream.write(Buffer.alloc(size, 1), true);
  await until(() => received() === 10 * size);
  // what the server grants when it has read nearly all is lost, also when it says it again
  let begun = false;
  link.there.take = (recorder) => {
    recorder.hooks.onData = () => {
      if (begun || received() < 1_048_576 - 32_768) return;
      begun = true;
      deaf = true;
    };
  };
  for (const out of outs.slice(10)) out.stream.write(Buffer.alloc(size, 2), true);
  let last = -1;
  await until(() => {
    const before = last;
    last = received();
    return begun && before === last;
  });
  await bench.pass(700);
  deaf = false;
  await until(() => received() === STREAMS * size, 5_000);
  expect(link.there.streams.map(({ ended }) => ended)).toEqual(outs.map(() => 1));
  expect(link.here.closed.concat(link.there.closed)).toEqual([]);
});

test('all streams used, and the word that they are free again lost: streams can be opened', async () => {
  const outs = Array.from({ length: STREAMS }, () => link.here.open());
  expect(link.here.tryOpen()).toBeUndefined();
  for (const out of outs) out.hooks.onEnd = () => (deaf = true);
  for (const out of outs) out.stream.write(Buffer.from('?'), true);
  await until(() => link.there.streams.filter(({ ended }) => ended === 1).length === STREAMS);
  for (const { stream } of link.there.streams) stream?.write(Buffer.from('!'), true);
  await until(() => outs.every(({ ended }) => ended === 1));
  // long enough for the server to learn that all have ended, and for more nudges than there are streams to spend
  await bench.pass(2_500);
  deaf = false;
  expect(link.here.credits).toBe(0);
  await until(() => link.here.credits > 0, 5_000);
  expect(Array.from({ length: STREAMS }, () => link.here.tryOpen() === undefined)).toEqual(
    outs.map(() => false),
  );
});
