/**
 * What packets of a peer do here: messages and signals for processes and names that were exported, answers to our own calls.
 *
 * Anything else does nothing, is counted, and harms nobody. Source: Erlang/OTP "Distribution Protocol"; SECURITY §9.
 */
import { Process } from '../../actor/process.ts';
import type { Monitor } from '../../actor/monitor.ts';
import { isAtom } from '../../codec/etf/atom.ts';
import { ReferenceTerm } from '../../codec/etf/identities.ts';
import { ImproperList, Tuple } from '../../codec/etf/terms.ts';
import { NodePid } from '../node-pid.ts';
import { reasonFromTerm } from '../reasons.ts';
import { writeControl, type Control, type Reason } from '../protocol/control.ts';
import { IncomingCall, requestFromTerm } from '../term-call.ts';
import { answerCall, answered, isNobody, postExit, postMonitorExit } from './answers.ts';
import type { Channel } from './channel.ts';
import { keyOf, REFERENCE, serialIn } from './references.ts';
import { spawnFor } from './spawning.ts';
import { spawned } from './spawns.ts';

/** Signals beyond a full mailbox that still get into it. */
const EXITS = 4_096;

export function handle(channel: Channel, control: Control, message: unknown): void {
  const { context, relations } = channel;
  const { runtime, exports } = context;
  switch (control.op) {
    case 'send':
      if (control.to instanceof Process) deliver(channel, control.to, message);
      else if (isNobody(channel, control.to)) answered(channel.context, message, channel);
      return;
    case 'regSend': {
      const process = exports.whereis(control.name);
      if (process !== undefined) deliver(channel, process, message);
      return;
    }
    case 'aliasSend':
      answered(channel.context, message, channel);
      return;
    case 'link': {
      const { from, to } = control;
      if (!isTheirs(channel, from) || !isPid(to)) return;
      if (to instanceof Process && relations.isUnlinking(to, from)) return;
      const mayLink = to instanceof Process && !exports.isService(to) && relations.room && !isFlooded(to);
      if (mayLink && runtime.linkedFrom(to, from)) relations.link(to, from);
      else postExit(channel, to, from, 'noproc');
      return;
    }
    case 'unlink': {
      const { from, to, id } = control;
      if (!isTheirs(channel, from) || !isPid(to)) return;
      if (to instanceof Process && relations.gone(to, from)) runtime.unlinkedFrom(to, from);
      if (id !== undefined) channel.post(writeControl.unlinkAck(id, to, from));
      return;
    }
    case 'unlinkAck': {
      const { from, to, id } = control;
      if (from instanceof NodePid && to instanceof Process) relations.acknowledged(to, from, Number(id));
      return;
    }
    case 'exit': {
      const { from, to } = control;
      if (from instanceof NodePid && to instanceof Process && relations.broken(to, from))
        runtime.linkBroken(to, from, reasonOf(control.reason, message));
      return;
    }
    case 'exit2': {
      const { from, to } = control;
      if (!isTheirs(channel, from) || !(to instanceof Process) || exports.isService(to)) return;
      const reason = reasonOf(control.reason, message);
      if (reason !== 'kill' && isFlooded(to)) channel.refused++;
      else runtime.exit(to, reason, from);
      return;
    }
    case 'monitor':
      monitor(channel, control.from, control.target, control.ref);
      return;
    case 'demonitor': {
      if (!(control.ref instanceof ReferenceTerm)) return;
      const key = keyOf(control.ref);
      const watched = relations.watched.get(key);
      if (watched === undefined) return;
      relations.watched.delete(key);
      runtime.demonitor(watched.monitor);
      return;
    }
    case 'monitorExit':
      fired(channel, control.ref, reasonOf(control.reason, message));
      return;
    case 'spawnRequest':
      spawnFor(channel, control, message);
      return;
    case 'spawnReply':
      spawned(channel, control);
      return;
    case 'unknown':
      return;
  }
}

const reasonOf = (reason: Reason, message: unknown): unknown =>
  reasonFromTerm(reason.in === 'message' ? message : reason.term);

const isPid = (term: unknown): term is Process | NodePid =>
  term instanceof Process || term instanceof NodePid;

/** Exits are messages to who traps them, and a mailbox refuses no signal. */
const isFlooded = (to: Process): boolean => to.trapExit && to.queued >= to.bound + EXITS;

/** Nobody speaks for the processes of another node. */
const isTheirs = ({ partner }: Channel, from: unknown): from is NodePid =>
  from instanceof NodePid && from.node === partner.name;

/** A message for a process of ours: a call, a cast, or what it is. */
function deliver(channel: Channel, to: Process, message: unknown): void {
  const { runtime, exports } = channel.context;
  const isService = exports.isService(to);
  if (message instanceof Tuple) {
    const [tag, first, second] = message.elements as readonly unknown[];
    if (message.length === 3 && isAtom(tag, '$gen_call') && first instanceof Tuple && first.length === 2) {
      const [from, reply] = first.elements as readonly unknown[];
      const call = new IncomingCall(
        requestFromTerm(second),
        (value) => answerCall(channel, from, reply, value),
        // a death is told by the caller's monitor
        (failure) => {
          if (failure.tag === 'overloaded') overloaded(channel, to, from, reply);
        },
      );
      runtime.call(to, call, Infinity);
      // its end says nothing to the call, and one that it never answers is not kept
      call.detach();
      return;
    }
    const isCast = message.length === 2 && isAtom(tag, '$gen_cast');
    if (isService) {
      exports.receiverOf(to)?.(channel, isCast ? first : message);
      return;
    }
    if (isCast) {
      if (!runtime.cast(to, requestFromTerm(first))) channel.refused++;
      return;
    }
  }
  if (!isService && !runtime.send(to, message)) channel.refused++;
}

/** The caller's monitor tells it, since Erlang has no other word for a mailbox that is full. */
function overloaded(channel: Channel, to: Process, from: unknown, reply: unknown): void {
  channel.refused++;
  const ref = reply instanceof ImproperList ? reply.tail : reply;
  const { watched } = channel.relations;
  const watching = ref instanceof ReferenceTerm ? watched.get(keyOf(ref)) : undefined;
  if (!(ref instanceof ReferenceTerm) || watching === undefined) return;
  watched.delete(keyOf(ref));
  channel.context.runtime.demonitor(watching.monitor);
  postMonitorExit(channel, to, from, ref, 'overloaded');
}

function monitor(channel: Channel, from: unknown, target: unknown, ref: unknown): void {
  const { context, relations } = channel;
  if (!(ref instanceof ReferenceTerm) || !isTheirs(channel, from) || (!isPid(target) && !isAtom(target)))
    return;
  const process =
    target instanceof Process ? target : isAtom(target) ? context.exports.whereis(target.name) : undefined;
  const key = keyOf(ref);
  if (relations.watched.has(key)) return;
  if (process === undefined || !relations.room) {
    postMonitorExit(channel, target, from, ref, process === undefined ? 'noproc' : 'system_limit');
    return;
  }
  const watching = context.runtime.onExit(process, (reason) => {
    if (!relations.watched.delete(key) || !channel.open) return;
    postMonitorExit(channel, target, from, ref, reason);
  });
  if (process.alive) relations.watched.set(key, { monitor: watching });
}

/** A process there has ended that we watch, or that we called. */
function fired(channel: Channel, ref: unknown, reason: unknown): void {
  const { context, calls, relations } = channel;
  const call = serialIn(ref, context, REFERENCE.call);
  if (call !== undefined) {
    calls.take(call)?.call.fail({ tag: 'exit', reason, holder: null });
    return;
  }
  const serial = serialIn(ref, context, REFERENCE.monitor);
  const monitor: Monitor | undefined = serial === undefined ? undefined : relations.monitors.get(serial);
  if (monitor === undefined) return;
  relations.monitors.delete(monitor.serial);
  context.runtime.monitorFired(monitor, reason);
}
