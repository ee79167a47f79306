/**
 * What became of calls, by procedure: outcomes, routes and durations since the start (INSPECTOR §6).
 *
 * Counted are calls that began here and those that came from peers, so a station counts what it passes on. Always on:
 * a settled call costs a few additions. Of the calls that end in the turn of the event loop in which they began, one in
 * sixteen is timed, and the others count like it: to look at the clock would cost more than all the rest.
 *
 * Bounded: `NAMES` procedures have a row of their own, whatever comes after them counts as `OTHER`. So does a name that
 * a peer called in vain: nobody fills the table with names that do not exist.
 */
import { DURATIONS, Histogram } from '../../actor/histogram.ts';
import type { Clock } from '../../actor/clock.ts';
import type { Route } from '../errors/rpc-error.ts';
import type { RpcFailure, RpcFailureTag } from '../errors/rpc-failure.ts';

/** Procedures with a row of their own (INSPECTOR §6). */
export const NAMES = 100;
/** The row of all others. */
export const OTHER = 'other';
/** Calls that end in their own turn for each of them that is timed. */
const TIMED = 16;

export const ROUTES: readonly Route[] = ['local', 'cache', 'dht', 'direct'];

const FAILURES: Readonly<Record<RpcFailureTag, true>> = {
  timeout: true,
  service_not_found: true,
  handler_error: true,
  handler_crash: true,
  connection_error: true,
  no_handler: true,
  procedure_not_found: true,
  cross_relay_error: true,
  overloaded: true,
  canceled: true,
  unauthorized: true,
  frame_too_large: true,
  invalid_args: true,
  unencodable: true,
  protocol_error: true,
};

export type Outcome = 'ok' | RpcFailureTag;
export const OUTCOMES = ['ok', ...Object.keys(FAILURES)] as readonly Outcome[];

const ROUTE_PLACE = placesOf(ROUTES);
const OUTCOME_PLACE = placesOf(OUTCOMES);

/** Most calls are the first case. */
const placeOf = (route: Route, outcome: Outcome): number =>
  outcome === 'ok' && route === 'local' ? 0 : ROUTE_PLACE[route] * OUTCOMES.length + OUTCOME_PLACE[outcome];

/** What is read of a call. */
export interface SettledCall {
  readonly procedure: string;
  readonly route: Route;
  readonly fromPeer: boolean;
  /** Milliseconds; it began at `deadline - timeout`. */
  readonly timeout: number;
  readonly deadline: number;
}

/** One procedure, as it is shown: a copy. */
export interface ProcedureStatistics {
  readonly procedure: string;
  /** Settled calls, and those of them that came from peers. */
  readonly calls: number;
  readonly fromPeers: number;
  /** Only what was counted. */
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  readonly routes: Readonly<Partial<Record<Route, number>>>;
  /** Milliseconds, estimated from the buckets; undefined before the first call. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

/** Calls of one procedure. Written by `CallStatistics` alone. */
export class ProcedureRow {
  readonly procedure: string;
  /** Calls by route and outcome; see `calls`. */
  readonly counts: number[] = new Array<number>(ROUTES.length * OUTCOMES.length).fill(0);
  fromPeers = 0;
  /** Calls that end in their own turn until the next of them is timed. */
  untimed = 0;
  readonly #durations = new Histogram(DURATIONS);
  /** What `untimed` was when all before were in the histogram, and what the last one that was timed took. */
  #added = 0;
  #took = 0;

  constructor(procedure: string) {
    this.procedure = procedure;
  }

  /** Milliseconds. */
  get durations(): Histogram {
    this.#add();
    return this.#durations;
  }

  /** A call that was timed by itself. */
  took(ms: number): void {
    this.#durations.observe(ms);
  }

  /** One that was timed for those that come after it, too. */
  tookInTurn(ms: number): void {
    this.#add();
    this.#took = ms;
    this.#added = this.untimed = TIMED - 1;
    this.#durations.observe(ms);
  }

  /** Those that were not timed count like the last one that was. */
  #add(): void {
    const count = this.#added - this.untimed;
    this.#added = this.untimed;
    if (count > 0) this.#durations.observe(this.#took, count);
  }

  calls(route: Route, outcome: Outcome): number {
    return this.counts[placeOf(route, outcome)] ?? 0;
  }

  get statistics(): ProcedureStatistics {
    const { procedure, fromPeers, durations } = this;
    const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
    return {
      procedure,
      calls: sum(this.counts),
      fromPeers,
      outcomes: counted(OUTCOMES, (outcome) => sum(ROUTES.map((route) => this.calls(route, outcome)))),
      routes: counted(ROUTES, (route) => sum(OUTCOMES.map((outcome) => this.calls(route, outcome)))),
      p50: durations.quantile(0.5),
      p99: durations.quantile(0.99),
    };
  }
}

/** When the present turn of the event loop began, monotonic ms; Infinity while nobody knows. */
interface TurnClock {
  readonly turnBegan: number;
  readonly clock: Clock;
}

export class CallStatistics {
  /** Calls that have begun and are not settled. */
  inFlight = 0;
  readonly #time: TurnClock;
  readonly #other = new ProcedureRow(OTHER);
  readonly #rows = new Map<string, ProcedureRow>([[OTHER, this.#other]]);
  /** Most calls are of the procedure that was called last. */
  #last = this.#other;

  constructor(time: TurnClock) {
    this.#time = time;
  }

  /** All procedures in the order in which they were first called, `OTHER` last, if anything counts as that. */
  get rows(): readonly ProcedureRow[] {
    const [other, ...named] = this.#rows.values();
    return other!.durations.count === 0 ? named : [...named, other!];
  }

  /** The row of a procedure, if it has one. */
  find(procedure: string): ProcedureRow | undefined {
    return this.#rows.get(procedure);
  }

  settled(call: SettledCall, failure: RpcFailure | undefined): void {
    this.inFlight--;
    const row = call.procedure === this.#last.procedure ? this.#last : this.#rowOf(call, failure);
    row.counts[placeOf(call.route, failure === undefined ? 'ok' : failure.tag)]!++;
    if (call.fromPeer) row.fromPeers++;
    const began = call.deadline - call.timeout;
    if (began < this.#time.turnBegan) row.took(Math.max(0, this.#time.clock.now() - began));
    else if (row.untimed > 0) row.untimed--;
    else row.tookInTurn(Math.max(0, this.#time.clock.now() - began));
  }

  #rowOf({ procedure, fromPeer }: SettledCall, failure: RpcFailure | undefined): ProcedureRow {
    let row = this.#rows.get(procedure);
    if (row === undefined) {
      const answered = failure === undefined || failure.tag.startsWith('handler_');
      if (this.#rows.size > NAMES || (fromPeer && !answered)) return this.#other;
      row = new ProcedureRow(procedure);
      this.#rows.set(procedure, row);
    }
    return (this.#last = row);
  }
}

function placesOf<Key extends string>(keys: readonly Key[]): Readonly<Record<Key, number>> {
  return Object.fromEntries(keys.map((key, place) => [key, place])) as Record<Key, number>;
}

function counted<Key extends string>(
  keys: readonly Key[],
  count: (key: Key) => number,
): Readonly<Partial<Record<Key, number>>> {
  const entries = keys.map((key) => [key, count(key)] as const).filter(([, number]) => number > 0);
  return Object.fromEntries(entries) as Partial<Record<Key, number>>;
}
