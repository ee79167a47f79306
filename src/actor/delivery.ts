/**
 * How the kernel itself puts something into a mailbox: exit messages, DOWN, system messages, work.
 *
 * Signals are never refused because of the bound. User messages take `Runtime.send`, which has one.
 */
import { Mailbox, type Kind } from './mailbox.ts';
import { Status, type Process } from './process.ts';

/**
 * Something a library does in a process's own turn, between two messages: an expired timer of a state
 * machine, a retry. The scheduler runs it; behaviors never see it. A throw crashes the process, a returned
 * promise parks it.
 */
export interface Work {
  run(self: Process): void | PromiseLike<void>;
}

/** Queues a signal in the order it came, after everything the same sender sent before. */
export function signal(to: Process, kind: Kind, message: unknown): void {
  (to.mailbox ??= new Mailbox()).push(kind, message);
  wake(to);
}

/** Queues a signal before all messages, after earlier urgent ones. */
export function urgentSignal(to: Process, kind: Kind, message: unknown): void {
  (to.urgent ??= new Mailbox()).push(kind, message);
  wake(to);
}

/** Queues a signal before everything else. */
export function nextSignal(to: Process, kind: Kind, message: unknown): void {
  (to.urgent ??= new Mailbox()).unshift(kind, message);
  wake(to);
}

/** Takes back what is queued and `matches`. */
export function withdraw(from: Process, matches: (kind: Kind, message: unknown) => boolean): void {
  from.mailbox?.remove(matches);
  from.urgent?.remove(matches);
}

export function hasWork(process: Process): boolean {
  if (process.urgent !== null && process.urgent.length > 0) return true;
  return !process.suspended && process.mailbox !== null && process.mailbox.length > 0;
}

function wake(process: Process): void {
  if (process.status === Status.idle && hasWork(process)) process.runtime.scheduler.ready(process);
}
