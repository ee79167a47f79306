/**
 * The process of one shared scope of process groups, which other nodes know by the scope's name and monitor.
 *
 * It owns the life of the sharing: its end takes the members of other nodes out of the scope and ours out of theirs; its successor
 * asks all nodes anew. Supervised below the distribution (permanent).
 */
import type { Process } from '../../actor/process.ts';
import { atom } from '../../codec/etf/atom.ts';
import { Tuple } from '../../codec/etf/terms.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import { GroupsSync, type GroupsArgs } from './groups-sync.ts';

/**
 * ms between two times that nodes without an answer are asked again: Erlang does not tell hidden nodes, such as ours, that a scope has
 * been started there.
 */
export const REPAIR = 5_000;

class Repair {
  readonly repair = true;
}

export const groupsServer: GenServer<GroupsArgs, GroupsSync> = {
  label: 'groups',

  init: (args, self) => {
    const process = self as Process;
    const { context, scope } = args;
    const { exports, events, roots, runtime } = context;
    self.label = `groups ${scope}`;
    roots.open(process);
    // its predecessor may not have ended yet
    args.sync?.end();
    const sync = new GroupsSync(args, process);
    args.sync = sync;
    const stopListening = events.listen((change) => {
      if (change.tag === 'nodeup') sync.discover(change.node);
      else sync.lose(change.node);
    });
    // also when it is killed
    runtime.onExit(process, () => {
      stopListening();
      sync.end();
    });
    exports.registerReceiver(scope, process, (channel, message) => {
      try {
        sync.hear(channel, message);
      } catch (error) {
        runtime.crash(process, error);
      }
    });
    self.sendAfter(REPAIR, new Repair());
    return sync;
  },

  handleRequest: (_term, sync) => reply(new Tuple([atom('error'), atom('undef')]), sync),

  handleInfo: (message, sync, self) => {
    if (message instanceof Repair) {
      sync.repair();
      self.sendAfter(REPAIR, new Repair());
    }
    return noReply(sync);
  },
};
