/**
 * A typed procedure: a value that both ends share, from which the caller's and the handler's types follow.
 *
 * ```ts
 * export const getUser = procedure('myapp.user.get', {
 *   args: z.object({ id: z.string() }),
 *   result: z.object({ id: z.string(), name: z.string() }),
 * });
 * await node.advertise(getUser, ({ id }) => users.get(id) ?? err('not_found'));
 * const { name } = await client.call(getUser, { id: 'u1' });
 * ```
 * Both ends ask both schemas. Wrong args are `invalid_args`: in the caller before anything is sent, at the provider
 * before the handler runs. A wrong result is `handler_error` with the code `invalid_result`.
 *
 * What travels is what was written (the schema's input), what is read is what the schema made of it (its output): so
 * a schema may transform, a date into text for the way say, and a value is transformed once. What a schema ignores
 * travels too; use a strict object where a result must not hold more than it says.
 */
import { RpcError } from '../errors/rpc-error.ts';
import type { Err } from '../errors/rpc-error.ts';
import type { HandlerContext } from '../handlers/handler.ts';
import type { SchemaInput, SchemaOutput, StandardSchema } from './standard-schema.ts';

export interface ContractOptions<Args extends StandardSchema, Result extends StandardSchema> {
  readonly args: Args;
  readonly result: Result;
  /** For those who find it; an advertisement's own description wins. At most 512 bytes. */
  readonly description?: string;
  /** JSON Schemas to publish, for libraries without Standard JSON Schema. */
  readonly jsonSchema?: { readonly args?: object; readonly result?: object };
}

/** Schemas that an advertisement asks. */
export interface Checks {
  readonly args?: StandardSchema | undefined;
  readonly result?: StandardSchema | undefined;
}

export class ProcedureContract<
  Args extends StandardSchema = StandardSchema,
  Result extends StandardSchema = StandardSchema,
> implements Checks {
  readonly name: string;
  readonly args: Args;
  readonly result: Result;
  readonly description: string | undefined;
  readonly jsonSchema: { readonly args?: object; readonly result?: object };
  readonly #mark = true;

  constructor(name: string, options: ContractOptions<Args, Result>) {
    this.name = name;
    this.args = options.args;
    this.result = options.result;
    this.description = options.description;
    this.jsonSchema = options.jsonSchema ?? {};
  }

  /** Asks no trap of a proxy. */
  static is(value: unknown): value is ProcedureContract {
    return typeof value === 'object' && value !== null && #mark in value && value.#mark;
  }
}

/**
 * Makes a contract. The name is judged where it is used, for each client has its own rules. Throws `RpcError`
 * `invalid_args` when a schema is no Standard Schema.
 */
export function procedure<Args extends StandardSchema, Result extends StandardSchema>(
  name: string,
  options: ContractOptions<Args, Result>,
): ProcedureContract<Args, Result> {
  for (const field of ['args', 'result'] as const)
    if (!isStandardSchema(options[field]))
      throw new RpcError({ tag: 'invalid_args', field, detail: 'must be a Standard Schema' }, name);
  return new ProcedureContract(name, options);
}

/** Some libraries' schemas are functions. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as Partial<StandardSchema>)['~standard'];
  return standard?.version === 1 && typeof standard.validate === 'function';
}

/** Answers a call of a contract. */
export type ContractHandler<Args extends StandardSchema, Result extends StandardSchema> = (
  args: SchemaOutput<Args>,
  context: HandlerContext,
) => SchemaInput<Result> | Err | PromiseLike<SchemaInput<Result> | Err>;

/** Args may be left out where `{}` is good. */
export type ContractArgs<Args extends StandardSchema, Options> =
  Record<never, never> extends SchemaInput<Args>
    ? [args?: SchemaInput<Args>, options?: Options]
    : [args: SchemaInput<Args>, options?: Options];
