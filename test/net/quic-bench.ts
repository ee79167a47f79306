/**
 * What tests of the QUIC transport share: real sockets on loopback, a clock that counts its timers, waiting
 * with a deadline, and a look at what the process still holds.
 */
import { systemClock, type Clock, type TimerId } from '../../src/actor/clock.ts';
import { systemRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { quicTransport } from '../../src/transport/quic/transport.ts';
import type { Endpoint, EndpointOptions } from '../../src/transport/transport.ts';
import type { Bench } from '../transport/recorder.ts';

/** Longest wait for anything, unless a test says otherwise. ms */
const PATIENCE = 15_000;

/** The system clock, counting the timers that are set and neither fired nor cleared. */
export interface CountingClock extends Clock {
  readonly pending: number;
  /** Those of them that keep the process alive. */
  readonly held: number;
}

export function countingClock(): CountingClock {
  const timers = new Set<TimerId>();
  const held = new Set<TimerId>();
  const forget = (id: TimerId): void => {
    timers.delete(id);
    held.delete(id);
  };
  return {
    ...systemClock,
    setTimer: (delay, run) => {
      const id = systemClock.setTimer(delay, () => {
        forget(id);
        run();
      });
      timers.add(id);
      held.add(id);
      return id;
    },
    clear: (id) => {
      forget(id);
      systemClock.clear(id);
    },
    hold: (id, keepAlive) => {
      if (keepAlive) held.add(id);
      else held.delete(id);
      systemClock.hold(id, keepAlive);
    },
    get held() {
      return held.size;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Waits until `condition` holds, looking again in every turn of the event loop. */
export async function until(condition: () => boolean, limit: number = PATIENCE): Promise<void> {
  const deadline = systemClock.now() + limit;
  while (!condition()) {
    if (systemClock.now() > deadline)
      throw new Error(`still waiting after ${limit} ms: ${String(condition)}`);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

const pass = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** UDP sockets the process holds open. */
export const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'UDPWrap').length;

export interface QuicBench extends Bench {
  readonly clock: CountingClock;
  /** Opens an endpoint with a fresh identity that accepts `macula`. */
  open(options?: Partial<EndpointOptions>): Promise<Endpoint>;
}

export function quicBench(): QuicBench {
  const clock = countingClock();
  const transport = quicTransport();
  return {
    a: transport,
    b: transport,
    clock,
    random: systemRandom,
    until,
    pass,
    empty: () => {
      if (clock.pending !== 0) throw new Error(`${clock.pending} timers are left`);
    },
    open: (options = {}) =>
      transport.open({
        clock,
        random: systemRandom,
        identity: createIdentity(systemRandom, clock.wall()),
        accept: ['macula'],
        ...options,
      }),
  };
}
