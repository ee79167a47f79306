/**
 * Many streams at once, at small stream limits, with aborts; a stream per request without end; readers that stop.
 */
import { randomInt } from 'node:crypto';

import { afterEach, describe, expect, test } from 'vitest';

import { seededRandom, type Random } from '../../src/actor/random.ts';
import { ResetCode, type Stream, type StreamEvents } from '../../src/transport/transport.ts';
import { quicBench, until } from '../net/quic-bench.ts';
import { openPair, type Connected, type LinkRecorder, type Pair } from '../transport/recorder.ts';

const bench = quicBench();
let pair: Pair | undefined;

afterEach(async () => {
  await pair?.close();
  pair = undefined;
  bench.empty();
});

/** What became of requests. */
interface Tally {
  answered: number;
  aborted: number;
  wrong: number;
}

/** A request on a stream of its own, which the other side echoes. */
class Request implements StreamEvents {
  stream: Stream | undefined;
  over = false;
  #received = 0;
  readonly #size: number;
  readonly #tally: Tally;
  readonly #done: () => void;

  constructor(size: number, tally: Tally, done: () => void) {
    this.#size = size;
    this.#tally = tally;
    this.#done = done;
  }

  onData(bytes: Uint8Array): void {
    this.#received += bytes.length;
  }

  onEnd(): void {
    if (this.#received === this.#size) this.#tally.answered++;
    else this.#tally.wrong++;
    this.#end();
  }

  onReset(): void {
    this.#tally.aborted++;
    this.#end();
  }

  onDrain(): void {}

  abort(): void {
    if (this.over) return;
    this.stream?.reset(ResetCode.canceled);
    this.onReset();
  }

  #end(): void {
    this.over = true;
    this.#done();
  }
}

/** Echoes every stream; gives some up instead. */
const echoing = (recorder: LinkRecorder, random: Random, abort: number): void => {
  recorder.onStream = (stream) => {
    if (random.float() < abort) return ResetCode.overloaded;
    const nothing = (): void => undefined;
    return {
      onData: (bytes) => void stream.write(Uint8Array.from(bytes)),
      onEnd: () => void stream.write(new Uint8Array(0), true),
      onReset: nothing,
      onDrain: nothing,
    };
  };
};

interface Load {
  readonly requests: number;
  readonly inFlight: number;
  /** Shares of requests given up by the one who asks, and by the one who answers. */
  readonly abort: readonly [number, number];
  readonly size: number;
}

/** Keeps `inFlight` requests wanted; those without credit wait for it. Rejects when nothing moves for 20 s. */
async function run({ here, there }: Connected, load: Load, random: Random): Promise<Tally> {
  const tally: Tally = { answered: 0, aborted: 0, wrong: 0 };
  const { requests, inFlight, abort, size } = load;
  const body = new Uint8Array(size).fill(7);
  let started = 0;
  let flying = 0;
  const settled = (): number => tally.answered + tally.aborted + tally.wrong;
  echoing(there, random, abort[1]);
  const pump = (): void => {
    while (started < requests && flying < inFlight) {
      const request = new Request(size, tally, () => {
        flying--;
        queueMicrotask(pump);
      });
      const stream = here.link.openStream(request);
      if (stream === undefined) return;
      request.stream = stream;
      started++;
      flying++;
      stream.write(body, true);
      if (random.float() < abort[0]) setTimeout(() => request.abort(), random.u32() % 5);
    }
  };
  here.hooks.onCredit = pump;
  pump();
  for (let last = -1; settled() < requests;) {
    const before = settled();
    if (before === last) throw new Error(`stalled: ${JSON.stringify({ ...tally, started, flying })}`);
    last = before;
    await until(() => settled() >= requests || settled() >= before + requests / 10, 20_000).catch(
      () => undefined,
    );
  }
  here.hooks.onCredit = () => undefined;
  return tally;
}

describe('streams in flight', () => {
  for (const limit of [10, 100])
    for (const inFlight of [64, 512, 4_096])
      test(`${inFlight} wanted at a limit of ${limit}, with random aborts: none stalls, none is lost, all credit returns`, async () => {
        const seed = String(randomInt(2 ** 31));
        console.log(`load: seed ${seed}`);
        pair = await openPair(bench, { limitsB: { streams: limit } });
        const connected = await pair.connect();
        const requests = Math.max(2_000, 2 * inFlight);
        const load = { requests, inFlight, abort: [0.1, 0.1], size: 300 } as const;
        const tally = await run(connected, load, seededRandom(seed));
        expect(tally.wrong).toBe(0);
        expect(tally.answered + tally.aborted).toBe(requests);
        expect(tally.answered).toBeGreaterThan(requests / 2);
        const { here } = connected;
        await until(() => here.link.streamCredit === limit);
        expect(here.isOpen).toBe(true);
      });

  test('100,000 requests, a stream each, 64 in flight: none hangs', async () => {
    pair = await openPair(bench);
    const connected = await pair.connect();
    const since = performance.now();
    const load = { requests: 100_000, inFlight: 64, abort: [0, 0], size: 100 } as const;
    const tally = await run(connected, load, seededRandom('requests'));
    console.log(`load: ${Math.round(100_000 / ((performance.now() - since) / 1_000))} requests/s`);
    expect(tally).toEqual({ answered: 100_000, aborted: 0, wrong: 0 });
    await until(() => connected.here.link.streamCredit === 100);
  });
});

describe('a reader that stops', () => {
  /** Milliseconds of each of `count` small requests, one after the other. */
  async function pings({ here }: Connected, count: number): Promise<number[]> {
    const tally: Tally = { answered: 0, aborted: 0, wrong: 0 };
    const times: number[] = [];
    for (let index = 0; index < count; index++) {
      const since = performance.now();
      const request = new Request(20, tally, () => undefined);
      const stream = here.link.openStream(request);
      if (stream === undefined) throw new Error('no stream credit');
      stream.write(new Uint8Array(20), true);
      await until(() => request.over);
      times.push(performance.now() - since);
    }
    expect(tally.answered).toBe(count);
    return times.sort((a, b) => a - b);
  }

  for (const size of [100_000, 600_000])
    test(`on twelve streams of ${size / 1_000} kB leaves the others a way through`, async () => {
      pair = await openPair(bench);
      const connected = await pair.connect();
      const { here, there } = connected;
      // the first MiB is used, in small steps, so that quiche's window is at its smallest
      echoing(there, seededRandom('none'), 0);
      for (let step = 0; step < 80; step++) await pings(connected, 1);
      const paused: Stream[] = [];
      const echo = there.onStream.bind(there);
      there.onStream = (stream) => {
        if (paused.length === 12) return echo(stream);
        paused.push(stream);
        stream.pause();
        return {
          onData: () => undefined,
          onEnd: () => undefined,
          onReset: () => undefined,
          onDrain: () => undefined,
        };
      };
      const bodies = Array.from({ length: 12 }, () => {
        const body = new Request(size, { answered: 0, aborted: 0, wrong: 0 }, () => undefined);
        body.stream = here.link.openStream(body);
        body.stream?.write(new Uint8Array(size), true);
        return body;
      });
      await until(() => paused.length === 12);
      const look = async (when: string): Promise<void> => {
        const times = await pings(connected, 300);
        const median = times[150] ?? 0;
        console.log(
          `twelve paused, ${when}: median ${median.toFixed(1)} ms, slowest ${times.at(-1)?.toFixed(1)} ms`,
        );
        expect(median).toBeLessThan(50);
        expect(times.at(-1)).toBeLessThan(1_000);
      };
      await look('at once');
      // small bodies lie in memory; of large ones all but one are given up
      await until(() => bodies.filter(({ over }) => over).length === (size > 262_144 ? 11 : 0));
      await look('later');
      expect(here.isOpen).toBe(true);
    });
});
