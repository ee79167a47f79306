/**
 * The callbacks of a GenServer that run in a worker thread, one at a time, as its process asks for them.
 */
import type { ExitReason } from '../actor/exit-reason.ts';
import { ExitSignal } from '../actor/exit-reason.ts';
import type { Process } from '../actor/process.ts';
import type { TimerEntry } from '../actor/timers.ts';
import type { From } from '../otp/gen-server.ts';
import { revived, Thread, type CheckedThread, type ThreadOwner } from './thread.ts';
import { cloneDetail } from './worker-error.ts';
import type { Callback, Done, Told } from './thread-messages.ts';

/** Open calls that are kept before those that were given up are looked for. */
const OPEN_TOLERATED = 1_024;

/** What a callback cannot be given, or a state that nobody here can be given. */
export class Unclonable {
  readonly detail: string;
  constructor(detail: string) {
    this.detail = detail;
  }
}

interface Pending {
  readonly id: number;
  readonly callback: Callback;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: unknown) => void;
  readonly deadline: TimerEntry | undefined;
}

export class RemoteServer implements ThreadOwner {
  /** Resolves when the module is loaded; a thread that ends before ends the process. */
  readonly loaded: Promise<void>;
  readonly #process: Process;
  readonly #thread: Thread;
  readonly #deadline: number;
  /** Calls whose callbacks gave `noReply`, by the id of their job. */
  readonly #open = new Map<number, From>();
  readonly #patience: TimerEntry;
  #onLoaded: () => void = () => {};
  #pending: Pending | null = null;
  #serial = 0;
  #tolerated = OPEN_TOLERATED;

  /** @param deadline milliseconds of one callback. */
  constructor(process: Process, options: CheckedThread, deadline: number) {
    const { runtime } = process;
    this.#process = process;
    this.#deadline = deadline;
    this.loaded = new Promise((resolve) => {
      this.#onLoaded = resolve;
    });
    this.#thread = new Thread(options, process.label, this, process.bound);
    this.#patience = runtime.timers.after(options.startTimeout, () => {
      runtime.stop(process, 'timeout');
    });
    runtime.onExit(process, () => {
      this.#patience.unset();
      this.#pending?.deadline?.unset();
      this.#pending = null;
      this.#open.clear();
      this.#thread.end().catch((error: unknown) => {
        runtime.defect(error);
      });
    });
  }

  /** False once the thread has ended: no callback runs any more. */
  get alive(): boolean {
    return !this.#thread.ending;
  }

  /**
   * Runs a callback. Past the deadline the process is killed, and with it the thread. Throws `Unclonable` when
   * nothing was sent; rejects with what the callback threw, with `Unclonable` for a state that cannot be copied.
   */
  perform(callback: Callback, name: string, payload: unknown, from?: From): Promise<Done> {
    const id = ++this.#serial;
    try {
      this.#thread.post({ tag: 'callback', id, callback, name, payload });
    } catch (error) {
      throw new Unclonable(cloneDetail(error));
    }
    if (from !== undefined) this.#keep(id, from);
    this.#thread.hold(true);
    const { runtime } = this.#process;
    return new Promise((resolve, reject) => {
      const deadline = runtime.timers.within(this.#deadline, () => {
        runtime.exit(this.#process, 'kill');
      });
      this.#pending = { id, callback, resolve, reject, deadline };
    });
  }

  told(told: Told): void {
    switch (told.tag) {
      case 'loaded':
        this.#patience.unset();
        this.#thread.hold(false);
        this.#onLoaded();
        return;
      case 'broken':
        this.#process.runtime.stop(this.#process, revived(told.error, told.marks));
        return;
      case 'self':
        this.#process.runtime.send(this.#process, told.message);
        return;
      case 'late':
        this.#open.get(told.id)?.reply(told.value);
        this.#open.delete(told.id);
        return;
      default:
        if (told.id === this.#pending?.id) this.#done(this.#pending, told);
    }
  }

  ended(reason: ExitReason): void {
    this.#process.runtime.stop(this.#process, reason);
  }

  #done(
    { id, callback, resolve, reject, deadline }: Pending,
    told: Exclude<Told, { readonly tag: 'loaded' | 'broken' | 'self' | 'late' }>,
  ): void {
    this.#pending = null;
    deadline?.unset();
    this.#thread.hold(false);
    if (told.tag !== 'value' || (told.value as Done).kind !== 'noReply') this.#open.delete(id);
    switch (told.tag) {
      case 'value':
        resolve(told.value as Done);
        break;
      case 'threw':
        reject(revived(told.error, told.marks));
        break;
      case 'exit':
        reject(new ExitSignal(told.reason));
        break;
      case 'unclonable':
        reject(
          callback === 'state'
            ? new Unclonable(told.detail)
            : new TypeError(`a result of ${this.#process.label} cannot be cloned: ${told.detail}`),
        );
        break;
      case 'declared':
      case 'no_function':
        // answers to a pool's calls only
        break;
    }
  }

  /** A callback may answer its call at once, later, or never. */
  #keep(id: number, from: From): void {
    if (this.#open.size >= this.#tolerated) {
      for (const [key, other] of this.#open) if (other.settled) this.#open.delete(key);
      this.#tolerated = Math.max(OPEN_TOLERATED, this.#open.size * 2);
    }
    this.#open.set(id, from);
  }
}
