/**
 * Which outside ports a NAT will take next, by those it took before. Pure.
 *
 * The answer is never longer than what was asked for, its ports are distinct, and those outside 1024..65535 are left
 * out: so near the end of the range it is shorter. Source: SPEC §8.5.
 */
import type { Allocation } from '../taxonomy.ts';

export const MIN_PORT = 1_024;
export const MAX_PORT = 65_535;
export const DEFAULT_COUNT = 5;
/** Ports asked for at most: a punch names no more. */
const MOST = 64;

/** Where random allocators take their ports from. */
const EPHEMERAL = { low: 32_768, high: 61_000 } as const;
/** When nothing is known: its beginning, in large steps. */
const BLIND_STEP = 1_000;
/** Ports from which an allocator's habit is inferred. */
const SAMPLES = 3;
/** Steps smaller than this are those of an allocator that counts. */
const NEAR = 10;

export interface PortQuestion {
  readonly allocation: Allocation | 'unknown';
  /** The port seen last from outside, when known. */
  readonly base?: number;
  /** Oldest first. */
  readonly history?: readonly number[];
  /** Default 5. */
  readonly count?: number;
}

export interface PortPrediction {
  /** Ascending. */
  readonly ports: readonly number[];
  /** 0 … 1: how likely one of them is right. */
  readonly confidence: number;
  /** `fallback`: nothing supports it. */
  readonly strategy: Allocation | 'fallback';
  /** Of `pc`: from one port to the next. */
  readonly delta?: number;
}

export function predictPorts(question: PortQuestion): PortPrediction {
  const { base, history = [] } = question;
  const count = Math.min(MOST, Math.max(1, Math.trunc(question.count ?? DEFAULT_COUNT)));
  const allocation = question.allocation === 'unknown' ? inferred(history) : question.allocation;
  const last = history.at(-1);
  if (allocation === 'pp' && (base ?? last) !== undefined) {
    return {
      ports: valid([base ?? last ?? 0]),
      confidence: base === undefined ? 0.85 : 0.95,
      strategy: 'pp',
    };
  }
  if (allocation === 'pc' && history.length >= SAMPLES) return contiguous(base ?? last ?? 0, history, count);
  if (allocation === 'rd') return random(base, history, count);
  if (base !== undefined) return { ports: around(base, 1, count), confidence: 0.5, strategy: 'fallback' };
  const blind = Array.from({ length: count }, (_, index) => EPHEMERAL.low + index * BLIND_STEP);
  return { ports: valid(blind), confidence: 0.1, strategy: 'fallback' };
}

/** What an allocator does that took these ports; `unknown` from too few. */
function inferred(history: readonly number[]): Allocation | 'unknown' {
  if (history.length < SAMPLES) return 'unknown';
  const steps = deltasOf(history);
  if (steps.every((step) => step === 0)) return 'pp';
  return steps.every((step) => Math.abs(step) < NEAR) ? 'pc' : 'rd';
}

function contiguous(from: number, history: readonly number[], count: number): PortPrediction {
  const steps = deltasOf(history);
  // the newest step weighs most
  const weights = steps.reduce((sum, _step, index) => sum + index + 1, 0);
  const delta = Math.round(steps.reduce((sum, step, index) => sum + step * (index + 1), 0) / weights);
  const stray = steps.reduce((sum, step) => sum + Math.abs(step - delta), 0) / steps.length;
  const confidence = Math.max(0.3, 0.9 - (0.6 * stray) / Math.max(1, Math.abs(delta)));
  // one that gave the same port again counts, if at all, by one
  return { ports: around(from, delta === 0 ? 1 : delta, count), confidence, delta, strategy: 'pc' };
}

function random(base: number | undefined, history: readonly number[], count: number): PortPrediction {
  if (history.length >= SAMPLES) {
    const low = Math.min(...history);
    const width = Math.max(...history) - low;
    const step = count === 1 ? 0 : Math.max(1, Math.floor(width / (count - 1)));
    const start = count === 1 ? low + Math.floor(width / 2) : low;
    const ports = Array.from({ length: count }, (_, index) => start + index * step);
    const confidence = Math.min(0.5, Math.max(0.2, count / (width + 1)));
    return { ports: valid(ports), confidence, strategy: 'rd' };
  }
  const step = Math.floor((EPHEMERAL.high - EPHEMERAL.low) / (count + 1));
  if (base !== undefined) return { ports: around(base, step, count), confidence: 0.2, strategy: 'rd' };
  const ports = Array.from({ length: count }, (_, index) => EPHEMERAL.low + (index + 1) * step);
  return { ports: valid(ports), confidence: 0.15, strategy: 'rd' };
}

/** `count` ports with `base` in their middle. */
function around(base: number, step: number, count: number): readonly number[] {
  const half = Math.floor(count / 2);
  return valid(Array.from({ length: count }, (_, index) => base + (index - half) * step));
}

const valid = (ports: readonly number[]): readonly number[] =>
  [...new Set(ports)].filter((port) => port >= MIN_PORT && port <= MAX_PORT).toSorted((a, b) => a - b);

const deltasOf = (history: readonly number[]): readonly number[] =>
  history.slice(1).map((port, index) => port - (history[index] ?? 0));
