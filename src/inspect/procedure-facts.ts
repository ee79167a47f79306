/**
 * What a procedure takes and gives, as far as this node knows: for whoever wants to try a call (INSPECTOR §3).
 *
 * The JSON Schemas that its provider publishes in its record (`metadata.schema`, docs/naming.md), which is for everybody who finds it;
 * nothing else of the metadata. Of what is advertised in this process also those of a `schema` that is not published. They may come
 * from peers: they are data for the page, and judge nothing here.
 */
import { toJson, type Json } from '../codec/json-value.ts';
import { jsonSchemaOf } from '../mesh/contract/json-schema.ts';
import { shared, type MeshContext } from '../mesh/context.ts';
import { text } from './views/plain.ts';

/** Characters of a description (512 bytes) and of a schema, as JSON: a record has 4 KiB. */
const LONGEST = 16_384;

export interface ProcedureFacts {
  readonly procedure: string;
  /** Empty: there is none. */
  readonly description: string;
  /** Draft 2020-12; null: none is known. */
  readonly args: Json;
  readonly result: Json;
}

type Metadata = Readonly<Record<string, unknown>>;

/** Undefined: nobody here serves it, and the cache knows nobody elsewhere. */
export function procedureFacts(context: MeshContext, procedure: string): ProcedureFacts | undefined {
  const said = saidOf(context, procedure);
  if (said === undefined) return undefined;
  const { metadata, description } = said;
  const schema = isRecord(metadata['schema']) ? metadata['schema'] : {};
  return {
    procedure: text(procedure),
    description: text(typeof description === 'string' ? description : ''),
    args: shown(schema['args'] ?? ownSchema(context, procedure)),
    result: shown(schema['result']),
  };
}

function saidOf(
  context: MeshContext,
  procedure: string,
): { readonly metadata: Metadata; readonly description: unknown } | undefined {
  const [here] = shared(context, 'serviceRegistry')?.attached(procedure) ?? [];
  if (here !== undefined) return here;
  const { runtime, discovery } = context;
  const [elsewhere] = discovery.cache.peek(procedure, runtime.clock.now())?.providers ?? [];
  if (elsewhere === undefined) return undefined;
  return { metadata: elsewhere.metadata, description: elsewhere.metadata['description'] };
}

function ownSchema({ advertised }: MeshContext, procedure: string): object | undefined {
  for (const entry of advertised.values())
    if (entry.procedure === procedure && entry.checks?.args !== undefined)
      return jsonSchemaOf(entry.checks.args);
  return undefined;
}

function shown(schema: unknown): Json {
  if (!isRecord(schema)) return null;
  const json = toJson(schema);
  return JSON.stringify(json).length > LONGEST ? null : json;
}

const isRecord = (value: unknown): value is Metadata =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
