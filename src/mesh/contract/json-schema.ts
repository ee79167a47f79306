/**
 * The JSON Schemas of a contract, for those who find its procedure: `metadata.schema = { args, result }`.
 *
 * Draft 2020-12, of what travels. Published when the library can say it and the record has room; a contract works
 * the same without. Never throws.
 */
import type { ValueMap } from '../../codec/value.ts';
import { checkMetadata } from '../client/check.ts';
import { shownMetadata } from '../registry/offer.ts';
import type { ProcedureContract } from './procedure-contract.ts';
import type { StandardSchema } from './standard-schema.ts';

/** The metadata with the schemas in it; as it is when they do not fit, or it has a `schema` of its own. */
export function withSchema(
  metadata: ValueMap,
  contract: ProcedureContract,
  description: string | undefined,
): ValueMap {
  if (Object.hasOwn(metadata, 'schema')) return metadata;
  const args = contract.jsonSchema.args ?? jsonSchemaOf(contract.args);
  const result = contract.jsonSchema.result ?? jsonSchemaOf(contract.result);
  if (args === undefined && result === undefined) return metadata;
  const schema = { ...(args === undefined ? {} : { args }), ...(result === undefined ? {} : { result }) };
  const checked = checkMetadata({ ...metadata, schema });
  if (!checked.ok) return metadata;
  // in the record it stands beside the description
  const shown = checkMetadata(shownMetadata({ metadata: checked.value, description }));
  return shown.ok ? checked.value : metadata;
}

/** Undefined: the library cannot say it. */
export function jsonSchemaOf(schema: StandardSchema): object | undefined {
  try {
    const { $schema: _dialect, ...body } =
      schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' }) ?? {};
    return Object.keys(body).length === 0 ? undefined : body;
  } catch {
    // it cannot be said as JSON Schema: a transformation, say
    return undefined;
  }
}
