/**
 * What is told to a peer in answer: replies, and that somebody here has ended. Never fails: a value that cannot be written is replaced by a word for it.
 */
import { atom, isAtom } from '../../codec/etf/atom.ts';
import { ImproperList, Tuple } from '../../codec/etf/terms.ts';
import { NodePid } from '../node-pid.ts';
import { writeControl } from '../protocol/control.ts';
import { crashOf, reasonToTerm } from '../reasons.ts';
import type { Channel } from './channel.ts';

/** `{Tag, Value}`, by the alias when the caller has one. */
export function answerCall(channel: Channel, from: unknown, tag: unknown, value: unknown): void {
  if (!channel.open) return;
  const aliased = channel.alias && tag instanceof ImproperList && isAtom(tag.elements[0], 'alias');
  const to = from instanceof NodePid ? from.term : from;
  const control = aliased
    ? writeControl.aliasSend(to, tag.tail)
    : writeControl.send(undefined, to, channel.dialect);
  const posted = channel.post(control, new Tuple([tag, value]));
  if (posted.tag === 'sent') return;
  channel.refused++;
  channel.post(control, new Tuple([tag, new Tuple([atom('badreply'), atom(posted.tag)])]));
}

export function postExit(channel: Channel, from: unknown, to: unknown, reason: unknown): void {
  withReason(channel, reason, (term) => writeControl.exit(from, to, term, channel.dialect));
}

export function postExit2(channel: Channel, from: unknown, to: unknown, reason: unknown): void {
  withReason(channel, reason, (term) => writeControl.exit2(from, to, term, channel.dialect));
}

export function postMonitorExit(
  channel: Channel,
  from: unknown,
  to: unknown,
  ref: unknown,
  reason: unknown,
): void {
  withReason(channel, reason, (term) => writeControl.monitorExit(from, to, ref, term, channel.dialect));
}

function withReason(channel: Channel, reason: unknown, control: (term: unknown) => Tuple): void {
  if (!channel.open) return;
  const { payload } = channel.dialect;
  const post = (term: unknown): boolean =>
    (payload ? channel.post(control(term), term) : channel.post(control(term))).tag === 'sent';
  if (!post(reasonToTerm(reason))) post(crashOf(reason));
}
