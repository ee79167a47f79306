/**
 * The process that stands for one thread of a pool: what happens to either happens to the other.
 *
 * It holds the call that its thread runs. Its death, by whatever signal, ends the thread at once, also out of an
 * endless loop; the end of the thread is its own exit (`worker_oom`, `{ worker_exit: code }`, or what was thrown).
 * A function that throws ends neither. Linked to its pool, which replaces it; a crash loses one call.
 */
import type { Behavior } from '../actor/behavior.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Process } from '../actor/process.ts';
import { reportUnhandled } from '../actor/report.ts';
import type { TimerEntry } from '../actor/timers.ts';
import { revived, Thread, type CheckedThread, type ThreadOwner } from './thread.ts';
import type { WorkerCall } from './worker-call.ts';
import { cloneDetail } from './worker-error.ts';
import type { Told } from './thread-messages.ts';

/** What a worker tells its pool, at once and not by message: answers do not wait in mailboxes. */
export interface WorkerOwner {
  /** The module is loaded. */
  loaded(worker: Worker): void;
  /** The call it had has ended. */
  free(worker: Worker): void;
  /** Its process is dead; the thread is still ending. */
  died(worker: Worker, reason: unknown): void;
  /** No thread is left of it. */
  gone(worker: Worker): void;
}

const workerBehavior: Behavior = {
  type: 'Worker',
  receive(kind, message, self) {
    if (kind !== Kind.system && kind !== Kind.exit) reportUnhandled(self, message);
  },
  inspect(self) {
    const { call, loaded, served } = self.state as Worker;
    return { running: call?.name ?? null, loaded, served };
  },
};

export class Worker implements ThreadOwner {
  readonly process: Process;
  readonly thread: Thread;
  /** The call whose function runs. */
  call: WorkerCall | null = null;
  loaded = false;
  /** Its caller gave up, so it was ended. */
  abandoned = false;
  served = 0;
  readonly #owner: WorkerOwner;
  /** For loading the module. */
  readonly #patience: TimerEntry;
  #serial = 0;

  constructor(pool: Process, options: CheckedThread, label: string, owner: WorkerOwner) {
    const { runtime } = pool;
    this.#owner = owner;
    this.process = runtime.spawn(workerBehavior, { parent: pool, label });
    this.process.state = this;
    this.thread = new Thread(options, label, this);
    runtime.activate(this.process);
    this.#patience = runtime.workAfter(options.startTimeout, this.process, (self) => {
      runtime.stop(self, 'timeout');
    });
    runtime.onExit(this.process, (reason) => {
      this.call = null;
      owner.died(this, reason);
      this.thread.end().then(
        () => owner.gone(this),
        (error: unknown) => runtime.defect(error),
      );
    });
  }

  /** Has the thread run a call; false when its arguments cannot be cloned, and the call has been told. */
  run(call: WorkerCall): boolean {
    const { name, args, transfer } = call;
    try {
      this.thread.post({ tag: 'call', id: ++this.#serial, name, args }, transfer);
    } catch (error) {
      call.refuse({ tag: 'unclonable', what: 'arguments', detail: cloneDetail(error) });
      return false;
    }
    this.call = call;
    this.served++;
    this.thread.hold(true);
    call.moveTo(this.process);
    return true;
  }

  /** The caller gave up. */
  abandon(): void {
    this.abandoned = true;
    this.process.runtime.exit(this.process, 'kill');
  }

  told(told: Told): void {
    if (!this.process.alive) return;
    switch (told.tag) {
      case 'loaded':
        this.loaded = true;
        this.#patience.unset();
        this.thread.hold(false);
        this.#owner.loaded(this);
        return;
      case 'broken':
        this.process.runtime.stop(this.process, revived(told.error, told.marks));
        return;
      case 'late':
      case 'self':
        return;
      default:
        if (told.id === this.#serial) this.#answered(told);
    }
  }

  ended(reason: unknown): void {
    this.process.runtime.stop(this.process, reason);
  }

  #answered(told: Exclude<Told, { readonly tag: 'loaded' | 'broken' | 'late' | 'self' }>): void {
    const { call } = this;
    if (call === null) return;
    this.call = null;
    this.thread.hold(false);
    switch (told.tag) {
      case 'value':
        call.reply(told.value);
        break;
      case 'threw':
        call.refuse({ tag: 'threw', error: revived(told.error, told.marks) });
        break;
      case 'exit':
        call.refuse({ tag: 'exit', reason: told.reason });
        break;
      case 'declared':
        call.refuse({ tag: 'declared', reason: told.reason });
        break;
      case 'unclonable':
        call.refuse({ tag: 'unclonable', what: 'result', detail: told.detail });
        break;
      case 'no_function':
        call.refuse({ tag: 'no_function', name: call.name });
        break;
    }
    this.#owner.free(this);
  }
}
