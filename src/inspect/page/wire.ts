/**
 * What the page reads from the inspector's HTTP API: plain JSON, schema 1.
 *
 * The page is a program of its own and imports nothing of the node; a test compares these types with the node's.
 */
export type ActorStatus = 'starting' | 'running' | 'suspended' | 'stopping' | 'crashed' | 'restarting';

export interface ActorRow {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly module: string;
  readonly state: { readonly type: string; readonly size?: number };
  readonly status: ActorStatus;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly parent: string | null;
  /** The sibling before it; null for the first. */
  readonly after: string | null;
  readonly mailbox: { readonly length: number; readonly max: number | null; readonly dropped: number };
  readonly counters: Counters;
  /** Per second. */
  readonly rate: Counters;
  /** What it handles just now; a change says null when that is over. */
  readonly currentMessage?: { readonly type: string; readonly forMs: number } | null;
  /** False for the inspector's own actors. */
  readonly busy?: boolean;
  readonly restart?: {
    readonly policy?: string;
    readonly intensity?: number | null;
    /** Milliseconds. */
    readonly period?: number;
    readonly recent?: readonly number[];
  } | null;
  readonly strategy?: string | null;
  /** A change says null of what is there no more. */
  readonly details?: Readonly<Record<string, unknown>> | null;
  readonly links: readonly string[];
  readonly monitors: readonly string[];
  readonly monitoredBy: readonly string[];
  readonly trapExit: boolean;
}

/** Messages come in, gone out and handled; crashes and restarts of all that had its place. */
export interface Counters {
  readonly in: number;
  readonly out: number;
  readonly handled: number;
  readonly crashes: number;
  readonly restarts: number;
}

export type ActorChange = { readonly id: string } & Partial<ActorRow>;

export interface Tree {
  readonly schema: 1;
  readonly seq: number;
  readonly node: string;
  readonly at: number;
  /** Parents before children, siblings in their order. */
  readonly rows: readonly ActorRow[];
}

export interface Delta {
  /** More than that of the delta or snapshot before it. */
  readonly seq: number;
  readonly at: number;
  /** Everything that was known is void: `added` is the whole tree. */
  readonly reset?: true;
  readonly added: readonly ActorRow[];
  readonly removed: readonly string[];
  readonly changed: readonly ActorChange[];
}

export interface NodeFacts {
  readonly schema: number;
  readonly node: string;
  readonly role: string;
  readonly id: string;
  readonly pid: number;
  readonly version: string;
  readonly nodeVersion: string;
  readonly startedAt: number;
  /** Whether this page may kill, suspend, restart, call and trace. */
  readonly actions: boolean;
  readonly views: readonly string[];
}

export type Decision = 'restarted' | 'given_up' | 'stopped' | 'not_restarted';

export interface Crash {
  readonly id: string;
  readonly at: number;
  readonly pid: string;
  readonly label: string;
  readonly type: string;
  readonly path: readonly string[];
  readonly reason: string;
  readonly stack: readonly string[];
  readonly cause?: readonly string[];
  readonly lastMessage?: { readonly type: string; readonly size?: number };
  readonly decision?: Decision;
  /** Within the supervisor's window. */
  readonly restarts?: number;
}

export interface ActorDetail {
  readonly row: ActorRow;
  readonly status: {
    readonly ancestors: readonly string[];
    readonly names: readonly string[];
    readonly hibernates?: boolean;
    readonly debug?: readonly string[];
    readonly state: { readonly type: string; readonly size?: number; readonly shown?: unknown };
  };
  readonly crashes: readonly Crash[];
}

export interface LogLine {
  readonly level: string;
  readonly time: number | string;
  readonly event?: string;
  readonly msg?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** One message of a traced actor, as `trace` answers. */
export interface TraceEvent {
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly kind: string;
  readonly message: { readonly type: string; readonly size?: number };
}

export interface ViewBody {
  readonly name: string;
  readonly at: number;
  readonly data: unknown;
}

/** What a procedure takes and gives: JSON Schema, draft 2020-12; null: none is known. */
export interface ProcedureFacts {
  readonly procedure: string;
  readonly description: string;
  readonly args: unknown;
  readonly result: unknown;
}

export type Action =
  | {
      readonly action: 'kill' | 'terminate' | 'suspend' | 'resume' | 'restartChild';
      readonly id: string;
      readonly reason?: string;
      readonly timeoutMs?: number;
    }
  | { readonly action: 'trace'; readonly id: string; readonly max: number; readonly ms: number }
  | {
      readonly action: 'call';
      readonly procedure: string;
      readonly args: unknown;
      readonly timeoutMs?: number;
    };

export type ActionResult =
  | { readonly ok: true; readonly value?: unknown }
  | { readonly ok: false; readonly error: { readonly tag: string; readonly message: string } };
