import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { Prober } from '../../../src/mesh/connection/prober.ts';
import type { Link } from '../../../src/transport/transport.ts';

/** A link, a clock, and timers that come when we say. */
class Bench {
  now = 0;
  arrivals = 0;
  pings = 0;
  readonly told: boolean[] = [];
  #due = 0;
  #run: (() => void) | undefined;
  readonly #process = {
    clock: { now: () => this.now },
    runtime: {
      workAfter: (delay: number, _process: unknown, run: () => void) => {
        this.#due = this.now + delay;
        this.#run = run;
        return { unset: () => (this.#run = undefined) };
      },
    },
  } as unknown as Process;

  readonly #link: Link;

  constructor(rtt = 0, atLeast = 0) {
    const link = {
      state: 'open',
      ping: () => this.pings++,
      stats: () => ({ rtt, arrivals: this.arrivals }),
    } as unknown as Link;
    this.#link = link;
    const question = (): void => {
      link.ping();
    };
    const prober = new Prober({ link, owed: false, patience: 3, question, onSuspect: () => undefined });
    prober.ask(this.#process, atLeast, (alive) => this.told.push(alive));
  }

  /** One that watches, with a call under way all the time; `told` which doubts begin and end. */
  watching(told: boolean[]): Prober {
    const onSuspect = (suspect: boolean): unknown => told.push(suspect);
    const question = (): void => {};
    const prober = new Prober({ link: this.#link, owed: true, patience: 3, question, onSuspect });
    prober.start(this.#process);
    return prober;
  }

  /** The next look, `late` ms after it was due. */
  look(late = 0): void {
    const run = this.#run;
    this.#run = undefined;
    this.now = this.#due + late;
    run?.();
  }
}

describe('the last question', () => {
  test('is asked ten times in max(500 ms, 3 round trips), or in the time that is given', () => {
    for (const [bench, ms] of [
      [new Bench(), 500],
      [new Bench(400), 1_200],
      [new Bench(0, 1_000), 1_000],
      [new Bench(400, 1_000), 1_200],
    ] as const) {
      for (let n = 0; n < 10; n++) {
        expect(bench.told).toEqual([]);
        bench.look();
      }
      expect([bench.told, bench.pings, Math.round(bench.now)]).toEqual([[false], 10, ms]);
    }
  });

  test('is answered by anything that comes from the peer', () => {
    const bench = new Bench();
    bench.look();
    bench.arrivals++;
    bench.look();
    expect(bench.told).toEqual([true]);
  });

  test('is not held against a peer whose answer may lie in our socket: a look that comes late counts nothing', () => {
    const bench = new Bench();
    for (let n = 0; n < 50; n++) bench.look(60);
    expect(bench.told).toEqual([]);
    for (let n = 0; n < 9; n++) bench.look(50);
    expect(bench.told).toEqual([]);
    bench.look();
    expect(bench.told).toEqual([false]);
  });
});

describe('a peer in doubt', () => {
  test('is trusted again when a call of ours is answered, not at the next look', () => {
    const bench = new Bench();
    const suspected: boolean[] = [];
    const prober = bench.watching(suspected);
    for (let n = 0; n < 3; n++) bench.look();
    expect(suspected).toEqual([true]);
    // a call that has ended for another reason says nothing
    prober.heard();
    expect(suspected).toEqual([true]);
    bench.arrivals++;
    prober.heard();
    expect(suspected).toEqual([true, false]);
    // and the count begins anew
    for (let n = 0; n < 2; n++) bench.look();
    expect(suspected).toEqual([true, false]);
    bench.look();
    expect(suspected).toEqual([true, false, true]);
  });
});
