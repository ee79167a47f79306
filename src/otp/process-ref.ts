/**
 * What all references have in common: whom they mean, by pid or by a name that is looked up anew for each
 * message, so that a restart is not noticed.
 */
import type { ExitReason } from '../actor/exit-reason.ts';
import type { NameTable } from '../actor/names.ts';
import { RemoteName, type Pid, type Target } from '../actor/pid.ts';
import { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { isObject, refuse, wrongArgument, wrongRuntime } from './arguments.ts';
import { checkDuration } from './durations.ts';
import { ExitError } from './errors.ts';
import { wrongTable } from './start-options.ts';
import { stopProcess, type Shutdown } from './stop.ts';

/** A name in a scope, or in any other table of names (`via`). */
export interface Named<Name = string> {
  readonly scope: NameTable<Name>;
  readonly name: Name;
}

export class ProcessRef {
  readonly runtime: Runtime;
  readonly #target: Pid | Named<unknown> | RemoteName;

  /** Throws a `TypeError` for a target that is neither a pid nor a name in a table. */
  constructor(runtime: Runtime, target: Pid | Named<unknown> | RemoteName) {
    refuse(wrongRuntime(runtime) ?? wrongTarget(target));
    this.runtime = runtime;
    this.#target = target;
  }

  /**
   * The process behind it now; undefined while the name is free. Throws what its table of names throws, and
   * `ExitError` `noconnection` for a name on another node.
   */
  get pid(): Pid | undefined {
    const target = this.#target;
    // the usual one first
    if (target instanceof Process) return target;
    if ('scope' in target) return target.scope.whereis(target.name);
    return target instanceof RemoteName ? this.#onNode(target) : target;
  }

  /** Whom a message goes to: as `pid`, but a name on another node is looked up there. Throws what its table throws. */
  get whom(): Target | undefined {
    const target = this.#target;
    return target instanceof RemoteName && target.node !== this.runtime.node ? target : this.pid;
  }

  /** As `whom`, null where that throws. */
  protected get found(): Target | undefined | null {
    try {
      return this.whom;
    } catch {
      return null;
    }
  }

  #onNode({ node, name }: RemoteName): Pid | undefined {
    if (node === this.runtime.node) return this.runtime.names.whereis(name);
    throw new ExitError(`${name}@${node}`, 'noconnection');
  }
}

function wrongTarget(target: Pid | Named<unknown> | RemoteName): TypeError | undefined {
  if (!isObject(target)) return wrongArgument('target', 'a pid or a name in a scope', target);
  return 'scope' in target ? wrongTable(target.scope) : undefined;
}

/** A reference to a process with a tree below it: a supervisor of any kind, or a pool of worker threads. */
export class TreeRef extends ProcessRef {
  /**
   * Stops the tree below it as its kind does, then itself, and waits. Gives the reason it ended with; `noproc` when it
   * does not run, where `stopServer` rejects. Throws a `RangeError` for an invalid time.
   */
  async stop(shutdown: Shutdown = Infinity): Promise<ExitReason> {
    if (shutdown !== 'brutalKill') checkDuration('shutdown', shutdown);
    const process = this.pid;
    if (!(process instanceof Process) || !process.alive) return 'noproc';
    return stopProcess(process, process.parentProcess, shutdown);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
