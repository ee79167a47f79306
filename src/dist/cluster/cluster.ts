/**
 * The cluster: keeps this node connected to all others of it. Finds their records, dials who is missing, dials again with backoff
 * who was lost.
 *
 * Supervised by `dist`, behind all that a connection needs. A crash loses nothing: connections are not its own, and what it knows of
 * members outlives it. Who comes and goes the net kernel says (`nodeup`, `nodedown`). Units: milliseconds. Source: SPEC §10.
 */
import type { Process } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, started } from '../../otp/result.ts';
import type { ServerRef } from '../../otp/server-ref.ts';
import type { DistContext } from '../context.ts';
import type { NetKernelCalls } from '../kernel/net-kernel.ts';
import { Claims } from './claims.ts';
import { Members } from './members.ts';
import { nextPoll } from './pacing.ts';
import type { ClusterSource, FoundRecord } from './source.ts';

/** Milliseconds between two looks at least: what is not told is seen then. */
const LOOK = 5_000;

/** What a cluster knows; it outlives the actor, which alone writes it. */
export class ClusterMemory {
  readonly members: Members = new Members();
  readonly claims: Claims = new Claims();
}

export interface ClusterArgs {
  readonly context: DistContext;
  readonly source: ClusterSource;
  readonly memory: ClusterMemory;
  readonly kernel: ServerRef<NetKernelCalls>;
}

interface State extends ClusterArgs {
  readonly self: Process;
  /** Lookups made. */
  polls: number;
  /** Has the members looked at again. */
  wake: TimerEntry | undefined;
}

/** Something may have to be dialed. */
class Look {
  readonly look = true;
}

export const clusterServer: GenServer<ClusterArgs, State> = {
  label: 'cluster',
  mailbox: 16_384,

  init: (args, self) => {
    const { context, source, memory } = args;
    const process = self as Process;
    memory.members.begin();
    source.records?.publish(context.name);
    const quiet = context.events.listen(() => void self.send(process, new Look()));
    context.runtime.onExit(process, quiet);
    const state: State = { ...args, self: process, polls: 0, wake: undefined };
    return started(state, { continue: new Look() });
  },

  handleContinue: (_look, state) => {
    look(state);
    poll(state);
    return noReply(state);
  },

  handleInfo: (_message, state) => {
    look(state);
    return noReply(state);
  },
};

/** Dials who is missing and due. */
function look(state: State): void {
  const { self, context, source, memory } = state;
  const { members, claims } = memory;
  const now = self.clock.now();
  claims.sweep(now);
  // whom the user does not allow the net kernel does not dial
  const wanted = new Set([...source.nodes, ...claims.names()]);
  const isConnected = (node: string): boolean => context.channels.has(node);
  const { dial, next } = members.look({ us: context.name, wanted, isConnected, now, random: self.random });
  for (const node of dial) connect(state, node);
  state.wake?.unset();
  state.wake = self.sendAfter(Math.min(LOOK, Math.max(1, next - now)), new Look());
}

function connect(state: State, node: string): void {
  const { self, context, memory, kernel } = state;
  const over = (): void =>
    self.runtime.work(self, () => {
      memory.members.ended(node, { us: context.name, now: self.clock.now(), random: self.random });
      look(state);
    });
  // whether it is connected now is seen; the net kernel may have died
  kernel.call('connect', node, { timeout: Infinity }).then(over, over);
}

/** Asks who is a member, and again later. */
function poll(state: State): void {
  const { self, source } = state;
  if (source.records === undefined) return;
  const asked = source.records.find();
  if (asked === undefined) pollLater(state);
  else {
    state.polls++;
    const told = (found: readonly FoundRecord[] | undefined): void =>
      self.runtime.work(self, () => {
        if (found !== undefined) take(state, found);
        pollLater(state);
      });
    asked.then(told, () => told(undefined));
  }
}

function pollLater(state: State): void {
  const { self, polls } = state;
  self.runtime.workAfter(nextPoll(polls, self.random), self, () => poll(state));
}

function take(state: State, found: readonly FoundRecord[]): void {
  const { self, context, memory } = state;
  const { members, claims } = memory;
  claims.take(found, {
    us: context.name,
    now: self.clock.now(),
    wall: self.clock.wall(),
    isProven: (node) => members.isProven(node),
  });
  look(state);
}
