/**
 * Watchdog: names the actor that blocks the event loop. Off unless it is started (OTP §4).
 *
 * ```ts
 * const watchdog = startWatchdog(runtime);
 * ```
 * A thread of its own watches a heartbeat and whose turn it is. It writes a line while the loop is blocked, and when
 * the block is over the runtime gets a report `blocked`. It diagnoses, it does not stop: for that a handler has to
 * run in a worker. Costs a few stores per turn; following code behind an `await` costs more, see `follow`.
 */
import { promiseHooks } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { systemClock, type TimerId } from '../actor/clock.ts';
import type { Pid } from '../actor/pid.ts';
import type { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { childrenOf, type Siblings } from '../actor/tree.ts';
import { refuse, wrongObject, wrongRuntime } from './arguments.ts';
import { Turns } from './watchdog/memory.ts';
import { WATCHER, type Blocked, type WatcherData } from './watchdog/watcher.ts';

/** Milliseconds without a heartbeat that are told: told within half a second, and no collection of garbage is. */
const AFTER = 250;
/** Shorter ones are everyday. */
const AFTER_LEAST = 50;
/** Heartbeats, and looks for them, in that time. */
const BEATS = 5;
/** What the watcher may use, MiB; it needs a few. */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4, stackSizeMb: 1 } as const;
const STDERR = 2;

/** When the watchdog speaks, and where. */
export interface WatchdogOptions {
  /** Milliseconds the loop may be blocked before it is told, at least 50. Default 250. */
  readonly after?: number | undefined;
  /** File descriptor for the line that is written while the loop is blocked; null for none. Default 2, stderr. */
  readonly fd?: number | null | undefined;
  /**
   * Whether code that runs behind an `await` counts as its actor's too. Every promise costs more then. Default true:
   * most handlers block there, if they do.
   */
  readonly follow?: boolean | undefined;
}

/** A watchdog that runs. */
export interface Watchdog {
  /** Resolves when the watcher watches. Rejects when it was stopped before, or its thread could not be started. */
  readonly ready: Promise<void>;
  /** Ends it; the runtime is as before. */
  stop(): Promise<void>;
  /** `stop`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts the watchdog of a runtime: a thread that tells which actor blocks the event loop, and for how long.
 *
 * The program goes on for the moment its thread takes to start; then it keeps nothing alive. A thread that ends by itself
 * leaves the runtime as before, which is logged. Throws a `RangeError` for an `after` or `fd` that makes no sense, a
 * `TypeError` when it is no runtime or has a watchdog already.
 */
export function startWatchdog(runtime: Runtime, options: WatchdogOptions = {}): Watchdog {
  refuse(wrongRuntime(runtime) ?? wrongObject('options', 'an object', options));
  const { after = AFTER, fd = STDERR, follow = true } = options;
  if (!(typeof after === 'number' && after >= AFTER_LEAST && after < Infinity))
    throw new RangeError(`after must be milliseconds from ${AFTER_LEAST} up`);
  if (fd !== null && !(Number.isInteger(fd) && fd >= 0))
    throw new RangeError('fd must be a file descriptor, an integer from 0 up, or null');
  if (runtime.scheduler.watch !== null) throw new TypeError('the runtime has a watchdog already');
  const turns = new Turns();
  const poll = after / BEATS;
  const prefix = `<${runtime.node === '' ? '0' : runtime.node}.`;
  const worker = new Worker(WATCHER, {
    eval: true,
    name: 'watchdog',
    workerData: { memory: turns.memory, poll, after, fd, prefix } satisfies WatcherData,
    resourceLimits: LIMITS,
    // nothing of this program's setup belongs there
    execArgv: [],
    env: {},
  });
  worker.on('message', (blocked: Blocked) => tell(runtime, blocked));
  runtime.scheduler.watch = turns;
  const unfollow = follow ? followPromises(turns) : () => {};
  const stopBeat = keepBeating(turns, poll);
  /** False when it has been done. */
  const release = (): boolean => {
    if (runtime.scheduler.watch !== turns) return false;
    runtime.scheduler.watch = null;
    unfollow();
    stopBeat();
    turns.stop();
    return true;
  };
  const ready = new Promise<void>((resolve, reject) => {
    worker.once('online', () => {
      // only now: a listener for messages holds it again, and who waits for `ready` may have nothing else to do
      worker.unref();
      resolve();
    });
    let cause: unknown;
    worker.on('error', (error) => {
      cause = error;
      runtime.defect(error);
    });
    worker.once('exit', () => {
      if (release() && cause === undefined) runtime.defect(new Error('the watchdog has ended'));
      reject(
        new Error(cause === undefined ? 'the watchdog was stopped before it watched' : 'no watchdog', {
          cause,
        }),
      );
    });
  });
  // nobody has to wait for it
  ready.catch(() => {});
  const stop = async (): Promise<void> => {
    release();
    await worker.terminate();
  };
  return { ready, stop, [Symbol.asyncDispose]: stop };
}

/** On the machine's clock, whatever the runtime's is: the thread is what is watched. */
function keepBeating(turns: Turns, every: number): () => void {
  let timer: TimerId;
  const beat = (): void => {
    turns.beat();
    timer = systemClock.setTimer(every, beat);
    systemClock.hold(timer, false);
  };
  beat();
  return () => systemClock.clear(timer);
}

/** A promise that is made in an actor's turn is the actor's, and so is what runs when it settles. */
function followPromises(turns: Turns): () => void {
  const owner = Symbol('owner');
  type Owned = Promise<unknown> & { [owner]?: Process };
  const stop: unknown = promiseHooks.createHook({
    init: (promise: Owned) => {
      if (turns.current !== null) promise[owner] = turns.current;
    },
    before: (promise: Owned) => {
      const process = promise[owner];
      if (process !== undefined) turns.turn(process);
    },
    after: () => {
      if (turns.current !== null) turns.turn(null);
    },
  } as Parameters<typeof promiseHooks.createHook>[0]);
  return stop as () => void;
}

function tell(runtime: Runtime, { serial, label, ms }: Blocked): void {
  runtime.report({
    tag: 'blocked',
    at: runtime.clock.wall(),
    pid: find(runtime, serial) ?? otherPid(runtime, serial),
    label: serial === 0 ? 'no actor' : label,
    ms: Math.round(ms),
  });
}

function find(siblings: Siblings, serial: number): Process | undefined {
  const open: Siblings[] = [siblings];
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const child of childrenOf(at)) {
      if (child.serial === serial) return child;
      open.push(child);
    }
  return undefined;
}

/** Of a process that has died since, or of none. */
function otherPid({ node, creation }: Runtime, serial: number): Pid {
  return { node, creation, serial, toString: () => `<${node === '' ? '0' : node}.${serial}>` };
}
