/**
 * Spawns that this node asks a peer for: functions that run there, each in a process of its own.
 *
 * A link or a monitor comes to be with the process, so that nothing of its life is missed. A request that nobody waits for
 * any more stays until it is answered: what was started for it then is told so, `abandoned`, when it is linked, and is
 * watched by nobody. Source: Erlang/OTP "Distribution Protocol", SPAWN_REQUEST; `erlang:spawn_request`.
 */
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { Monitor } from '../../actor/monitor.ts';
import { atom, isAtom } from '../../codec/etf/atom.ts';
import type { ReferenceTerm } from '../../codec/etf/identities.ts';
import { NodePid } from '../node-pid.ts';
import { SPAWN_FLAG, writeControl, type Control } from '../protocol/control.ts';
import { postExit } from './answers.ts';
import type { Channel } from './channel.ts';
import { REFERENCE, referenceOf, serialIn } from './references.ts';
import type { Spawning } from './spawn-table.ts';

export function postSpawn(channel: Channel, spawning: Spawning): void {
  const { context, spawns, relations, nobody } = channel;
  const { call, from, link, monitor } = spawning;
  if (call.settled) return;
  const refuse = (reason: unknown): void => void call.fail({ tag: 'exit', reason, holder: null });
  if (!channel.spawn) {
    refuse('notsup');
    return;
  }
  if (channel.busy) {
    channel.refused++;
    call.fail({ tag: 'overloaded', bound: 'peer' });
    return;
  }
  if (!spawns.room || !relations.room || (from !== null && !context.identities.export(from))) {
    refuse('system_limit');
    return;
  }
  const serial = context.runtime.reserveRef();
  const id = referenceOf(context, REFERENCE.monitor, serial);
  const args = spawning.args(id);
  const options = [...(link ? [atom('link')] : []), ...(monitor ? [atom('monitor')] : [])];
  const by = from === null ? nobody : context.identities.termOfProcess(from);
  const posted = channel.post(
    // nobody is the group leader: what it prints is for no process here
    writeControl.spawnRequest(id, by, nobody, [spawning.module, spawning.function, args.length], options),
    args,
  );
  if (posted.tag === 'sent') spawns.add(serial, spawning);
  else refuse(posted);
}

type SpawnReply = Extract<Control, { readonly op: 'spawnReply' }>;

/** A peer answers. */
export function spawned(channel: Channel, { id, flags, result }: SpawnReply): void {
  const serial = serialIn(id, channel.context, REFERENCE.monitor);
  const spawning = serial === undefined ? undefined : channel.spawns.take(serial);
  if (serial === undefined || spawning === undefined) return;
  const { call } = spawning;
  if (!(result instanceof NodePid) || result.node !== channel.partner.name) {
    call.fail({ tag: 'exit', reason: isAtom(result) ? result.name : 'badreply', holder: null });
    return;
  }
  const linked = spawning.link && (flags & SPAWN_FLAG.link) !== 0;
  const monitored = spawning.monitor && (flags & SPAWN_FLAG.monitor) !== 0;
  const gone = spawning.from?.alive === false;
  if (call.settled || gone || linked !== spawning.link || monitored !== spawning.monitor) {
    abandon(channel, spawning, result, id as ReferenceTerm, { linked, monitored });
    call.fail({ tag: 'exit', reason: gone ? 'noproc' : 'badreply', holder: null });
  } else spawning.started(result, related(channel, spawning, result, serial));
}

/** Link and monitor are there already; this end learns of them. */
function related(
  { context, relations }: Channel,
  { from, link, monitor, notify }: Spawning,
  pid: NodePid,
  serial: number,
): Monitor | undefined {
  const { runtime } = context;
  if (link && from !== null && runtime.linkedFrom(from, pid)) relations.link(from, pid);
  if (!monitor) return undefined;
  const told =
    notify === null
      ? null
      : (reason: ExitReason) => notify(reason, referenceOf(context, REFERENCE.monitor, serial));
  const made = runtime.monitoredFrom(serial, pid, from, told);
  relations.monitors.set(serial, made);
  return made;
}

function abandon(
  channel: Channel,
  { from }: Spawning,
  pid: NodePid,
  id: ReferenceTerm,
  { linked, monitored }: { readonly linked: boolean; readonly monitored: boolean },
): void {
  const by = from === null ? channel.nobody : channel.context.identities.termOfProcess(from);
  if (monitored) channel.post(writeControl.demonitor(by, pid.term, id));
  if (linked) postExit(channel, by, pid, 'abandoned');
}
