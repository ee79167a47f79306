/**
 * The options of a call, judged before anything is sent. Never throws, as `check.ts`.
 */
import { isName, isText, NAME_BYTES, TRACESTATE_BYTES } from '../../codec/field.ts';
import type { TracePayload } from '../../codec/payloads.ts';
import type { CallPlan } from '../router/plan.ts';
import { checkPlan, PLAN_OPTIONS } from './check-plan.ts';
import {
  CALL_TIMEOUT,
  checkTimeout,
  guarded,
  invalid,
  isSignal,
  isWellFormed,
  unknownOption,
  type Checked,
} from './check.ts';
import type { CallOptions } from './client.ts';

/** Options of a call that are not its name and args. */
export interface CheckedCall {
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly idempotent: boolean;
  readonly idempotencyKey: string | undefined;
  readonly trace: TracePayload | undefined;
  /** What is wanted of the routing; undefined: nothing special. */
  readonly plan: CallPlan | undefined;
}

const ok = <T>(value: T): Checked<T> => ({ ok: true, value });

const DEFAULTS: Checked<CheckedCall> = ok({
  timeout: CALL_TIMEOUT,
  signal: undefined,
  idempotent: false,
  idempotencyKey: undefined,
  trace: undefined,
  plan: undefined,
});

const CALL_OPTIONS: ReadonlySet<string> = new Set<keyof CallOptions>([
  'timeout',
  'signal',
  'idempotent',
  'idempotencyKey',
  'trace',
  ...PLAN_OPTIONS,
]);

export function checkCallOptions(options: unknown): Checked<CheckedCall> {
  if (options === undefined) return DEFAULTS;
  return guarded('options', () => {
    if (typeof options !== 'object' || options === null) return invalid('options', 'must be an object');
    const unknown = unknownOption(options, CALL_OPTIONS);
    if (unknown !== undefined) return unknown;
    const { timeout: wanted, signal, idempotent, idempotencyKey, trace } = options as Record<string, unknown>;
    const timeout = checkTimeout(wanted, CALL_TIMEOUT);
    if (!timeout.ok) return timeout;
    if (signal !== undefined && !isSignal(signal)) {
      return invalid('signal', 'must be an AbortSignal');
    }
    if (idempotent !== undefined && typeof idempotent !== 'boolean') {
      return invalid('idempotent', 'must be true or false');
    }
    if (idempotencyKey !== undefined && !(isName(idempotencyKey as never) && isWellFormed(idempotencyKey))) {
      return invalid('idempotencyKey', `must be a string of 1 to ${NAME_BYTES} bytes`);
    }
    const traced = checkTrace(trace);
    if (!traced.ok) return traced;
    const plan = checkPlan(options);
    if (!plan.ok) return plan;
    return ok({
      timeout: timeout.value,
      signal,
      idempotent: idempotent === true,
      idempotencyKey: idempotencyKey as string | undefined,
      trace: traced.value,
      plan: plan.value,
    });
  });
}

function checkTrace(trace: unknown): Checked<TracePayload | undefined> {
  if (trace === undefined) return ok(undefined);
  if (typeof trace !== 'object' || trace === null)
    return invalid('trace', 'must be { traceparent, tracestate? }');
  const { traceparent, tracestate } = trace as Record<string, unknown>;
  if (!isText(traceparent, NAME_BYTES) || !isWellFormed(traceparent)) {
    return invalid('trace.traceparent', `must be a string of at most ${NAME_BYTES} bytes`);
  }
  if (tracestate === undefined) return ok(Object.freeze({ traceparent }));
  return isText(tracestate, TRACESTATE_BYTES) && isWellFormed(tracestate)
    ? ok(Object.freeze({ traceparent, tracestate }))
    : invalid('trace.tracestate', `must be a string of at most ${TRACESTATE_BYTES} bytes`);
}
