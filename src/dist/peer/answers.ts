/**
 * What is told to a peer in answer: replies, and that somebody here has ended. Never fails: a value that cannot be written is replaced by a word for it.
 */
import { atom, isAtom } from '../../codec/etf/atom.ts';
import { ImproperList, Tuple } from '../../codec/etf/terms.ts';
import { NodePid } from '../node-pid.ts';
import { writeControl } from '../protocol/control.ts';
import { crashOf, reasonToTerm } from '../reasons.ts';
import type { DistContext } from '../context.ts';
import type { Channel } from './channel.ts';
import { REFERENCE, serialIn } from './references.ts';

/**
 * `{Tag, Value}`, by the alias when the caller has one.
 *
 * The request came over `channel`; the caller may be on another node, when somebody handed it on.
 */
export function answerCall(channel: Channel, from: unknown, tag: unknown, value: unknown): void {
  const { context, partner } = channel;
  if (isNobody(channel, from)) answered(context, new Tuple([tag, value]));
  else if (!(from instanceof NodePid) || from.node === partner.name) answer(channel, from, tag, value);
  else {
    // a call that was handed on is answered where it was made; nobody has us dial nodes by saying that it was
    const other = context.channels.get(from.node);
    if (other !== undefined) answer(other, from, tag, value);
    else channel.refused++;
  }
}

/** Whether it stands for a caller here that is no process. */
export const isNobody = ({ nobody }: Channel, to: unknown): boolean =>
  to instanceof NodePid && to.serial === 0 && to.node === nobody.node && to.creation === nobody.creation;

/** `{Tag, Value}` for a call of ours, of whoever has its reference. @param channel the one it came over, if any. */
export function answered(context: DistContext, message: unknown, channel?: Channel): void {
  if (!(message instanceof Tuple) || message.length !== 2) return;
  const [tag, value] = message.elements as readonly unknown[];
  const ref = tag instanceof ImproperList ? tag.tail : tag;
  const serial = serialIn(ref, context, REFERENCE.call);
  if (serial === undefined) return;
  const asked =
    channel?.calls.has(serial) === true
      ? channel
      : Array.from(context.channels.values()).find(({ calls }) => calls.has(serial));
  const waiting = asked?.calls.take(serial);
  if (asked === undefined || waiting === undefined) return;
  asked.post(writeControl.demonitor(asked.nobody, waiting.target, ref));
  waiting.call.reply(value);
}

function answer(channel: Channel, from: unknown, tag: unknown, value: unknown): void {
  if (!channel.open) return;
  const aliased = channel.alias && tag instanceof ImproperList && isAtom(tag.elements[0], 'alias');
  const to = from instanceof NodePid ? from.term : from;
  const control = aliased ? writeControl.aliasSend(to, tag.tail) : writeControl.send(to);
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
