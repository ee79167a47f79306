/**
 * What the bench orders of its processes, and what each of them answers. JSON; both sides are ours and not checked.
 *
 * Times at which something happened are ms since the epoch with fractions: all processes share the machine's clock.
 */
import type { Phase } from '../harness/load.ts';

interface Ask<In, Out> {
  readonly of: In;
  readonly is: Out;
}

export interface Orders {
  /** Starts a node of the distribution that serves: behind that relay, or over QUIC. Gives its name. */
  readonly node: Ask<{ readonly name: string; readonly relay: string | undefined }, string>;
  /** Connects to a node, and calls its server. */
  readonly run: Ask<RunOrder, Ran>;
  /** Starts clients of relays, and waits until all relays know all of them. */
  readonly clients: Ask<ClientsOrder, undefined>;
  /** From now on it is seen when clients are lost, and when they are back. */
  readonly watch: Ask<undefined, undefined>;
  /** When each client was back after it was lost; undefined for those that are not within so many ms. */
  readonly back: Ask<{ readonly within: number }, readonly (number | undefined)[]>;
  /** Waits until all relays know all clients. */
  readonly settled: Ask<{ readonly within: number }, undefined>;
  /** Where the first client asks first. */
  readonly active: Ask<undefined, string>;
  /** A tunnel of the first client there, an echo through it, and its end. */
  readonly visit: Ask<{ readonly target: string }, undefined>;
  /** The same again and again, until `end`. */
  readonly begin: Ask<{ readonly target: string }, undefined>;
  /** Gaps and failures before are forgotten. */
  readonly mark: Ask<undefined, undefined>;
  readonly told: Ask<undefined, Visits>;
  readonly end: Ask<undefined, Visits>;
  /** Tunnels of the first client to each of them, so many; from now on all is sent into them that they take. */
  readonly flood: Ask<{ readonly targets: readonly string[]; readonly each: number }, undefined>;
  /** What came through each tunnel so far, in the order in which they were opened. */
  readonly received: Ask<undefined, Received>;
  /** The first so many tunnels are not read until they are again. */
  readonly stall: Ask<{ readonly tunnels: number }, undefined>;
}

export type OrderName = keyof Orders;

export type Order = {
  readonly [Name in OrderName]: { readonly do: Name; readonly of: Orders[Name]['of'] };
}[OrderName];

export type Word =
  { readonly tag: 'done'; readonly is?: unknown } | { readonly tag: 'failed'; readonly reason: string };

export interface RunOrder {
  readonly node: string;
  readonly lanes: number;
  readonly size: number;
  readonly phase: Phase;
}

export interface Ran {
  readonly perSecond: number;
  readonly failed: number;
  readonly failure: string | undefined;
  readonly stalled: boolean;
}

export interface ClientsOrder {
  readonly names: readonly string[];
  readonly relays: readonly string[];
  /** Of the tunnels, from end to end. Default true. */
  readonly encryption?: boolean;
  /** What is done with tunnels of others: all comes back, or is counted. */
  readonly serve: 'echo' | 'count';
}

export interface Visits {
  readonly done: number;
  readonly failed: number;
  /** Of the first that failed. */
  readonly failure: string | undefined;
  /** The longest time without one that went well, ms. */
  readonly gap: number;
}

export interface Received {
  readonly at: number;
  readonly bytes: readonly number[];
  /** Tunnels that have ended, whoever ended them. */
  readonly cut: number;
}
