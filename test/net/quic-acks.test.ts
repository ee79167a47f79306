/** Acknowledgments travel with what is said anyway, and alone when nothing is. */
import { afterEach, expect, test } from 'vitest';

import type { Clock } from '../../src/actor/clock.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { LinkRecorder, type StreamRecorder } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';

const bench = quicBench();
let endpoints: Endpoint[] = [];

afterEach(async () => {
  for (const endpoint of endpoints) await endpoint.close();
  endpoints = [];
  bench.empty();
});

/** In so many turns of the event loop. */
function inTurns(turns: number, act: () => void): void {
  if (turns > 0) setImmediate(inTurns, turns - 1, act);
  else act();
}

type Take = (recorder: StreamRecorder) => void;

/** Answers each message by itself, so many turns of the event loop after it came. */
function echo(later: (message: number) => number): Take {
  let messages = 0;
  return (recorder) => {
    recorder.hooks.onData = (bytes) => {
      const copy = Uint8Array.prototype.slice.call(bytes);
      inTurns(later(messages++), () => recorder.stream?.write(copy));
    };
  };
}

/** Answers each message of so many bytes, once it is there. */
function answers(size: number, answer: number): Take {
  let came = 0;
  return (recorder) => {
    recorder.hooks.onData = (bytes) => {
      came += bytes.length;
      if (came % size === 0) recorder.stream?.write(Buffer.alloc(answer));
    };
  };
}

/** A pair whose acceptor does this with each stream. */
async function pair(
  take: Take,
  clock: Clock = bench.clock,
): Promise<{ a: Endpoint; b: Endpoint; dialer: LinkRecorder }> {
  const answerer = new LinkRecorder();
  answerer.take = take;
  const b = await bench.open({
    clock,
    onLink: (link) => {
      answerer.link = link;
      return answerer;
    },
  });
  const a = await bench.open({ clock, accept: [] });
  endpoints.push(a, b);
  const dialer = new LinkRecorder();
  dialer.link = a.dial({ address: b.local, protocol: 'macula' }, dialer);
  await until(() => dialer.isOpen);
  return { a, b, dialer };
}

test('who asks and answers one at a time sends a packet for each, though answers come turns later', async () => {
  const { a, b, dialer } = await pair(echo(() => 3));
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

/** A clock whose timers wait while it is stopped. */
function stoppable(): Clock & { stop(): void; go(): void } {
  let waiting: (() => void)[] | undefined;
  return {
    ...bench.clock,
    setTimer: (delay, run) =>
      bench.clock.setTimer(delay, () => {
        if (waiting === undefined) run();
        else waiting.push(run);
      }),
    stop: () => {
      waiting = [];
    },
    go: () => {
      const late = waiting ?? [];
      waiting = undefined;
      for (const run of late) run();
    },
  };
}

/** True when it was the same at 50 looks in a row, which are a millisecond apart. */
function stands(look: () => number): () => boolean {
  let last = -1;
  let times = 0;
  return () => {
    const now = look();
    times = now === last ? times + 1 : 0;
    last = now;
    return times === 50;
  };
}

// no more than the smallest usual socket buffer holds: what is lost there waits for a timer, as it has to
test.each([
  [65_536, 65_536],
  [100_000, 100_000],
  [100_000, 100],
])(
  'neither an acknowledgment nor credit that somebody needs waits for a timer: %i bytes, answered with %i',
  async (size, answer) => {
    const clock = stoppable();
    const { dialer } = await pair(answers(size, answer), clock);
    const recorder = dialer.open();
    const ROUNDS = 60;
    let came = 0;
    recorder.hooks.onData = (bytes) => {
      came += bytes.length;
      if (came % answer === 0 && came < ROUNDS * answer) recorder.stream?.write(Buffer.alloc(size));
    };
    recorder.stream?.write(Buffer.alloc(size));
    await until(() => came >= answer);
    clock.stop();
    await until(() => came === ROUNDS * answer).finally(() => {
      clock.go();
    });
    expect(dialer.link.stats().lost).toBe(0);
  },
);

test('what waits for credit leaves as soon as that comes', async () => {
  const clock = stoppable();
  const SIZE = 1_000_000;
  let reader: StreamRecorder | undefined;
  const { dialer } = await pair((recorder) => {
    reader = recorder;
    recorder.stream?.pause();
  }, clock);
  dialer.open().stream?.write(Buffer.alloc(SIZE));
  await until(stands(() => dialer.link.stats().arrivals));
  expect(dialer.link.stats().bytesSent).toBeLessThan(SIZE);
  clock.stop();
  reader?.stream?.resume();
  await until(() => reader?.received === SIZE).finally(() => {
    clock.go();
  });
  expect(dialer.link.stats().lost).toBe(0);
});

test('what is not answered is acknowledged all the same', async () => {
  const { b, dialer } = await pair(echo(() => Infinity));
  const recorder = dialer.open();
  recorder.stream?.write(Buffer.alloc(100));
  const { arrivals } = dialer.link.stats();
  await until(() => dialer.link.stats().arrivals > arrivals);
  expect(dialer.link.stats().lost).toBe(0);
  expect(b.links).toBeDefined();
});
