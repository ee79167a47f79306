/** Acknowledgments travel with what is said anyway, and alone when nothing is. */
import { afterEach, expect, test } from 'vitest';

import type { Endpoint } from '../../src/transport/transport.ts';
import { LinkRecorder } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';

const bench = quicBench();
let endpoints: Endpoint[] = [];

afterEach(async () => {
  for (const endpoint of endpoints) await endpoint.close();
  endpoints = [];
  bench.empty();
});

/** A pair whose acceptor answers each message by itself, `later` turns of the event loop after it came. */
async function pair(later: number): Promise<{ a: Endpoint; b: Endpoint; dialer: LinkRecorder }> {
  const answerer = new LinkRecorder();
  const b = await bench.open({
    onLink: (link) => {
      answerer.link = link;
      return answerer;
    },
  });
  answerer.take = (recorder) => {
    recorder.hooks.onData = (bytes) => {
      const copy = Uint8Array.prototype.slice.call(bytes);
      let left = later;
      const turn = (): void => {
        if (left-- > 0) setImmediate(turn);
        else recorder.stream?.write(copy);
      };
      turn();
    };
  };
  const a = await bench.open({ accept: [] });
  endpoints.push(a, b);
  const dialer = new LinkRecorder();
  dialer.link = a.dial({ address: b.local, protocol: 'macula' }, dialer);
  await until(() => dialer.isOpen);
  return { a, b, dialer };
}

test('who asks and answers one at a time sends a packet for each, though answers come turns later', async () => {
  const { a, b, dialer } = await pair(3);
  const ROUNDS = 500;
  const recorder = dialer.open();
  let answers = 0;
  recorder.hooks.onData = () => {
    answers++;
    if (answers < ROUNDS + 20) recorder.stream?.write(Buffer.alloc(100));
  };
  recorder.stream?.write(Buffer.alloc(100));
  await until(() => answers >= 20);
  const before = [answers, a.stats().datagramsOut, b.stats().datagramsOut] as const;
  await until(() => answers >= ROUNDS + 20);
  const rounds = answers - before[0];
  const out = [a.stats().datagramsOut - before[1], b.stats().datagramsOut - before[2]] as const;
  // a slow machine may need one now and then
  expect(out[0]).toBeLessThan(rounds * 1.3);
  expect(out[1]).toBeLessThan(rounds * 1.3);
});

test('what is not answered is acknowledged all the same', async () => {
  const { b, dialer } = await pair(Infinity);
  const recorder = dialer.open();
  recorder.stream?.write(Buffer.alloc(100));
  const { arrivals } = dialer.link.stats();
  await until(() => dialer.link.stats().arrivals > arrivals);
  expect(dialer.link.stats().lost).toBe(0);
  expect(b.links).toBeDefined();
});
