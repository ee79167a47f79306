/**
 * What a caller wants of the routing of its call, judged before anything is sent. Never throws for what it reads of
 * plain options; whoever calls it guards it against getters.
 */
import { MOST_ATTEMPTS, type CallPlan, type RetryRule } from '../router/plan.ts';
import { isStrategyName, STRATEGIES, type Strategy } from '../router/strategy.ts';
import { invalid, unknownOption, type Checked } from './check.ts';
import type { RetryOptions } from './client.ts';

/** Repeats of one call at most. */
const MOST_RETRIES = 100;
/** Longest wait between repeats, milliseconds. */
const LONGEST_WAIT = 3_600_000;
/** Milliseconds before the first repeat, and before any, when the caller does not say. */
const BACKOFF = 100;
const MAX_BACKOFF = 5_000;

/** The options of a call that are about routing. */
export const PLAN_OPTIONS = [
  'forceRefresh',
  'strategy',
  'maxAttempts',
  'retry',
  'target',
  'explain',
] as const;

const RETRY_OPTIONS: ReadonlySet<string> = new Set<keyof RetryOptions>(['times', 'backoff', 'maxBackoff']);

const NONE: Checked<undefined> = { ok: true, value: undefined };

/** Undefined when none of them is said. */
export function checkPlan(options: object): Checked<CallPlan | undefined> {
  const { forceRefresh, strategy, maxAttempts, retry, target, explain } = options as Record<string, unknown>;
  if ((forceRefresh ?? strategy ?? maxAttempts ?? retry ?? target ?? explain) === undefined) return NONE;
  if (!isFlag(forceRefresh)) return invalid('forceRefresh', 'must be true or false');
  if (strategy !== undefined && typeof strategy !== 'function' && !isStrategyName(strategy)) {
    return invalid('strategy', `must be a function or one of ${STRATEGIES.join(', ')}`);
  }
  if (maxAttempts !== undefined && !isCount(maxAttempts, MOST_ATTEMPTS)) {
    return invalid('maxAttempts', `must be an integer from 1 to ${MOST_ATTEMPTS}`);
  }
  const repeats = checkRetry(retry);
  if (!repeats.ok) return repeats;
  if (target !== undefined && !(typeof target === 'string' && /^[0-9a-f]{64}$/.test(target))) {
    return invalid('target', 'must be the 64 lower-case hex digits of a node id');
  }
  if (!isFlag(explain)) return invalid('explain', 'must be true or false');
  return {
    ok: true,
    value: {
      forceRefresh: forceRefresh === true,
      strategy: strategy as Strategy | undefined,
      maxAttempts,
      retry: repeats.value,
      target,
      explain: explain === true,
    },
  };
}

function checkRetry(retry: unknown): Checked<RetryRule | undefined> {
  if (retry === undefined) return NONE;
  if (typeof retry !== 'object' || retry === null)
    return invalid('retry', 'must be { times, backoff?, maxBackoff? }');
  const unknown = unknownOption(retry, RETRY_OPTIONS, 'retry.');
  if (unknown !== undefined) return unknown;
  const { times, backoff = BACKOFF, maxBackoff = MAX_BACKOFF } = retry as Record<string, unknown>;
  if (!isCount(times, MOST_RETRIES))
    return invalid('retry.times', `must be an integer from 1 to ${MOST_RETRIES}`);
  if (!isWait(backoff)) return invalid('retry.backoff', WAIT);
  if (!isWait(maxBackoff)) return invalid('retry.maxBackoff', WAIT);
  return { ok: true, value: { times, backoff, maxBackoff } };
}

const WAIT = `must be 1 … ${LONGEST_WAIT} milliseconds`;

const isFlag = (value: unknown): value is boolean | undefined =>
  value === undefined || typeof value === 'boolean';
const isCount = (value: unknown, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most;
const isWait = (value: unknown): value is number =>
  typeof value === 'number' && value >= 1 && value <= LONGEST_WAIT;
