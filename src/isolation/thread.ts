/**
 * One worker thread and how it ends.
 *
 * A thread ends once, with a reason in the runtime's words: `worker_oom` when its heap is full, what it threw when
 * nobody in it caught that, `{ worker_exit: code }` otherwise. It keeps the program alive only while it is held.
 * What the cap covers is the JavaScript heap: memory of ArrayBuffers is outside it, and one allocation of much more
 * than 16 MiB beyond it is fatal for the whole program (V8 knows no way back; Node's leeway at a full heap is that).
 * Source: OTP §4.
 */
import { MessageChannel, Worker, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { ExitReason } from '../actor/exit-reason.ts';
import { checkDeadline } from '../otp/durations.ts';
import type { Birth, Job, Marks, Told } from './thread-messages.ts';
import { programText } from './worker-program.ts';

/** The exit reason of a thread whose heap is full. */
export const WORKER_OOM = 'worker_oom';

/** The exit reason of a thread that ended by itself. */
export interface WorkerExit {
  readonly worker_exit: number;
}

/** What every thread is given. */
export interface ThreadOptions {
  /** The user's module: a `file:` URL, or the text of one. */
  readonly module: URL | string;
  /** MiB of JavaScript heap; at least 4. Default 128. ArrayBuffers do not count. */
  readonly heapMb?: number | undefined;
  /** MiB of stack. Default 4. */
  readonly stackMb?: number | undefined;
  /** What the module finds as `workerData` of `node:worker_threads`. */
  readonly workerData?: unknown;
  /** Milliseconds for loading the module. Default 10,000. */
  readonly startTimeout?: number | undefined;
}

export interface CheckedThread {
  readonly module: string;
  readonly heapMb: number;
  readonly stackMb: number;
  readonly workerData: unknown;
  readonly startTimeout: number;
}

/** Whose thread it is. Called from the event loop, never from inside a call to the thread. */
export interface ThreadOwner {
  told(message: Told): void;
  /** It is gone, whoever ended it. */
  ended(reason: ExitReason): void;
}

const EXAMPLE = "new URL('./work.mjs', import.meta.url)";

const HEAP_MB = 128;
const LEAST_HEAP_MB = 4;
const STACK_MB = 4;
const START_TIMEOUT = 10_000;

/** Fills in the defaults. Throws a `TypeError` that names the option, a `RangeError` for an invalid time. */
export function checkThread(options: ThreadOptions): CheckedThread {
  const { heapMb = HEAP_MB, stackMb = STACK_MB, startTimeout = START_TIMEOUT } = options;
  if (!(Number.isFinite(heapMb) && heapMb >= LEAST_HEAP_MB))
    throw new TypeError(`worker: heapMb must be a number ≥ ${LEAST_HEAP_MB}`);
  if (!(Number.isFinite(stackMb) && stackMb >= 1))
    throw new TypeError('worker: stackMb must be a number ≥ 1');
  checkDeadline('worker: startTimeout', startTimeout);
  return { module: moduleUrl(options.module), heapMb, stackMb, workerData: options.workerData, startTimeout };
}

/** Throws a `TypeError` for invalid options, forgotten or a module in their place, and for a label that is no text. */
export function checkOptions(options: ThreadOptions & { readonly label?: string | undefined }): void {
  if (typeof options !== 'object' || options === null || options instanceof URL)
    throw new TypeError(`worker: options must be an object with a module, as { module: ${EXAMPLE} }`);
  if (options.label !== undefined && typeof options.label !== 'string')
    throw new TypeError('worker: label must be a string');
}

/** A path or a bare name would be looked up from here, which is not what anybody means. */
function moduleUrl(module: unknown): string {
  const text = module instanceof URL ? module.href : module;
  if (typeof text !== 'string' || !/^(file|data|node):/.test(text))
    throw new TypeError(`worker: module must be a file URL, as ${EXAMPLE}`);
  return text;
}

/** Most of the young generation, MiB: it counts beside the rest, so a small heap has a small one. */
const YOUNG_MB = 16;

export class Thread {
  /** True once it has ended or was told to. */
  ending = false;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #gone: Promise<void>;

  /** @param bound messages that code in it may send itself at once. */
  constructor(options: CheckedThread, label: string, owner: ThreadOwner, bound: number = 0) {
    const { heapMb, stackMb, workerData } = options;
    const young = Math.max(1, Math.min(YOUNG_MB, Math.floor(heapMb / 4)));
    const worker = new Worker(programText(), {
      eval: true,
      name: label,
      workerData,
      resourceLimits: {
        maxYoungGenerationSizeMb: young,
        maxOldGenerationSizeMb: heapMb - young,
        stackSizeMb: stackMb,
      },
    });
    this.#worker = worker;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    let cause: { readonly error: unknown } | undefined;
    worker.on('error', (error: unknown) => {
      cause ??= { error };
    });
    port1.on('message', (told: Told) => owner.told(told));
    port1.on('messageerror', (error: unknown) => {
      cause ??= { error };
      this.#terminate();
    });
    this.#gone = new Promise((resolve) => {
      worker.on('exit', (code) => {
        this.ending = true;
        // what it said before it ended counts
        for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1))
          owner.told(last.message as Told);
        port1.close();
        owner.ended(reasonOf(cause, code));
        resolve();
      });
    });
    worker.postMessage({ port: port2, module: options.module, label, bound } satisfies Birth, [port2]);
  }

  /** Throws what structured clone throws; then nothing was sent. */
  post(job: Job, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(job, transfer);
  }

  /** Whether it keeps the program alive. It does from the start. */
  hold(held: boolean): void {
    if (held) {
      this.#worker.ref();
      this.#port.ref();
    } else {
      this.#worker.unref();
      this.#port.unref();
    }
  }

  /** Ends it, whatever it does, and waits until it is gone. Twice is once. */
  end(): Promise<void> {
    if (!this.ending) this.#terminate();
    return this.#gone;
  }

  #terminate(): void {
    this.ending = true;
    this.hold(true);
    // its exit is told by the event
    this.#worker.terminate().catch(() => {});
  }
}

function reasonOf(cause: { readonly error: unknown } | undefined, code: number): ExitReason {
  if (cause === undefined) return { worker_exit: code } satisfies WorkerExit;
  const { error } = cause;
  const outOfMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return outOfMemory ? WORKER_OOM : error;
}

/** An error as it was thrown in the thread, as far as that can be. */
export function revived(error: unknown, { name, code }: Marks): unknown {
  if (!(error instanceof Error)) return error;
  if (name !== undefined && error.name !== name)
    Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  if (code !== undefined && !('code' in error)) Object.assign(error, { code });
  return error;
}
