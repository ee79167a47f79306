/**
 * What the teller of the demo asks its members to do, and what they answer. Plain JSON: it crosses processes.
 */
import type { TreeSnapshot } from '../../inspect/snapshot.ts';
import type { Attempt } from '../../mesh/router/explanation.ts';
import type { PathKind } from '../../transport/transport.ts';
import type { ErrorDocument } from '../error-document.ts';
import type { Json } from '../json-value.ts';

export interface CallOrder {
  readonly procedure: string;
  readonly args: { readonly [key: string]: Json };
  /** Milliseconds. */
  readonly timeout: number;
  /** It may run twice. */
  readonly idempotent?: boolean;
  /** Id of the one node that may serve it. */
  readonly target?: string;
  /** Id of the node that gets it first, where several serve it. */
  readonly prefer?: string;
  /** Look for providers anew. */
  readonly forceRefresh?: boolean;
  /** Tell on which path packets went: from the first one on, or once a direct path is won. Needs `target`. */
  readonly path?: 'first' | 'direct';
}

/** On which way packets go, as `espalier peers` shows it. */
export interface Way {
  readonly path: PathKind;
  /** Id of the station between; empty when there is none. */
  readonly via: string;
}

/** How a member becomes a node, on a free port. */
export interface ListenOrder {
  readonly bootstrap?: readonly string[];
  readonly dht?: boolean;
  readonly station?: boolean;
  /** URLs of the stations through which it is reached. */
  readonly stations?: readonly string[];
  /** The cookie of its distribution: it has one then, and a process that others reach. */
  readonly cookie?: string;
  /** Whether it can be looked at. */
  readonly inspector?: boolean;
}

/**
 * A step that crosses nodes as actors do: to a node of ours, to a real Erlang, which it starts, or between two that meet at a dist
 * relay, all of which it starts.
 */
export type AcrossOrder =
  { readonly to: 'node'; readonly name: string } | { readonly to: 'erlang' | 'tunnel' };

/** How a call went: `outcome` is `ok` or the tag of the error. */
export interface CallReport {
  /** Where the provider was found; null when none was. */
  readonly route: string | null;
  readonly outcome: string;
  readonly micros: number;
  readonly value?: Json;
  readonly error?: ErrorDocument;
  /** Who was tried, when it was more than one. */
  readonly attempts?: readonly Attempt[];
  /** Where it was asked for. */
  readonly way?: Way;
}

/** Every order by name: its arguments and its answer. */
export interface Orders {
  /** `name`: of its distribution, `page`: of its inspector; empty without one. */
  listen(order: ListenOrder): {
    readonly url: string;
    readonly id: string;
    readonly name: string;
    readonly page: string;
  };
  /** Waits for its place among the others. */
  join(): null;
  /** Waits until it is connected to a node that it dials by itself. */
  attached(order: { readonly id: string }): null;
  /** Connects to a node that it knows by its URL alone. */
  greet(order: { readonly url: string }): null;
  /** Advertises procedures of the demo; answers when the others can find them. */
  serve(order: { readonly procedures: readonly string[]; readonly stuck?: boolean }): null;
  call(order: CallOrder): CallReport;
  across(order: AcrossOrder): CallReport;
  /** Its tree of actors, once no invocation of a finished call is left in it. */
  tree(): TreeSnapshot;
  /** Answers as soon as so many calls of a procedure have begun to run. */
  running(order: { readonly procedure: string; readonly calls: number }): null;
  /** Leaves in good order, as soon as a call of the procedure `during` is running, else now. */
  leave(order: { readonly during?: string }): null;
  /** The story is told: live as long as the teller. */
  stay(): null;
}

export type OrderName = keyof Orders;
export type OrderArgs<Name extends OrderName> = Orders[Name] extends (order: infer Args) => unknown
  ? Args
  : undefined;
export type OrderAnswer<Name extends OrderName> = ReturnType<Orders[Name]>;

/** A process of the demo, or what stands for one. */
export interface Member {
  /** Undefined when it lives in the teller's process. */
  readonly pid: number | undefined;
  order<Name extends OrderName>(name: Name, args: OrderArgs<Name>): Promise<OrderAnswer<Name>>;
  /** Ends it at once and without a word, as SIGKILL does. */
  kill(): Promise<void>;
  /** Makes it end; false when it had to be killed or failed. Idempotent. */
  end(): Promise<boolean>;
}
