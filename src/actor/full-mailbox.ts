/**
 * What happens when a user message comes to a full mailbox.
 */
import type { Call, CallFailure } from './call.ts';
import { Kind, type Mailbox } from './mailbox.ts';
import type { Process } from './process.ts';

/** How a call that finds no room ends. */
export const MAILBOX_FULL: CallFailure = { tag: 'overloaded', bound: 'mailbox' };

/** A user message comes to a full mailbox: whether there is room now, or it is refused, or dropped in silence. */
export function onFull(to: Process, mailbox: Mailbox): 'room' | 'refused' | 'dropped' {
  to.dropped++;
  if (to.full === 'reject') return 'refused';
  const { length } = mailbox;
  const victim = to.full === 'dropOldest' ? mailbox.shed() : undefined;
  // a mailbox full of signals has nothing to give
  if (victim === undefined) return 'dropped';
  if (victim.kind === Kind.call) (victim.message as Call).fail(MAILBOX_FULL);
  if (to.alive && mailbox.length < length) return 'room';
  // whoever heard of that failure has ended this process, or taken the place
  to.dropped++;
  return 'dropped';
}
