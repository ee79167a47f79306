/**
 * Spawns that a peer asks for: exported functions, and `erpc`, which runs one and ends with its outcome. Anything else is `undef`.
 *
 * Source: Erlang/OTP "Distribution Protocol", SPAWN_REQUEST; `erpc`.
 */
import { ReferenceTerm } from '../../codec/etf/identities.ts';
import { atom, isAtom } from '../../codec/etf/atom.ts';
import { Tuple } from '../../codec/etf/terms.ts';
import type { Process } from '../../actor/process.ts';
import { NodePid } from '../node-pid.ts';
import { writeControl, type Control } from '../protocol/control.ts';
import { runForErpc, startRun } from '../running.ts';
import { postExit, postMonitorExit } from './answers.ts';
import type { Channel } from './channel.ts';
import { keyOf, REFERENCE, serialIn } from './references.ts';

const LINK = 1;
const MONITOR = 2;

type SpawnRequest = Extract<Control, { readonly op: 'spawnRequest' }>;
type SpawnReply = Extract<Control, { readonly op: 'spawnReply' }>;

export function spawnFor(channel: Channel, request: SpawnRequest, args: unknown): void {
  const { context, relations } = channel;
  const { id, from } = request;
  if (!(id instanceof ReferenceTerm) || !(from instanceof NodePid) || from.node !== channel.partner.name)
    return;
  const refuse = (why: string): void => void channel.post(writeControl.spawnReply(id, from, 0, atom(why)));
  const run = runOf(channel, request, args);
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
  channel.post(writeControl.spawnReply(id, from, (link ? LINK : 0) | (monitor ? MONITOR : 0), term));
  if (link && context.runtime.linkedFrom(process, from)) relations.link(process, from);
  else if (link) postExit(channel, term, from, 'noproc');
  if (!monitor) return;
  const key = keyOf(id);
  const watching = context.runtime.onExit(process, (reason) => {
    if (relations.watched.delete(key) && channel.open) postMonitorExit(channel, term, from, id, reason);
  });
  if (process.alive) relations.watched.set(key, { monitor: watching });
}

type Run = (self: Process) => Promise<void>;

/** What is to be run; undefined: nothing that was exported. */
function runOf(
  { context }: Channel,
  { module, function: name, arity }: SpawnRequest,
  args: unknown,
): Run | undefined {
  if (!Array.isArray(args) || args.length !== arity) return undefined;
  if (module === 'erpc' && name === 'execute_call' && arity === 4) {
    const [ref, calledModule, called, values] = args as readonly unknown[];
    if (!isAtom(calledModule) || !isAtom(called) || !Array.isArray(values)) return undefined;
    return (self) => runForErpc(context, self, ref, [calledModule.name, called.name, values]);
  }
  const exported = context.exports.find(module, name);
  if (exported === undefined) return undefined;
  return async (self) => {
    await exported(...(args as never[]));
    context.runtime.die(self, 'normal');
  };
}

/** An answer to a spawn of ours. */
export function spawned(channel: Channel, { id, result }: SpawnReply): void {
  const serial = serialIn(id, channel.context, REFERENCE.spawn);
  if (serial === undefined) return;
  const waiting = channel.calls.take(serial);
  if (waiting === undefined) return;
  if (result instanceof NodePid) waiting.call.reply(result);
  else waiting.call.fail({ tag: 'exit', reason: isAtom(result) ? result.name : 'badreply', holder: null });
}
