/**
 * What an inspector shows, and may do: the node behind it, as its HTTP server and its other clients see it.
 */
import type { Crash } from '../mesh/events/events-server.ts';
import type { ActorDetails } from './details.ts';
import type { ProcedureFacts } from './procedure-facts.ts';
import type { Watch } from './watch.ts';

/** What does not change while it runs. */
export interface NodeFacts {
  readonly schema: 1;
  /** Where it listens, or whose client it is. */
  readonly node: string;
  readonly role: string;
  readonly id: string;
  readonly pid: number;
  readonly version: string;
  readonly nodeVersion: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export interface InspectorSource {
  readonly facts: NodeFacts;
  readonly watch: Watch;
  /** Newest first. */
  crashes(): Promise<readonly Crash[]>;
  /** Undefined: no such actor lives. */
  details(id: string): Promise<ActorDetails | undefined>;
  /** By name: data as JSON. */
  readonly views: Readonly<Record<string, () => Promise<unknown>>>;
  /** What a procedure takes and gives; undefined: it is not known here. */
  procedure(name: string): ProcedureFacts | undefined;
  /** Prometheus text. */
  metrics(): Promise<string>;
  /** Calls `tell` with each crash, until the function it gives is called. */
  onCrash(tell: (crash: Crash) => void): () => void;
  /** And with each event of the node, as its log tells it. */
  onLog(tell: (line: LogLine) => void): () => void;
  act(action: Action): Promise<ActionResult>;
}

export interface LogLine {
  readonly level: string;
  readonly time: number;
  readonly event: string;
  /** A few words for people, as in the log. */
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Something that changes the node. */
export type Action =
  | { readonly action: 'kill' | 'suspend' | 'resume' | 'restartChild'; readonly id: string }
  | {
      readonly action: 'terminate';
      readonly id: string;
      readonly reason: string | undefined;
      readonly timeout: number;
    }
  | { readonly action: 'trace'; readonly id: string; readonly max: number; readonly ms: number }
  | {
      readonly action: 'call';
      readonly procedure: string;
      /** As JSON has it; what it has no form for is tagged, as in `espalier call`. */
      readonly args: unknown;
      readonly timeout: number;
    };

export type ActionResult =
  | { readonly ok: true; readonly value?: unknown }
  | { readonly ok: false; readonly error: { readonly tag: string; readonly message: string } };
