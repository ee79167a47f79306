/**
 * What processes here send to those of one peer that is up. The other half of `incoming.ts`.
 */
import type { Call } from '../../actor/call.ts';
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { Monitor } from '../../actor/monitor.ts';
import { RemoteName } from '../../actor/pid.ts';
import type { Process } from '../../actor/process.ts';
import { Atom, atom } from '../../codec/etf/atom.ts';
import { ImproperList, Tuple } from '../../codec/etf/terms.ts';
import type { NodePid } from '../node-pid.ts';
import { writeControl } from '../protocol/control.ts';
import { requestToTerm } from '../term-call.ts';
import { postExit, postExit2 } from './answers.ts';
import type { Channel } from './channel.ts';
import type { Posted } from './outbox.ts';
import { REFERENCE, referenceOf } from './references.ts';

export type Far = NodePid | RemoteName;

const GEN_CALL = atom('$gen_call');
const GEN_CAST = atom('$gen_cast');
const ALIAS = atom('alias');

/** False when it was refused: the peer is busy, or Erlang has no term for the message. */
export function postMessage(channel: Channel, from: Process | null, to: Far, message: unknown): boolean {
  if (channel.busy) {
    channel.refused++;
    return false;
  }
  return isSent(channel, post(channel, from, to, message));
}

export const postCast = (channel: Channel, from: Process | null, to: Far, request: unknown): boolean =>
  postMessage(channel, from, to, new Tuple([GEN_CAST, requestToTerm(request)]));

/** The caller's reference is an alias and a monitor at once, as with `gen_server:call`. */
export function postCall(channel: Channel, to: Far, call: Call): void {
  const { calls, context, nobody } = channel;
  if (!calls.room) sweepCalls(channel);
  if (channel.busy || !calls.room) {
    channel.refused++;
    call.fail({ tag: 'overloaded', bound: 'peer' });
    return;
  }
  const target = targetOf(to);
  const serial = calls.add(call, target);
  const ref = referenceOf(context, REFERENCE.call, serial);
  const tag = channel.alias ? new ImproperList([ALIAS], ref) : ref;
  const request = new Tuple([GEN_CALL, new Tuple([nobody, tag]), requestToTerm(call.request)]);
  channel.post(writeControl.monitor(nobody, target, ref));
  const posted = post(channel, null, to, request);
  if (posted.tag === 'sent') return;
  channel.refused++;
  calls.take(serial);
  channel.post(writeControl.demonitor(nobody, target, ref));
  call.fail({ tag: 'exit', reason: posted, holder: null });
}

/** Calls that nobody waits for any more, because of their time or their caller: they are watched no more. */
export function sweepCalls(channel: Channel): void {
  const { calls, context, nobody } = channel;
  for (const [serial, { target }] of calls.sweep())
    channel.post(writeControl.demonitor(nobody, target, referenceOf(context, REFERENCE.call, serial)));
}

export function postLink(channel: Channel, from: Process, to: NodePid): void {
  const { context, relations } = channel;
  if (!relations.room || !context.identities.export(from)) {
    context.runtime.linkBroken(from, to, 'system_limit');
    return;
  }
  relations.link(from, to);
  channel.post(writeControl.link(from, to));
}

export function postUnlink(channel: Channel, from: Process, to: NodePid): void {
  const id = channel.relations.unlink(from, to);
  if (id === undefined) return;
  const term = channel.context.identities.termOfProcess(from);
  channel.post(writeControl.unlink(id, term, to, channel.dialect));
  // who does not know ids does not acknowledge
  if (!channel.dialect.unlinkId) channel.relations.acknowledged(from, to, id);
}

export function postMonitor(channel: Channel, monitor: Monitor, to: Far): void {
  const { context, relations } = channel;
  if (!relations.room) {
    context.runtime.monitorFired(monitor, 'system_limit');
    return;
  }
  const watcher = watcherOf(channel, monitor);
  const posted = channel.post(writeControl.monitor(watcher, targetOf(to), refOf(channel, monitor)));
  // a name that nobody can have
  if (posted.tag !== 'sent') context.runtime.monitorFired(monitor, 'noproc');
  else relations.monitors.set(monitor.serial, monitor);
}

export function postDemonitor(channel: Channel, monitor: Monitor, to: Far): void {
  if (!channel.relations.monitors.delete(monitor.serial)) return;
  channel.post(writeControl.demonitor(watcherOf(channel, monitor), targetOf(to), refOf(channel, monitor)));
}

/** The exit signal of a link: `from` has died. */
export function postLinkExit(channel: Channel, from: Process, to: NodePid, reason: ExitReason): void {
  if (!channel.relations.gone(from, to)) return;
  postExit(channel, channel.context.identities.termOfProcess(from), to, reason);
}

/** A link of a process that has died before there was a connection. `postLastExit` follows. */
export function postLastLink(channel: Channel, from: Process, to: NodePid): void {
  channel.post(writeControl.link(channel.context.identities.termOfProcess(from), to));
}

export function postLastExit(channel: Channel, from: Process, to: NodePid, reason: ExitReason): void {
  postExit(channel, channel.context.identities.termOfProcess(from), to, reason);
}

export function postExplicitExit(
  channel: Channel,
  from: Process | null,
  to: NodePid,
  reason: ExitReason,
): void {
  const sender = from === null ? channel.nobody : channel.context.identities.termOfProcess(from);
  postExit2(channel, sender, to, reason);
}

function post(channel: Channel, from: Process | null, to: Far, message: unknown): Posted {
  const { context, nobody } = channel;
  if (!(to instanceof RemoteName)) return channel.post(writeControl.send(to.term), message);
  const sender = from === null ? nobody : context.identities.termOfProcess(from);
  return channel.post(writeControl.regSend(sender, to.name), message);
}

function isSent(channel: Channel, posted: Posted): boolean {
  if (posted.tag === 'sent') return true;
  channel.refused++;
  const error =
    posted.tag === 'unencodable' ? `${posted.reason} at ${posted.path}` : `it takes ${posted.bytes} bytes`;
  channel.context.log.emit('dist.unsendable', { node: channel.partner.name, error });
  return false;
}

// a name that is none is refused when it is written
const targetOf = (to: Far): unknown => (to instanceof RemoteName ? new Atom(to.name) : to.term);

const watcherOf = ({ context, nobody }: Channel, { watcher }: Monitor): unknown =>
  watcher === null ? nobody : context.identities.termOfProcess(watcher);

const refOf = ({ context }: Channel, { serial }: Monitor): unknown =>
  referenceOf(context, REFERENCE.monitor, serial);
