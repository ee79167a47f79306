/**
 * A call of a contract: args are judged before anything is sent, the result before the caller has it.
 *
 * Schemas that take their time take it from the call's own budget.
 */
import type { Runtime } from '../../actor/runtime.ts';
import type { CallArgs, CallOptions } from '../client/client.ts';
import { CALL_TIMEOUT, checkWaiting } from '../client/check.ts';
import { Patience } from '../client/patience.ts';
import { RpcError, type Result } from '../errors/rpc-error.ts';
import { withoutAbsent } from './absent.ts';
import { invalidResult } from './checked-handler.ts';
import type { ProcedureContract } from './procedure-contract.ts';
import type { StandardSchema } from './standard-schema.ts';
import { validate, type Judged } from './validate.ts';

/** Never rejects, as `tryCall`. `send` makes the call itself. */
export async function typedCall(
  runtime: Runtime,
  contract: ProcedureContract,
  args: unknown,
  options: CallOptions | undefined,
  send: (args: CallArgs, options: CallOptions | undefined) => Promise<Result>,
): Promise<Result> {
  const { name } = contract;
  try {
    const given = args === undefined ? {} : args;
    const waiting = checkWaiting(options, CALL_TIMEOUT);
    if (!waiting.ok) throw new RpcError(waiting.failure, name);
    const patience = new Patience(runtime, waiting.value);
    const input = await judge(contract.args, given, 'args', patience, name);
    if (!input.ok) {
      const { field, detail } = input;
      throw new RpcError({ tag: 'invalid_args', field, detail }, name);
    }
    // a fraction of a millisecond may be left, which is no timeout that a call takes
    const left = Math.max(1, patience.left);
    const result = await send(
      withoutAbsent(given) as CallArgs,
      left < waiting.value.timeout ? { ...options, timeout: left } : options,
    );
    if (!result.ok) return result;
    const { value } = result;
    let output = await judge(contract.result, value, 'result', patience, name);
    // a handler that gives nothing gives null on the wire
    if (!output.ok && value === null) {
      const nothing = await judge(contract.result, undefined, 'result', patience, name);
      if (nothing.ok) output = nothing;
    }
    if (!output.ok) throw new RpcError(invalidResult(output), name);
    return { ...result, value: output.value };
  } catch (error) {
    return refused(runtime, error instanceof RpcError ? error : unforeseen(error, name));
  }
}

/** Not at once: whoever calls again and again leaves the event loop its turns. */
const refused = (runtime: Runtime, error: RpcError): Promise<Result> =>
  new Promise((resolve) => {
    runtime.clock.later(() => {
      resolve({ ok: false, error });
    });
  });

function judge(
  schema: StandardSchema,
  value: unknown,
  root: string,
  patience: Patience,
  name: string,
): Judged | Promise<Judged> {
  const judged = validate(schema, value, root);
  return judged instanceof Promise ? patience.wait(judged, name) : judged;
}

/** A schema that throws instead of judging. */
const unforeseen = (cause: unknown, name: string): RpcError =>
  new RpcError({ tag: 'invalid_args', field: 'args', detail: 'the schema failed' }, name, { cause });
