/**
 * What all references have in common: whom they mean, by pid or by a name that is looked up anew for each
 * message, so that a restart is not noticed.
 */
import type { ExitReason } from '../actor/exit-reason.ts';
import type { NameScope } from '../actor/names.ts';
import type { Pid } from '../actor/pid.ts';
import { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { stopProcess, type Shutdown } from './stop.ts';

/** A name in a scope. */
export interface Named {
  readonly scope: NameScope;
  readonly name: string;
}

export class ProcessRef {
  readonly runtime: Runtime;
  readonly #target: Pid | Named;

  constructor(runtime: Runtime, target: Pid | Named) {
    this.runtime = runtime;
    this.#target = target;
  }

  /** The process behind it now; undefined while the name is free. */
  get pid(): Pid | undefined {
    const target = this.#target;
    return 'scope' in target ? target.scope.whereis(target.name) : target;
  }
}

/** A reference to a supervisor of either kind. */
export class TreeRef extends ProcessRef {
  /** Stops the tree below it as its kind does, then itself, and waits. Gives the reason it ended with. */
  async stop(shutdown: Shutdown = Infinity): Promise<ExitReason> {
    const process = this.pid;
    if (!(process instanceof Process) || !process.alive) return 'noproc';
    return stopProcess(process, process.parentProcess, shutdown);
  }
}
