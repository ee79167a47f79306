/**
 * A script's tree as specifications of our supervisors: workers that do what the plan says and tell the world.
 */
import { exit } from '../../src/actor/exit-reason.ts';
import type { Process, Self } from '../../src/actor/process.ts';
import { startDynamicSupervisorLink, type DynamicSupervisorSpec } from '../../src/otp/dynamic-supervisor.ts';
import { chain, type MaybePromise } from '../../src/otp/sequence.ts';
import type { ProcessOptions, StartResult } from '../../src/otp/start.ts';
import type { Strategy } from '../../src/otp/strategy.ts';
import { startSupervisorLink, worker, type SupervisorSpec } from '../../src/otp/supervisor.ts';
import { ignore, noReply, reply, stop, type ChildSpec, type GenServer } from '../../src/otp.ts';
import { isDynamic, type World } from './replay-world.ts';
import { LINGER, LONG_PERIOD, type ChildScript, type Outcome, type TreeScript } from './script.ts';
import { reasonOf } from './text.ts';

export interface Calls {
  ping(): 'pong';
}
export interface Casts {
  crash(reason: unknown): void;
}

interface WorkerState {
  /** It ends by itself: how it answers its supervisor does not matter any more. */
  readonly own: boolean;
}

export const specOf = (world: World, child: ChildScript): ChildSpec =>
  child.tree === undefined ? workerSpec(world, child) : nestedSpec(world, child, child.tree);

function optionsOf(child: ChildScript): Pick<ChildSpec, 'restart' | 'shutdown' | 'significant'> {
  const { restart, shutdown, significant } = child;
  const limit = shutdown === 'brutal' ? 'brutalKill' : shutdown === 'infinity' ? Infinity : shutdown;
  return {
    ...(restart === undefined ? {} : { restart }),
    ...(limit === undefined ? {} : { shutdown: limit }),
    ...(significant === undefined ? {} : { significant }),
  };
}

function workerSpec(world: World, child: ChildScript): ChildSpec {
  const { id, stop: style } = child;
  const begin = (self: Process, outcome: Outcome): WorkerState | ReturnType<typeof stop> | typeof ignore => {
    if (outcome === 'ok') {
      world.up(id, self);
      return { own: false };
    }
    world.event(`+${id} ${outcome}`);
    if (outcome === 'crash') exit('bad');
    return outcome === 'ignore' ? ignore : stop('nope', undefined);
  };
  const server: GenServer<undefined, WorkerState, Calls, Casts> = {
    trapExit: style !== undefined,
    init: (_, self) => {
      const planned = world.outcome(id);
      if (planned !== 'gate') return begin(self as Process, planned) as WorkerState;
      world.event(`${id} waits`);
      return new Promise<Outcome>((open) => {
        world.gate = open;
      }).then((outcome) => begin(self as Process, outcome) as WorkerState);
    },
    handleCall: { ping: (_, state) => reply('pong', state) },
    handleCast: { crash: (reason) => stop(reason, { own: true }) },
    handleInfo: (_, state) => noReply(state),
    terminate: (_, { own }, self) => {
      if (own || style === undefined || style === 'obey') return undefined;
      if (style === 'stubborn') return new Promise(() => {});
      if (style === 'linger') return new Promise((done) => void self.runtime.timers.after(LINGER, done));
      return exit(reasonOf(style));
    },
  };
  return { ...worker(id, server, undefined), ...optionsOf(child) };
}

function nestedSpec(world: World, child: ChildScript, tree: TreeScript): ChildSpec {
  const { id } = child;
  return {
    id,
    type: 'supervisor',
    ...optionsOf(child),
    start: (parent) => {
      world.event(`+${id}`);
      const starting = isDynamic(tree)
        ? startDynamicSupervisorLink(parent, dynamicSpec(world, tree), { id } as ProcessOptions)
        : startSupervisorLink(parent, treeSpec(world, tree), { id } as ProcessOptions);
      return chain(starting, (result) => {
        if (result.tag === 'ok') world.up(id, result.pid as Process, tree);
        return result;
      });
    },
  };
}

function limitsOf(tree: TreeScript): Pick<SupervisorSpec, 'intensity' | 'period' | 'autoShutdown'> {
  return {
    intensity: tree.intensity,
    period: (tree.period ?? LONG_PERIOD) * 1_000,
    ...(tree.auto === undefined ? {} : { autoShutdown: tree.auto }),
  };
}

export const treeSpec = (world: World, tree: TreeScript): SupervisorSpec => ({
  strategy: tree.strategy as Strategy,
  ...limitsOf(tree),
  children: tree.children.map((child) => specOf(world, child)),
});

export function dynamicSpec(world: World, tree: TreeScript): DynamicSupervisorSpec {
  const child = tree.children[0] as ChildScript;
  const start = (parent: Self, id: string): MaybePromise<StartResult> =>
    workerSpec(world, { ...child, id }).start(parent);
  return { ...limitsOf(tree), template: { ...specOf(world, child), start } };
}
