/**
 * What other nodes reach by name: processes and functions that were exported, and nothing else (SECURITY §9).
 */
import { NameScope, type NameTable } from '../actor/names.ts';
import type { Pid } from '../actor/pid.ts';
import { Process } from '../actor/process.ts';
import type { Channel } from './peer/channel.ts';

/** A function that other nodes may run by `spawn`, `rpc` and `erpc`. Takes and gives terms as they come; may be async. */
export type ExportedFunction = (...args: readonly never[]) => unknown;

/** Functions by `module` and `name`, as in `rpc:call(Node, Module, Name, Args)`. */
export type ExportedFunctions = Readonly<Record<string, Readonly<Record<string, ExportedFunction>>>>;

/** Must not throw. */
export type Receiver = (channel: Channel, message: unknown) => void;

export class Exports implements NameTable {
  readonly #names = new NameScope();
  readonly #functions = new Map<string, ExportedFunction>();
  readonly #isPrivate: (process: Process) => boolean;
  readonly #services = new WeakSet<Process>();
  readonly #receivers = new WeakMap<Process, Receiver>();
  readonly #others: NameTable;
  readonly #open: ReadonlySet<string>;

  /**
   * @param others a scope of which the `open` names are reached too.
   * @throws TypeError for what is no function.
   */
  constructor(
    functions: ExportedFunctions,
    isPrivate: (process: Process) => boolean,
    others: NameTable,
    open: readonly string[],
  ) {
    this.#isPrivate = isPrivate;
    this.#others = others;
    this.#open = new Set(open);
    for (const [module, members] of Object.entries(functions))
      for (const [name, run] of Object.entries(members)) {
        if (typeof run !== 'function')
          throw new TypeError(`dist.functions: ${module}.${name} is no function`);
        this.#functions.set(keyOf(module, name), run);
      }
  }

  /** False when the name is taken, or the process is dead, or none that others may reach. */
  register(name: string, pid: Pid): boolean {
    return pid instanceof Process && !this.#isPrivate(pid) && this.#names.register(name, pid);
  }

  /** For the distribution's own services: they are asked, and nothing else. */
  registerService(name: string, process: Process): void {
    this.#services.add(process);
    // its predecessor may not have ended yet
    this.#names.unregister(name);
    this.#names.register(name, process);
  }

  /**
   * For a service that is told things too: `receive` gets each message and each cast, in the turn of the connection. Others
   * may monitor it, and nothing else.
   */
  registerReceiver(name: string, process: Process, receive: Receiver): void {
    this.registerService(name, process);
    this.#receivers.set(process, receive);
  }

  receiverOf(process: Process): Receiver | undefined {
    return this.#receivers.get(process);
  }

  isService(process: Process): boolean {
    return this.#services.has(process);
  }

  unregister(name: string): void {
    this.#names.unregister(name);
  }

  whereis(name: string): Process | undefined {
    const own = this.#names.whereis(name);
    if (own !== undefined || !this.#open.has(name)) return own as Process | undefined;
    const other = this.#others.whereis(name);
    return other instanceof Process && !this.#isPrivate(other) ? other : undefined;
  }

  names(): readonly string[] {
    return this.#names.names();
  }

  find(module: string, name: string): ExportedFunction | undefined {
    return this.#functions.get(keyOf(module, name));
  }
}

const keyOf = (module: string, name: string): string => `${module}:${name}`;
