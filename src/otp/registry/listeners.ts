/**
 * Who is told of what happens in a table: pids, and names that are looked up for each message.
 *
 * A table of names is a user's: what it throws is logged and keeps nobody else from hearing.
 */
import { RemotePid, type Pid } from '../../actor/pid.ts';
import { Process } from '../../actor/process.ts';
import type { Runtime } from '../../actor/runtime.ts';
import { isObject, wrongArgument } from '../arguments.ts';
import type { Named } from '../process-ref.ts';

type Listener = Pid | Named<unknown>;

export class Listeners {
  readonly #all: readonly Listener[];

  /** Throws a `TypeError` for what is no list of listeners. */
  constructor(listeners: readonly Listener[]) {
    if (!Array.isArray(listeners)) throw wrongArgument('listeners', 'an array', listeners);
    for (const listener of listeners as readonly unknown[])
      if (!isListener(listener)) throw wrongArgument('listener', 'a pid or a name in a scope', listener);
    this.#all = [...listeners];
  }

  get none(): boolean {
    return this.#all.length === 0;
  }

  /** Sends each of them `message`; one with a full mailbox misses it. Never throws. */
  tell(runtime: Runtime, message: unknown): void {
    for (const listener of this.#all) {
      try {
        const pid = 'scope' in listener ? listener.scope.whereis(listener.name) : listener;
        if (pid !== undefined) runtime.send(pid, message);
      } catch (error) {
        // neither a registration nor a death is that table's business
        runtime.defect(error);
      }
    }
  }
}

function isListener(value: unknown): boolean {
  if (value instanceof Process || value instanceof RemotePid) return true;
  const scope: unknown = isObject(value) && 'scope' in value ? value.scope : undefined;
  return isObject(scope) && 'whereis' in scope && typeof scope.whereis === 'function';
}
