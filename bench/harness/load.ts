/**
 * Load on one function from inside the calling process: one call after the other, or many at once.
 *
 * Callers look at the clock themselves, because a call that never leaves the process would starve a timer. A
 * watchdog (a timer) sees when no answer comes any more; what was measured until then is the result.
 */
export type Call = (bytes: Uint8Array) => Promise<unknown>;

export interface Phase {
  /** Milliseconds before counting begins. */
  readonly warm: number;
  /** Calls before counting begins; a slow callee is excused after three times `warm`. */
  readonly warmCalls: number;
  /** Milliseconds counted. */
  readonly window: number;
  /** Milliseconds without any answer after which the phase is over: stalled. */
  readonly stallAfter: number;
}

export interface Load {
  /** Calls answered in the window. */
  readonly answered: number;
  /** Milliseconds of the window; of a stalled one, until its last answer. */
  readonly elapsed: number;
  /** CPU time of this process in the window, microseconds, user and system. */
  readonly cpu: number;
  /** Calls that were rejected. */
  readonly failed: number;
  /** What the first of those was rejected with. */
  readonly failure: string | undefined;
  /** Calls still without an answer a while after the last was made. */
  readonly unanswered: number;
  readonly stalled: boolean;
  /** Milliseconds per call, in order; empty unless `timed`. */
  readonly latencies: Float64Array;
}

export interface LoadOptions extends Phase {
  /** Calls at once. */
  readonly lanes: number;
  /** Take the time of every call. */
  readonly timed: boolean;
  /** Told when the window begins and when it ends. */
  readonly mark: (at: 'begin' | 'end') => void;
}

/** A callee that answers too slowly is warm after so many times the time to warm up. */
const PATIENCE = 3;
/** Rejected calls after which a phase is over. */
const MAX_FAILED = 100;
/** Milliseconds to wait for the last answers. */
const GRACE = 3_000;
const WATCH_EVERY = 50;
/** Latencies kept; a window has fewer. */
const MAX_LATENCIES = 1_000_000;

/** Runs a phase. Never rejects. */
export function load(call: Call, bytes: Uint8Array, options: LoadOptions): Promise<Load> {
  globalThis.gc?.();
  return new Run(call, bytes, options).result;
}

class Run {
  readonly result: Promise<Load>;
  readonly #call: Call;
  readonly #bytes: Uint8Array;
  readonly #options: LoadOptions;
  readonly #latencies: Float64Array;
  readonly #start = performance.now();
  #begin: { readonly at: number; readonly cpu: NodeJS.CpuUsage } | undefined;
  #lastAnswer: number = performance.now();
  #warmed = 0;
  #answered = 0;
  #failed = 0;
  #failure: string | undefined;
  #open = 0;
  #over = false;
  #settle: ((stalled: boolean) => void) | undefined;
  #idle: (() => void) | undefined;

  constructor(call: Call, bytes: Uint8Array, options: LoadOptions) {
    this.#call = call;
    this.#bytes = bytes;
    this.#options = options;
    this.#latencies = new Float64Array(options.timed ? MAX_LATENCIES : 0);
    this.result = this.#run();
  }

  async #run(): Promise<Load> {
    const firstCpu = process.cpuUsage();
    const watchdog = setInterval(() => {
      if (performance.now() - this.#lastAnswer >= this.#options.stallAfter) this.#end(true);
    }, WATCH_EVERY);
    const ended = new Promise<boolean>((resolve) => {
      this.#settle = resolve;
    });
    const lanes = Array.from({ length: this.#options.lanes }, () => this.#lane());
    const stalled = await ended;
    clearInterval(watchdog);
    // stalled before the window began: the warm-up is all there is
    const { at, cpu: from } = this.#begin ?? { at: this.#start, cpu: firstCpu };
    const until = stalled ? this.#lastAnswer : performance.now();
    const used = process.cpuUsage(from);
    this.#options.mark('end');
    const answered = this.#begin === undefined ? this.#warmed : this.#answered;
    await this.#settled(lanes);
    return {
      answered,
      elapsed: until - at,
      cpu: used.user + used.system,
      failed: this.#failed,
      failure: this.#failure,
      unanswered: this.#open,
      stalled,
      latencies: this.#latencies.subarray(0, Math.min(answered, this.#latencies.length)),
    };
  }

  async #lane(): Promise<void> {
    const { timed } = this.#options;
    while (!this.#over) {
      const before = performance.now();
      this.#open++;
      try {
        await this.#call(this.#bytes);
      } catch (error) {
        this.#open--;
        this.#rejected(error);
        continue;
      }
      this.#open--;
      const after = performance.now();
      if (this.#over) return;
      this.#lastAnswer = after;
      if (this.#begin === undefined) this.#warming(after);
      else {
        if (timed && this.#answered < MAX_LATENCIES) this.#latencies[this.#answered] = after - before;
        this.#answered++;
        if (after - this.#begin.at >= this.#options.window) this.#end(false);
      }
    }
  }

  #warming(now: number): void {
    this.#warmed++;
    const { warm, warmCalls } = this.#options;
    const passed = now - this.#start;
    if (passed < warm || (this.#warmed < warmCalls && passed < PATIENCE * warm)) return;
    this.#begin = { at: now, cpu: process.cpuUsage() };
    this.#options.mark('begin');
  }

  #rejected(error: unknown): void {
    this.#failure ??= error instanceof Error ? error.message : String(error);
    if (++this.#failed >= MAX_FAILED) this.#end(true);
  }

  #end(stalled: boolean): void {
    this.#over = true;
    this.#settle?.(stalled);
  }

  async #settled(lanes: readonly Promise<void>[]): Promise<void> {
    const grace = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    const timer = setTimeout(() => this.#idle?.(), GRACE);
    await Promise.race([Promise.all(lanes), grace]);
    clearTimeout(timer);
  }
}
