/**
 * A snapshot of the tree of processes below one root: plain data, schema 1 of the inspector.
 *
 * State and messages are not in it. Iterative, so that a deep tree needs no stack.
 */
import type { Pid } from '../actor/pid.ts';
import { Process, Status } from '../actor/process.ts';
import { childrenOf } from '../actor/tree.ts';
import { Child } from '../otp/child-spec.ts';

export type ActorStatus = 'starting' | 'running' | 'suspended' | 'stopping' | 'crashed' | 'restarting';

export interface ActorNode {
  /** Unique among living actors of the runtime. */
  readonly id: string;
  readonly name: string;
  /** `GenServer`, `Supervisor`, `DynamicSupervisor`, `Procedure`, `Invocation`, `Task`, … */
  readonly type: string;
  readonly status: ActorStatus;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly parent: string | null;
  readonly mailbox: { readonly length: number; readonly max: number; readonly dropped: number };
  readonly counters: { readonly in: number; readonly handled: number; readonly restarts: number };
  /** How its supervisor treats its end; absent for what nobody supervises. */
  readonly restart?: 'permanent' | 'transient' | 'temporary';
  /** What its kind tells of itself: strategy, intensity and period of a supervisor, load of a procedure, … */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly links: number;
  readonly trapExit: boolean;
  readonly children: readonly ActorNode[];
}

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

interface Building extends Omit<ActorNode, 'children'> {
  readonly children: Building[];
}

function build(root: Process): ActorNode {
  const top = describe(root);
  const open: { readonly process: Process; readonly node: Building }[] = [{ process: root, node: top }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const child of childrenOf(next.process)) {
      const node = describe(child);
      next.node.children.push(node);
      open.push({ process: child, node });
    }
  }
  return top;
}

function describe(process: Process): Building {
  const child = process.child instanceof Child ? process.child : undefined;
  const details = process.alive ? process.behavior.inspect?.(process) : undefined;
  const { clock } = process.runtime;
  return {
    id: process.toString(),
    name: process.label,
    type: process.behavior.type,
    status: statusOf(process, child),
    startedAt: Math.round(clock.wall() - (clock.now() - process.runtime.startedAt - process.startedAt)),
    parent: process.parent === null ? null : process.parent.toString(),
    mailbox: { length: process.queued, max: process.bound, dropped: process.dropped },
    counters: { in: process.received, handled: process.handled, restarts: child?.restarts ?? 0 },
    ...(child === undefined ? {} : { restart: child.spec.restart }),
    ...(details === undefined ? {} : { details: writable(details) }),
    links: process.links?.size ?? 0,
    trapExit: process.trapExit,
    children: [],
  };
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
