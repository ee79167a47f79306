/**
 * PartitionSupervisor: the same child several times, so that one busy server does not hold up everybody (OTP T2).
 *
 * ```ts
 * const counters = await startPartitionSupervisor(runtime, { child: worker('counter', counter, 0) });
 * await counters.server<Calls>(userId).call('add', 1); // always the same partition for this user
 * ```
 * A key chooses its partition, see `partitionOf`; what is kept for it lives in that partition alone. The partitions
 * are `oneForOne` children with the ids `0`, `1`, …: the crash of one leaves the others alone, and its keys find the
 * one that is started in its place. When not to use one: all partitions share the thread, so this divides queues
 * and waiting, not computing. Source: Elixir `PartitionSupervisor`.
 */
import { availableParallelism } from 'node:os';
import type { NameTable } from '../actor/names.ts';
import type { Pid } from '../actor/pid.ts';
import { Process, type Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { isObject, refuse, wrongArgument, wrongBound, wrongObject } from './arguments.ts';
import { childOf, type ChildOptions } from './child-options.ts';
import type { ChildCount, ChildInfo, ChildSpec } from './child-spec.ts';
import { partitionOf } from './partition-supervisor/partition-of.ts';
import { TreeRef, type Named } from './process-ref.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { ServerRef, type AnyProtocol, type CallOptions, type Protocol } from './server-ref.ts';
import type { StartOptions, StartResult } from './start.ts';
import { startSupervisor, startSupervisorLink, SupervisorRef, type SupervisorSpec } from './supervisor.ts';

export { partitionOf } from './partition-supervisor/partition-of.ts';

/** What a partition supervisor is: a child, how many of it, and the restarts all of them have together. */
export interface PartitionSupervisorSpec extends Pick<SupervisorSpec, 'intensity' | 'period'> {
  /** What runs in each partition; a function is asked once per partition. The ids are set here. */
  readonly child: ChildSpec | ((partition: number) => ChildSpec);
  /** Default: `os.availableParallelism()`. */
  readonly partitions?: number | undefined;
}

/** What `whichChildren` lists. */
export interface PartitionInfo extends Omit<ChildInfo, 'id'> {
  /** 0 … partitions - 1. */
  readonly partition: number;
}

/**
 * Starts a partition supervisor without a parent. Throws `StartError`, a `TypeError` for invalid arguments, a `RangeError`
 * for `partitions` out of range.
 */
export async function startPartitionSupervisor(
  runtime: Runtime,
  spec: PartitionSupervisorSpec,
  options: StartOptions = {},
): Promise<PartitionSupervisorRef> {
  const ref = await startSupervisor(runtime, supervisorSpec(spec), options);
  return new PartitionSupervisorRef(runtime, ref.pid as Pid);
}

/** Starts a partition supervisor linked to the calling process, as a child specification does. Never throws. */
export function startPartitionSupervisorLink(
  parent: Self,
  spec: PartitionSupervisorSpec,
  options: Omit<StartOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  let made: SupervisorSpec;
  try {
    made = supervisorSpec(spec);
  } catch (error) {
    return { tag: 'error', reason: error };
  }
  return startSupervisorLink(parent, made, options);
}

/** A child specification for a partition supervisor below another supervisor. */
export function partitionSupervisor(
  id: string,
  spec: PartitionSupervisorSpec,
  options: ChildOptions = {},
): ChildSpec {
  refuse(wrongSpec(`partition supervisor ${id}: spec`, spec));
  return childOf(id, 'supervisor', options, (parent, each) =>
    startPartitionSupervisorLink(parent, spec, each),
  );
}

/** How others use a partition supervisor. Given a name, it finds the supervisor that has it now. */
export class PartitionSupervisorRef extends TreeRef {
  readonly #names: NameTable<unknown> = {
    register: () => {
      throw new TypeError('partition supervisor: its names belong to the partitions');
    },
    unregister: () => {},
    whereis: (key) => this.whereis(key),
  };
  readonly #supervisor: SupervisorRef;

  constructor(runtime: Runtime, target: Pid | Named<unknown>) {
    super(runtime, target);
    this.#supervisor = new SupervisorRef(runtime, target);
  }

  /** How many there are; 0 when the supervisor does not run. */
  get partitions(): number {
    return partitionsOf(this.pid)?.length ?? 0;
  }

  /** Who runs in the key's partition now; undefined while it is being restarted. Throws as `partitionOf`. */
  whereis(key: unknown): Pid | undefined {
    const partitions = partitionsOf(this.pid);
    const process = partitions?.[partitionOf(key, partitions.length)];
    return process?.alive === true ? process : undefined;
  }

  /** The key as a name, for references (OTP N2); it is looked up for each message. */
  via(key: unknown): Named<unknown> {
    return { scope: this.#names, name: key };
  }

  /** The server of the key's partition. */
  server<Calls extends Protocol = AnyProtocol, Casts extends Protocol = AnyProtocol>(
    key: unknown,
  ): ServerRef<Calls, Casts> {
    return new ServerRef<Calls, Casts>(this.runtime, this.via(key));
  }

  /** By partition, the first one first. */
  async whichChildren(options?: CallOptions): Promise<readonly PartitionInfo[]> {
    const children = await this.#supervisor.whichChildren(options);
    return children.map(({ id, ...rest }) => ({ partition: Number(id), ...rest })).toReversed();
  }

  countChildren(options?: CallOptions): Promise<ChildCount> {
    return this.#supervisor.countChildren(options);
  }
}

/** Who runs in each partition, by supervisor: gone with it. */
const running = new WeakMap<Process, (Process | undefined)[]>();

const partitionsOf = (pid: Pid | undefined): readonly (Process | undefined)[] | undefined =>
  pid instanceof Process && pid.alive ? running.get(pid) : undefined;

/** The error of an invalid specification. */
function wrongSpec(what: string, spec: PartitionSupervisorSpec): TypeError | undefined {
  const wrong = wrongObject(what, 'an object with child', spec);
  if (wrong !== undefined) return wrong;
  const { child } = spec;
  if (typeof child === 'function' || isObject(child)) return undefined;
  return wrongArgument(`${what}.child`, 'a child specification, or a function that gives one', child);
}

function supervisorSpec(spec: PartitionSupervisorSpec): SupervisorSpec {
  refuse(wrongSpec('partition supervisor: spec', spec));
  const { child, partitions: count = availableParallelism(), ...limits } = spec;
  refuse(wrongBound('partition supervisor: partitions', 1, count));
  const children = Array.from({ length: count }, (_, partition) =>
    located(typeof child === 'function' ? child(partition) : child, partition, count),
  );
  return { ...limits, strategy: 'oneForOne', children };
}

/** A partition's child, written down in its place by every start. */
function located(spec: ChildSpec, partition: number, count: number): ChildSpec {
  const id = String(partition);
  // the supervisor says what is wrong with it
  if (!isObject(spec) || typeof spec.start !== 'function') return { ...(spec as ChildSpec), id };
  return {
    ...spec,
    id,
    start: (parent, ...args) =>
      chain(spec.start(parent, ...args), (result) => {
        if (result.tag === 'ok' && result.pid instanceof Process)
          placesOf(parent as Process, count)[partition] = result.pid;
        return result;
      }),
  };
}

function placesOf(supervisor: Process, count: number): (Process | undefined)[] {
  let places = running.get(supervisor);
  if (places === undefined)
    running.set(supervisor, (places = new Array<Process | undefined>(count).fill(undefined)));
  return places;
}
