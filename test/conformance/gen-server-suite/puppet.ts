/**
 * The server of this suite: it does what it is told. A call, a cast or a message carries the step to take; other
 * messages are kept in the state, which is a list.
 */
import type { Process } from '../../../src/actor/process.ts';
import type { NameTable } from '../../../src/actor/names.ts';
import { startServer, type ServerOptions } from '../../../src/otp/gen-server.ts';
import { noReply, reply, type From, type GenServer, type Info, type ServerRef } from '../../../src/otp.ts';
import { world, type World } from '../../actor/world.ts';

export type State = readonly unknown[];
export type Step = (state: State, self: Process, from?: From) => unknown;

export interface Calls {
  run(step: Step): unknown;
  state(): State;
}
export interface Casts {
  run(step: Step): void;
}
export type Puppet = GenServer<unknown, State, Calls, Casts>;
export type PuppetRef = ServerRef<Calls, Casts>;

const take = (step: unknown, ...rest: [State, unknown, From?]): never =>
  (step as (...args: unknown[]) => unknown)(...rest) as never;

/** @param parts replaces or adds callbacks; `init` gets the arguments of the start and gives `[]` by default. */
export const puppet = (parts: Partial<Puppet> = {}): Puppet => ({
  label: 'puppet',
  init: (args) => (typeof args === 'function' ? (args as () => never)() : []),
  handleCall: {
    run: (step, state, self, from) => take(step, state, self, from),
    state: (_, state) => reply(state, state),
  },
  handleCast: { run: (step, state, self) => take(step, state, self) },
  handleInfo: (message: Info, state, self) =>
    typeof message === 'function' ? take(message, state, self) : noReply([...state, message]),
  ...parts,
});

/** A server that records how it ended. */
export const recording = (ends: unknown[], parts: Partial<Puppet> = {}): Puppet =>
  puppet({ terminate: (reason, state) => void ends.push({ reason, state }), ...parts });

export interface Started extends World {
  readonly ref: PuppetRef;
  readonly pid: Process;
}

export async function begin(
  server: Puppet = puppet(),
  options: ServerOptions = {},
  from: World = world({ node: 'here' }),
): Promise<Started> {
  const ref = (await startServer(from.runtime, server, undefined, options)) as unknown as PuppetRef;
  return { ...from, ref, pid: ref.pid as Process };
}

/** A table of names of the user's own, as `via` takes it; also what stands for names of a whole cluster here. */
export class Via implements NameTable<unknown> {
  readonly held: Map<unknown, Process> = new Map();
  register(name: unknown, process: Process): boolean {
    if (this.held.get(name)?.alive === true) return false;
    this.held.set(name, process);
    return true;
  }
  unregister(name: unknown): void {
    this.held.delete(name);
  }
  whereis(name: unknown): Process | undefined {
    return this.held.get(name);
  }
}

/** A table of names that is out of order. */
const fail = (): never => {
  throw new Error('no such registry');
};
export const brokenVia: NameTable<unknown> = { register: fail, unregister: fail, whereis: fail };
