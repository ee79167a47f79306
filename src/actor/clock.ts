/**
 * Time as the runtime sees it, and the only file that touches the real one.
 *
 * A `Clock` is passed in wherever time is needed, so that everything above runs under a virtual
 * clock. All times are milliseconds. `now` is monotonic and fractional; `wall` is for timestamps in
 * records and certificates only, never for durations.
 */

import { AsyncResource } from 'node:async_hooks';

/** Longest delay a native timer keeps (2^31 - 1 ms, about 24.8 days); Node fires longer ones after 1 ms. */
export const MAX_DELAY = 2_147_483_647;

/** What `setTimer` returns; meaningful only to the clock that made it. */
export type TimerId = object;

/** Where time comes from: the system's clock, or in tests one that is moved by hand. */
export interface Clock {
  /** Monotonic milliseconds since some fixed instant. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC. May jump. */
  wall(): number;
  /** Runs `run` once, not before `delay` ms (clamped to 0 … `MAX_DELAY`) have passed. */
  setTimer(delay: number, run: () => void): TimerId;
  /** Cancels a timer; one that has fired or was cancelled stays so. */
  clear(id: TimerId): void;
  /** Whether this timer alone keeps the process alive. Timers do when they are set. */
  hold(id: TimerId, keepAlive: boolean): void;
  /** Runs `run` after the current synchronous work, before any timer or socket. */
  soon(run: () => void): void;
  /** Runs `run` in a later turn of the event loop, after timers and sockets had their chance. */
  later(run: () => void): void;
}

const done = Promise.resolve();
/** As they are now: a test that fakes timers must not make a runtime wait for the end of a turn that never comes. */
const { setImmediate: immediate } = globalThis;
/** Timers and turns belong to nobody: they neither keep nor show the context (`AsyncLocalStorage`) of who asked first. */
const nobody = new AsyncResource('espalier.clock');

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimer: (delay, run) =>
    nobody.runInAsyncScope(setTimeout, null, run, delay < 0 ? 0 : delay > MAX_DELAY ? MAX_DELAY : delay),
  clear: (id) => {
    clearTimeout(id as NodeJS.Timeout);
  },
  hold: (id, keepAlive) => {
    if (keepAlive) (id as NodeJS.Timeout).ref();
    else (id as NodeJS.Timeout).unref();
  },
  soon: (run) => {
    // a microtask at a third of the price of `queueMicrotask`; what `run` throws is an unhandled rejection
    // oxlint-disable-next-line typescript/no-floating-promises
    done.then(run);
  },
  later: (run) => {
    nobody.runInAsyncScope(immediate, null, run);
  },
};

/** Seconds as milliseconds, for constants that read as they are written in the guides. */
export const seconds = (count: number): number => count * 1_000;
