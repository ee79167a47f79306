/**
 * What routing remembers from call to call: which providers are good, whose turn it is, how many repeats are left.
 *
 * It belongs to the node, not to the router's actor, and outlives that one's death like an ETS table with an heir.
 */
import { IdempotencyTable } from '../handlers/idempotency.ts';
import type { Location } from './location.ts';
import { ProviderStats } from './provider-stats.ts';
import { RetryBudget } from './retry-budget.ts';
import { RoundRobin } from './round-robin.ts';
import type { Rescuer } from './rpc-call.ts';
import { DEFAULT_STRATEGY, type Strategy } from './strategy.ts';
import type { KeyedCall } from './keyed-call.ts';
import { PeeredStations } from '../station/peered-stations.ts';
import { SearchBudgets } from './search-budgets.ts';
import { SearchesSeen } from './searches-seen.ts';
import { UnknownNames } from './unknown-names.ts';

export interface RoutingOptions {
  /** For calls that do not say. */
  readonly strategy?: Strategy | undefined;
  /** Where this node is, for `nearest`. */
  readonly location?: Location | undefined;
}

export class Routing {
  readonly strategy: Strategy;
  readonly location: Location | undefined;
  /** `host:port` of the nodes that are asked directly when there is no DHT; set once, at the start. */
  gateways: readonly string[] = [];
  /** Stations only: those that are asked for what nobody else knows. */
  readonly stations: PeeredStations = new PeeredStations();
  /** Searches of stations that have been here. */
  readonly searches: SearchesSeen = new SearchesSeen();
  /** How much others may have searched for among stations. */
  readonly searchBudgets: SearchBudgets = new SearchBudgets();
  /** What no station knew a moment ago. */
  readonly unknown: UnknownNames = new UnknownNames();
  /** The router's alone. */
  rescuer: Rescuer | undefined = undefined;
  readonly stats: ProviderStats = new ProviderStats();
  readonly turns: RoundRobin = new RoundRobin();
  readonly budget: RetryBudget;
  /** Calls to handlers of ours that carry a key. */
  readonly keyed: IdempotencyTable<KeyedCall> = new IdempotencyTable();

  /** @param now monotonic ms. */
  constructor({ strategy = DEFAULT_STRATEGY, location }: RoutingOptions, now: number) {
    this.strategy = strategy;
    this.location = location;
    this.budget = new RetryBudget(now);
  }
}
