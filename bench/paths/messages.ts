/**
 * What the bench orders of its processes, and what each of them answers. JSON; both sides are ours and not checked.
 *
 * Times at which something happened are ms since the epoch with fractions: all processes share the machine's clock.
 */
import type { NodeOptions } from '../../src/index.ts';
import type { Phase } from '../harness/load.ts';

interface Ask<In, Out> {
  readonly of: In;
  readonly is: Out;
}

type Way = 'direct' | 'punched' | 'relayed';

export interface Orders {
  /** Starts this process's node, and waits until it is attached to its stations and has its place in the DHT. */
  readonly node: Ask<NodeOrder, Started>;
  /** Connects this process's clients, one per name, each of which serves that name; one that serves nothing without names. */
  readonly clients: Ask<{ readonly urls: readonly string[]; readonly names: readonly string[] }, Started>;
  /** Serves `ECHO`, and waits until others can find it. */
  readonly serve: Ask<undefined, undefined>;
  /** Looks up who serves `ECHO` until somebody does. */
  readonly find: Ask<undefined, undefined>;
  /** Ends the connection to a node, and its relay sessions. */
  readonly part: Ask<{ readonly peer: string }, undefined>;
  /** Connects to a node: through the station at `relay`, without a punch, or at `endpoint`. */
  readonly reach: Ask<
    { readonly peer: string; readonly relay?: string; readonly endpoint?: string },
    Seen | undefined
  >;
  /**
   * When packets to the peer go on such a way, on a connection that was made after `since`; undefined when they do not
   * within so many ms.
   */
  readonly until: Ask<
    {
      readonly peer: string;
      readonly ways: readonly Way[];
      readonly within: number;
      readonly since?: number;
    },
    Seen | undefined
  >;
  /** One call of `ECHO` at `target`, or `times` of them one after the other: ms each. */
  readonly call: Ask<{ readonly target: string; readonly times: number }, Called>;
  /** Many at once for a while. */
  readonly run: Ask<RunOrder, Ran>;
  /** Calls go on until `end`. */
  readonly begin: Ask<TrafficOrder, undefined>;
  /** Longest gaps and failures before are forgotten. Gives when. */
  readonly mark: Ask<undefined, number>;
  readonly told: Ask<undefined, Traffic>;
  readonly end: Ask<undefined, Traffic>;
  /** When all of these names have answered a call; undefined for those that do not within so many ms. */
  readonly answered: Ask<
    { readonly names: readonly string[]; readonly within: number },
    readonly (number | undefined)[]
  >;
  /** Hex id of the station that this process's client is connected to. */
  readonly uplink: Ask<undefined, string>;
  /** Opens a socket that sends back what it gets; gives its port. */
  readonly socket: Ask<undefined, number>;
  /** A datagram of 100 B to that port and back, ms, the median of `times`. */
  readonly ping: Ask<{ readonly port: number; readonly times: number }, number>;
  /** Opens a proxy to that port; gives its own. */
  readonly proxy: Ask<{ readonly target: number; readonly delay: number }, number>;
  readonly hole: Ask<{ readonly proxy: number; readonly on: boolean }, number>;
  readonly rebind: Ask<{ readonly proxy: number }, number>;
}

export type OrderName = keyof Orders;

export type Order = {
  readonly [Name in OrderName]: { readonly do: Name; readonly of: Orders[Name]['of'] };
}[OrderName];

export type Word =
  { readonly tag: 'done'; readonly is?: unknown } | { readonly tag: 'failed'; readonly reason: string };

export interface NodeOrder {
  readonly options: NodeOptions;
  /** As a station: relays as much as it can. No option says so. */
  readonly unlimited?: boolean;
}

export interface Started {
  readonly id: string;
  /** Empty for a client. */
  readonly url: string;
  /** When it was up. */
  readonly at: number;
}

export interface Seen {
  readonly at: number;
  /** When the connection was made. */
  readonly since: number;
  readonly way: Way;
}

export interface Called {
  readonly ms: readonly number[];
  /** There was a connection before the first of them. */
  readonly connected: boolean;
  /** After the last of them. */
  readonly way: Way | undefined;
}

export interface RunOrder {
  readonly target: string;
  readonly lanes: number;
  readonly size: number;
  readonly phase: Phase;
}

export interface Ran {
  readonly perSecond: number;
  /** µs of CPU of the caller per call. */
  readonly cpuPerCall: number;
  readonly failed: number;
  readonly stalled: boolean;
  readonly way: Way | undefined;
}

export interface TrafficOrder {
  /** Hex id; undefined: whoever serves it. */
  readonly target?: string;
  readonly lanes: number;
  /** Milliseconds between two calls of a lane; 0: none. */
  readonly pause: number;
  readonly idempotent: boolean;
  /** How often a call that failed is repeated; default never. */
  readonly again?: number;
}

export interface Traffic {
  readonly calls: number;
  readonly failed: number;
  /** Of the first that failed. */
  readonly failure: string | undefined;
  /** The longest time without an answer, ms. */
  readonly gap: number;
  /** Calls without an answer in the moment in which packets to `target` first went directly. */
  readonly over: number;
}
