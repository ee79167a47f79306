/**
 * What a client wants of the routing of its call, told to the node that routes it; and the node's answer how it went.
 * Pure. Optional fields of CALL and REPLY: an older peer ignores them.
 */
import type { CallPayload, ReplyPayload } from '../../codec/payloads.ts';
import { isValueMap, type Value, type ValueMap } from '../../codec/value.ts';
import { short } from '../errors/short.ts';
import type { Route } from '../errors/rpc-error.ts';
import type { Attempt, Explanation } from './explanation.ts';
import type { CallPlan } from './plan.ts';
import type { RpcCall } from './rpc-call.ts';
import { isStrategyName } from './strategy.ts';

/** Providers a peer may have us try for one call: each is a call of ours, which costs the peer nothing. */
const PEERS_ATTEMPTS = 10;

type PlanFields = Pick<CallPayload, 'refresh' | 'strategy' | 'max_attempts' | 'explain' | 'target'>;

/** A custom strategy cannot travel. Repeats are the caller's own. */
export function planToWire({ forceRefresh, strategy, maxAttempts, target, explain }: CallPlan): PlanFields {
  return {
    ...(forceRefresh ? { refresh: true } : {}),
    ...(typeof strategy === 'string' ? { strategy } : {}),
    ...(maxAttempts === undefined ? {} : { max_attempts: maxAttempts }),
    ...(target === undefined ? {} : { target: Buffer.from(target, 'hex') }),
    ...(explain ? { explain } : {}),
  };
}

/** Undefined when the caller wants nothing special. */
export function planOf(payload: CallPayload): CallPlan | undefined {
  const { refresh, strategy, max_attempts: maxAttempts, explain } = payload;
  const target = payload.target ?? undefined;
  if ((refresh ?? strategy ?? maxAttempts ?? explain ?? target) === undefined) return undefined;
  return {
    forceRefresh: refresh === true,
    strategy: isStrategyName(strategy) ? strategy : undefined,
    maxAttempts: typeof maxAttempts === 'number' ? Math.min(maxAttempts, PEERS_ATTEMPTS) : undefined,
    retry: undefined,
    target: target === undefined ? undefined : Buffer.from(target).toString('hex'),
    explain: explain === true,
  };
}

/** Where a call was answered, for the client that asked us: nothing when that was here. */
export function whereToWire({
  route,
  servedBy,
}: Pick<RpcCall, 'route' | 'servedBy'>): Pick<ReplyPayload, 'route' | 'node'> {
  return route === 'cache' || route === 'dht' ? { route, node: Buffer.from(servedBy, 'hex') } : HERE;
}

const HERE = Object.freeze({});

/** A client's call was answered by its node, or by another that the node found. */
export function readWhere(call: RpcCall, { route, node }: ReplyPayload): void {
  if ((route !== 'cache' && route !== 'dht') || node === undefined || node === null) return;
  call.route = route;
  call.servedBy = Buffer.from(node).toString('hex');
}

/** Providers an explanation tells of at most. */
const TOLD = 100;
const ROUTES: ReadonlySet<unknown> = new Set<Route>(['local', 'cache', 'dht', 'direct']);

export function explanationToWire(explanation: Explanation): ValueMap {
  const { tier, providers, hops, discovery, attempts, ms } = explanation;
  return {
    providers,
    discovery,
    ms,
    attempts: attempts.slice(0, TOLD).map((attempt) => ({ ...attempt })),
    ...(tier === undefined ? {} : { tier }),
    ...(hops === undefined ? {} : { hops }),
  };
}

/** What a node told; undefined when it told nothing that can be read. */
export function explanationFromWire(value: ValueMap | null | undefined): Explanation | undefined {
  if (!isValueMap(value)) return undefined;
  const { tier, providers, hops, discovery, attempts, ms } = value;
  if (!Array.isArray(attempts)) return undefined;
  return {
    tier: routeOf(tier),
    providers: numberOf(providers),
    hops: typeof hops === 'number' ? hops : undefined,
    discovery: numberOf(discovery),
    attempts: (attempts as readonly Value[]).slice(0, TOLD).flatMap(attemptOf),
    ms: numberOf(ms),
  };
}

function attemptOf(value: Value): readonly Attempt[] {
  if (!isValueMap(value)) return [];
  const { node, route, outcome, sent, ms } = value;
  if (typeof node !== 'string' || typeof outcome !== 'string') return [];
  return [
    {
      node: short(node),
      route: routeOf(route) ?? 'direct',
      outcome: short(outcome) as Attempt['outcome'],
      sent: sent === true,
      ms: numberOf(ms),
    },
  ];
}

const routeOf = (value: Value | undefined): Route | undefined =>
  ROUTES.has(value) ? (value as Route) : undefined;
const numberOf = (value: Value | undefined): number => (typeof value === 'number' ? value : 0);
