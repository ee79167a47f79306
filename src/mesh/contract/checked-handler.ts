/**
 * A handler behind schemas: it sees only args that passed, and only results that pass leave it.
 *
 * A result that does not pass is a bug of ours: it makes a crash report here, and the caller learns
 * `handler_error` with the code `invalid_result` and where it is wrong. It is no `handler_crash`, for the handler
 * has ended in good order and may have done its work.
 */
import type { Process } from '../../actor/process.ts';
import { Err } from '../errors/rpc-error.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { Refusal, type AnyHandler, type HandlerContext } from '../handlers/handler.ts';
import type { ValueMap } from '../../codec/value.ts';
import { withoutAbsent } from './absent.ts';
import type { Checks } from './procedure-contract.ts';
import type { StandardSchema } from './standard-schema.ts';
import { validate, type Judged } from './validate.ts';

/** What the crash report of a wrong result holds. */
export class InvalidResult extends Error {
  override readonly name = 'InvalidResult';
}

export function checkedHandler({ args, result }: Checks, handler: AnyHandler): AnyHandler {
  const checked = result === undefined ? handler : resultChecked(result, handler);
  return args === undefined ? checked : argsChecked(args, checked);
}

function argsChecked(schema: StandardSchema, handler: AnyHandler): AnyHandler {
  return (args, context) => {
    const judged = validate(schema, args, 'args');
    if (!(judged instanceof Promise)) return handler(accepted(judged), context);
    return judged.then((later) => {
      const value = accepted(later);
      // the caller may have gone meanwhile
      return context.signal.aborted ? undefined : handler(value, context);
    });
  };
}

function accepted(judged: Judged): ValueMap {
  if (judged.ok) return judged.value as ValueMap;
  const { field, detail } = judged;
  throw new Refusal({ tag: 'invalid_args', field, detail });
}

function resultChecked(schema: StandardSchema, handler: AnyHandler): AnyHandler {
  const check = (value: unknown, context: HandlerContext): unknown => {
    if (Err.is(value)) return value;
    const judged = validate(schema, value, 'result');
    return judged instanceof Promise
      ? judged.then((later) => passed(later, value, context))
      : passed(judged, value, context);
  };
  return (args, context) => {
    const value = handler(args, context);
    return isThenable(value)
      ? Promise.resolve(value).then((later) => check(later, context))
      : check(value, context);
  };
}

function passed(judged: Judged, value: unknown, { self }: HandlerContext): unknown {
  if (judged.ok) return withoutAbsent(value);
  self.runtime.reportCrash(self as Process, new InvalidResult(`${judged.field}: ${judged.detail}`));
  throw new Refusal(invalidResult(judged));
}

/** The code is what travels: nodes that do not know it pass it on as a `handler_error`. */
export const invalidResult = ({ field, detail }: Extract<Judged, { ok: false }>): RpcFailure => ({
  tag: 'handler_error',
  code: 'invalid_result',
  reason: `${field}: ${detail}`,
});

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  typeof (value as { readonly then?: unknown }).then === 'function';
