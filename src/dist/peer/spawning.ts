/**
 * Spawns that a peer asks for: exported functions, and `erpc`, which runs one and ends with its outcome. Anything else is `undef`.
 *
 * Source: Erlang/OTP "Distribution Protocol", SPAWN_REQUEST; `erpc`.
 */
import { ReferenceTerm } from '../../codec/etf/identities.ts';
import { atom, isAtom } from '../../codec/etf/atom.ts';
import { Tuple } from '../../codec/etf/terms.ts';
import { NodePid } from '../node-pid.ts';
import { SPAWN_FLAG, writeControl, type Control } from '../protocol/control.ts';
import { runOf, startRun } from '../running.ts';
import { postExit, postMonitorExit } from './answers.ts';
import type { Channel } from './channel.ts';
import { keyOf } from './references.ts';

type SpawnRequest = Extract<Control, { readonly op: 'spawnRequest' }>;

export function spawnFor(channel: Channel, request: SpawnRequest, args: unknown): void {
  const { context, relations } = channel;
  const { id, from } = request;
  if (!(id instanceof ReferenceTerm) || !(from instanceof NodePid) || from.node !== channel.partner.name)
    return;
  const refuse = (why: string): void => void channel.post(writeControl.spawnReply(id, from, 0, atom(why)));
  const run =
    Array.isArray(args) && args.length === request.arity
      ? runOf(context, request.module, request.function, args)
      : undefined;
  if (run === undefined) {
    refuse('undef');
    return;
  }
  // one that is under way is not asked for again
  const process = relations.room && !relations.watched.has(keyOf(id)) ? startRun(context, run) : undefined;
  if (process === undefined) {
    refuse('system_limit');
    return;
  }
  context.identities.export(process);
  const wants = (option: string): boolean =>
    request.options.some(
      (one) => isAtom(one, option) || (one instanceof Tuple && isAtom(one.elements[0], option)),
    );
  const [link, monitor] = [wants('link'), wants('monitor')];
  const term = context.identities.termOfProcess(process);
  channel.post(
    writeControl.spawnReply(
      id,
      from,
      (link ? SPAWN_FLAG.link : 0) | (monitor ? SPAWN_FLAG.monitor : 0),
      term,
    ),
  );
  if (link && context.runtime.linkedFrom(process, from)) relations.link(process, from);
  else if (link) postExit(channel, term, from, 'noproc');
  if (!monitor) return;
  const key = keyOf(id);
  const watching = context.runtime.onExit(process, (reason) => {
    if (relations.watched.delete(key) && channel.open) postMonitorExit(channel, term, from, id, reason);
  });
  if (process.alive) relations.watched.set(key, { monitor: watching });
}
