/**
 * What an actor handles just now: a message whose callback has given a promise that has not settled (INSPECTOR §2).
 *
 * Its kind and who handles it, never what is in it. It is written down when the callback gives its promise, with the time of the turn of
 * the event loop in which the callback began, which is known anyway: so it is the same whether anybody looks or not, and costs no look at the
 * clock.
 */
import { labelText } from './format-term.ts';
import { Kind } from './mailbox.ts';
import { Status, type Process } from './process.ts';

export interface CurrentMessage {
  /** `call`, `cast`, `info`, …; behind it the handler, where the definition has one by name: `call lookup`. */
  readonly type: string;
  /** Milliseconds, rounded down to two digits: what takes long need not be told anew at each look. */
  readonly forMs: number;
}

const NAMES = Object.fromEntries(Object.entries(Kind).map(([name, kind]) => [kind, name]));

/** Undefined: it handles none, or has not come to an `await`; also for one that has no messages, as a task. */
export function currentMessage(process: Process): CurrentMessage | undefined {
  const { awaitedKind: kind, awaited, awaitedSince, runtime } = process;
  if (kind === undefined || process.status !== Status.waiting) return undefined;
  return {
    type: messageType(process, kind, awaited),
    forMs: twoDigits(runtime.clock.now() - runtime.startedAt - awaitedSince),
  };
}

/** What a message is to whoever handles it: its kind, and the handler where the definition has one by name. */
export function messageType({ behavior }: Process, kind: Kind, message: unknown): string {
  const name = NAMES[kind] ?? 'info';
  const handler = behavior.handlerOf?.(kind, message);
  return handler === undefined ? name : `${name} ${labelText(handler)}`;
}

/** 1 h 2 min are an hour, and stay one for the next six minutes. */
function twoDigits(ms: number): number {
  let unit = 1;
  while (ms >= 100 * unit) unit *= 10;
  return Math.max(0, Math.floor(ms / unit) * unit);
}
