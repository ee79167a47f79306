/**
 * What comes to a machine from outside: messages as events, and how many of them it may keep back.
 */
import type { Call } from '../../actor/call.ts';
import { Kind } from '../../actor/mailbox.ts';
import { Down, Exit } from '../../actor/monitor.ts';
import type { Process } from '../../actor/process.ts';
import { Answered } from '../requests.ts';
import { Request, ServerCall } from '../server-call.ts';
import type { QueuedEvent } from './event.ts';
import type { Machine } from './machine.ts';

/** The event that a message is. */
export function eventOf(kind: Kind, message: unknown): QueuedEvent {
  switch (kind) {
    case Kind.call: {
      if (message instanceof ServerCall)
        return { type: 'call', tag: message.tag, content: message.payload, from: message };
      const { request } = message as Call;
      const { tag, payload } = requestOf(request);
      return { type: 'call', tag, content: payload, from: message as Call };
    }
    case Kind.cast: {
      const { tag, payload } = requestOf(message);
      return { type: 'cast', tag, content: payload };
    }
    default:
      return { type: 'info', content: message };
  }
}

/** What is not named by a tag comes with an empty one, and whole. */
const requestOf = (message: unknown): { readonly tag: string; readonly payload: unknown } =>
  message instanceof Request ? message : { tag: '', payload: message };

/** Signals are never dropped, nor is what the machine has told itself. */
function isBounded(event: QueuedEvent): boolean {
  if (event.type !== 'info') return event.type === 'call' || event.type === 'cast';
  const { content } = event;
  return !(content instanceof Down || content instanceof Exit || content instanceof Answered);
}

/** Nobody waits for its answer any more. */
const isAbandoned = (event: QueuedEvent): boolean => event.type === 'call' && event.from.settled;

/**
 * Postpones an event. Postponed events are bounded as the mailbox is, which they came from: one too many fails or is
 * dropped, and counted, by the same policy. Calls whose callers have given up make room first.
 */
export function keepBack(event: QueuedEvent, machine: Machine, self: Process): void {
  const { queue } = machine;
  if (!isBounded(event) || queue.postponed.length < self.bound) {
    queue.postpone(event);
    return;
  }
  self.dropped++;
  const oldest = queue.shed(isAbandoned) ?? (self.full === 'dropOldest' ? queue.shed(isBounded) : undefined);
  if (oldest !== undefined) queue.postpone(event);
  const victim = oldest ?? event;
  if (victim.type === 'call') (victim.from as Partial<Call>).fail?.({ tag: 'overloaded', bound: 'mailbox' });
}
