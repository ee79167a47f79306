/** Time, frames and timers, as the browser has them. The rest of the page takes them from here. */
export interface Browser {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls once after `ms`, unless the returned function is called before. */
  readonly after: (ms: number, run: () => void) => () => void;
  /** Calls once before the next paint. */
  readonly frame: (run: () => void) => void;
}

export const browser: Browser = {
  now: () => window.performance.timeOrigin + window.performance.now(),
  after: (ms, run) => {
    const timer = window.setTimeout(run, ms);
    return () => window.clearTimeout(timer);
  },
  frame: (run) => {
    window.requestAnimationFrame(run);
  },
};
