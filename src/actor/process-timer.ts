/**
 * Timers that belong to a process and are forgotten when it dies.
 *
 * They hang in a list at their process, so that setting and cancelling one costs a few pointers.
 */
import { signal, type Work } from './delivery.ts';
import { Kind } from './mailbox.ts';
import type { Process } from './process.ts';
import { TimerEntry } from './timers.ts';

export abstract class ProcessTimer extends TimerEntry {
  // set by the constructor: see TimerEntry
  declare readonly owner: Process;
  declare private listed: boolean;
  declare private previousOfOwner: ProcessTimer | null;
  declare private nextOfOwner: ProcessTimer | null;

  constructor(owner: Process) {
    super();
    this.owner = owner;
    this.listed = false;
    this.previousOfOwner = null;
    this.nextOfOwner = null;
  }

  /** How many of a process are set; looks at each. */
  static countOf({ timers }: Process): number {
    let count = 0;
    for (let timer = timers; timer !== null; timer = timer.nextOfOwner) count++;
    return count;
  }

  /** Its time has come; the owner is alive. */
  protected abstract fire(): void;

  /** Sets it to fire in `delay` ms; does nothing when the owner is dead. */
  start(delay: number): void {
    const { owner } = this;
    if (!owner.alive) return;
    this.listed = true;
    this.nextOfOwner = owner.timers;
    if (owner.timers !== null) owner.timers.previousOfOwner = this;
    owner.timers = this;
    owner.runtime.timers.set(this, delay);
  }

  override onTimer(): void {
    this.#leave();
    this.fire();
  }

  override unset(): boolean {
    this.#leave();
    return super.unset();
  }

  #leave(): void {
    if (!this.listed) return;
    this.listed = false;
    if (this.previousOfOwner === null) this.owner.timers = this.nextOfOwner;
    else this.previousOfOwner.nextOfOwner = this.nextOfOwner;
    if (this.nextOfOwner !== null) this.nextOfOwner.previousOfOwner = this.previousOfOwner;
    this.previousOfOwner = this.nextOfOwner = null;
  }
}

/** Sends its owner a message. */
export class MessageTimer extends ProcessTimer {
  readonly #message: unknown;
  constructor(owner: Process, message: unknown) {
    super(owner);
    this.#message = message;
  }
  protected override fire(): void {
    this.owner.runtime.send(this.owner, this.#message);
  }
}

/** Has its owner do some work. Not lost when the mailbox is full; void once cancelled, even if it had fired. */
export class WorkTimer extends ProcessTimer implements Work {
  readonly #work: (self: Process) => void | PromiseLike<void>;
  #canceled = false;
  constructor(owner: Process, work: (self: Process) => void | PromiseLike<void>) {
    super(owner);
    this.#work = work;
  }
  override unset(): boolean {
    this.#canceled = true;
    return super.unset();
  }
  run(self: Process): void | PromiseLike<void> {
    return this.#canceled ? undefined : this.#work(self);
  }
  protected override fire(): void {
    signal(this.owner, Kind.work, this);
  }
}
