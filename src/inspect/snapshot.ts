/**
 * A snapshot of the tree of processes below one root: plain data, schema 1 of the inspector.
 *
 * State and messages are not in it. Iterative, so that a deep tree needs no stack.
 */
import { currentMessage, type CurrentMessage } from '../actor/current-message.ts';
import { labelText } from '../actor/format-term.ts';
import { kindOf, type ValueKind } from '../actor/kind-of.ts';
import type { Pid } from '../actor/pid.ts';
import { Process, Status } from '../actor/process.ts';
import { childrenOf } from '../actor/tree.ts';
import { Child } from '../otp/child-spec.ts';
import type { Restart, Strategy } from '../otp/strategy.ts';

export type ActorStatus = 'starting' | 'running' | 'suspended' | 'stopping' | 'crashed' | 'restarting';

export interface ActorNode {
  /** Unique among living actors of the runtime. */
  readonly id: string;
  readonly name: string;
  /** `GenServer`, `Supervisor`, `DynamicSupervisor`, `Procedure`, `Invocation`, `Task`, … */
  readonly type: string;
  /** The definition it runs, by its label. */
  readonly module: string;
  /** What its state is, never what is in it; `size` of what has one. */
  readonly state: ValueKind;
  readonly status: ActorStatus;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly parent: string | null;
  readonly mailbox: { readonly length: number; readonly max: number; readonly dropped: number };
  readonly counters: Counters;
  /** What it handles just now: absent where no callback awaits anything. */
  readonly currentMessage?: CurrentMessage;
  /** How its supervisor treats its end, and how it treats those of its own children. */
  readonly restart?: RestartRules;
  /** A supervisor's. */
  readonly strategy?: Strategy;
  /** What else its kind tells of itself, such as the load of a procedure. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Ids of those it is linked to beside its parent, watches, and is watched by; at most 100 each. */
  readonly links: readonly string[];
  readonly monitors: readonly string[];
  readonly monitoredBy: readonly string[];
  readonly trapExit: boolean;
  readonly children: readonly ActorNode[];
}

/** Since it was started; `crashes` and `restarts` of all that had its place below its supervisor, 0 of whom nobody supervises. */
export interface Counters {
  /** Messages and signals accepted. */
  readonly in: number;
  /** Messages, requests and answers sent, whatever became of them; after an `await` only what went through its `self`. */
  readonly out: number;
  /** Messages and signals handled. */
  readonly handled: number;
  /** Ends, and starts that failed, with a reason that is not orderly. */
  readonly crashes: number;
  /** Restarts that these, and ends that were orderly, led to. */
  readonly restarts: number;
}

export interface RestartRules {
  /** Absent for what nobody supervises. */
  readonly policy?: Restart;
  /** Only of a supervisor: restarts allowed within `period` ms, and when those inside it were. */
  readonly intensity?: number;
  readonly period?: number;
  readonly recent?: readonly number[];
}

/** Relations listed per actor and kind. */
const RELATIONS = 100;

export interface TreeSnapshot {
  readonly schema: 1;
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly root: ActorNode;
}

/** The tree below `root`. A dead root is shown as crashed, without children. */
export function snapshot(root: Pid | undefined, node: string): TreeSnapshot {
  if (!(root instanceof Process)) throw new TypeError('a snapshot needs a local process');
  const { clock } = root.runtime;
  return { schema: 1, node, at: clock.wall(), root: build(root) };
}

/** What a snapshot says of one actor, without those below it. */
export type ActorFacts = Omit<ActorNode, 'children'>;

interface Building extends ActorFacts {
  readonly children: Building[];
}

function build(root: Process): ActorNode {
  const top = describe(root);
  const open: { readonly process: Process; readonly node: Building }[] = [{ process: root, node: top }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const child of shownBelow(next.process)) {
      const node = describe(child);
      next.node.children.push(node);
      open.push({ process: child, node });
    }
  }
  return top;
}

/** Its children in the order in which they are shown. */
export const shownBelow = (parent: Process): readonly Process[] =>
  (parent.alive ? parent.behavior.childrenInOrder?.(parent) : undefined) ?? [...childrenOf(parent)];

const describe = (process: Process): Building => Object.assign(factsOf(process), { children: [] });

export function factsOf(process: Process): ActorFacts {
  const child = process.child instanceof Child ? process.child : undefined;
  const told = process.alive ? process.behavior.inspect?.(process) : undefined;
  const { strategy, intensity, period, recent, ...details } = writable(told ?? {});
  const restart = {
    ...(child === undefined ? {} : { policy: child.spec.restart }),
    ...(intensity === undefined ? {} : { intensity, period, recent }),
  } as RestartRules;
  const { clock } = process.runtime;
  const message = currentMessage(process);
  return {
    id: process.toString(),
    name: labelText(process.label),
    type: process.behavior.type,
    module: labelText(process.behavior.module ?? process.behavior.type),
    state: kindOf(process.state),
    status: statusOf(process, child),
    startedAt: Math.round(clock.wall() - (clock.now() - process.runtime.startedAt - process.startedAt)),
    parent: process.parent === null ? null : process.parent.toString(),
    mailbox: { length: process.queued, max: process.bound, dropped: process.dropped },
    counters: {
      in: process.received,
      out: process.sent,
      handled: process.handled,
      crashes: child?.crashes ?? 0,
      restarts: child?.restarts ?? 0,
    },
    ...(message === undefined ? {} : { currentMessage: message }),
    ...(Object.keys(restart).length === 0 ? {} : { restart }),
    ...(strategy === undefined ? {} : { strategy: strategy as Strategy }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
    links: [...(process.links ?? [])].slice(0, RELATIONS).map(String),
    ...watches(process),
    trapExit: process.trapExit,
  };
}

function watches(process: Process): Pick<ActorNode, 'monitors' | 'monitoredBy'> {
  const monitors: string[] = [];
  const monitoredBy: string[] = [];
  for (let held = process.watching; held !== null && monitors.length < RELATIONS; held = held.nextOfWatcher) {
    monitors.push(held.target.toString());
  }
  for (
    let held = process.monitors;
    held !== null && monitoredBy.length < RELATIONS;
    held = held.nextOfTarget
  ) {
    if (held.watcher !== null) monitoredBy.push(held.watcher.toString());
  }
  return { monitors, monitoredBy };
}

/** JSON knows no infinity: what has no bound is null. */
function writable(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(details).map(([key, value]) => [key, value === Infinity ? null : value]),
  );
}

function statusOf(process: Process, child: Child | undefined): ActorStatus {
  if (child?.restarting === true) return 'restarting';
  switch (process.status) {
    case Status.starting:
      return 'starting';
    case Status.stopping:
      return 'stopping';
    case Status.dead:
      return 'crashed';
    default:
      return process.suspended ? 'suspended' : 'running';
  }
}
