/**
 * What `advertise` is given, judged whole and made an entry of the intent. Never throws.
 */
import type { ChildSpec } from '../../otp/child-spec.ts';
import { checkSpec } from '../../otp/child-spec.ts';
import { ServerRef } from '../../otp/server-ref.ts';
import { hex, type MeshContext } from '../context.ts';
import type { AnyHandler, Authorize, ProcedureLimits } from '../handlers/handler.ts';
import { checkWorker } from './check-worker.ts';
import { withSchema } from '../contract/json-schema.ts';
import { isStandardSchema, ProcedureContract } from '../contract/procedure-contract.ts';
import { defaultTag, ServerHandler } from '../handlers/server-handler.ts';
import type { Advertised } from '../intent/intent.ts';
import { shownMetadata } from '../registry/offer.ts';
import {
  checkDescription,
  checkLimits,
  checkMetadata,
  checkName,
  checkTtl,
  guarded,
  invalid,
  unknownOption,
  type Checked,
} from './check.ts';

const OPTIONS: ReadonlySet<string> = new Set([
  'ttl',
  'metadata',
  'description',
  'limits',
  'authorize',
  'exclusive',
  'isolation',
  'worker',
  'schema',
  'timeout',
  'signal',
]);

export function advertised(
  context: MeshContext,
  owner: string,
  procedure: unknown,
  handler: unknown,
  options: unknown,
): Checked<Advertised> {
  const { runtime, settings } = context;
  const contract = ProcedureContract.is(procedure) ? procedure : undefined;
  const name = checkName(contract?.name ?? procedure, settings.names);
  if (!name.ok) return name;
  return guarded('options', () => {
    if (typeof options !== 'object' || options === null) return invalid('options', 'must be an object');
    const unknown = unknownOption(options, OPTIONS);
    if (unknown !== undefined) return unknown;
    const wanted = options as Readonly<Record<string, unknown>>;
    const { isolation = 'actor' } = wanted;
    if (isolation !== 'actor' && isolation !== 'worker')
      return invalid('isolation', 'must be actor or worker');
    const serves: Checked<Served> =
      isolation === 'worker'
        ? checkWorker(name.value, handler, wanted['worker'])
        : guarded('handler', () => checkHandler(name.value, handler));
    if (!serves.ok) return serves;
    if (isolation === 'actor' && wanted['worker'] !== undefined)
      return invalid('worker', "is for isolation: 'worker'");
    const ttl = checkTtl(wanted['ttl']);
    if (!ttl.ok) return ttl;
    const metadata = checkMetadata(wanted['metadata']);
    if (!metadata.ok) return metadata;
    const description = checkDescription(wanted['description'] ?? contract?.description);
    if (!description.ok) return description;
    // in the record they are one
    const said = { metadata: metadata.value, description: description.value };
    const shown = checkMetadata(shownMetadata(said));
    if (!shown.ok) return shown;
    const limits = checkLimits(wanted['limits']);
    if (!limits.ok) return limits;
    const { authorize, exclusive, schema } = wanted;
    if (schema !== undefined && (contract !== undefined || !isStandardSchema(schema))) {
      return invalid('schema', contract === undefined ? 'must be a Standard Schema' : 'is in the contract');
    }
    const checks = contract ?? (schema === undefined ? undefined : { args: schema });
    if (authorize !== undefined && typeof authorize !== 'function') {
      return invalid('authorize', 'must be a function');
    }
    if (exclusive !== undefined && typeof exclusive !== 'boolean') {
      return invalid('exclusive', 'must be true or false');
    }
    return {
      ok: true,
      value: {
        id: hex(runtime.random.bytes(8)),
        procedure: name.value,
        owner,
        handler: serves.value.handler,
        exclusive: exclusive === true,
        ttl: ttl.value,
        metadata:
          contract === undefined ? metadata.value : withSchema(metadata.value, contract, description.value),
        description: description.value,
        limits: limitsOf(serves.value.limits, limits.value),
        authorize: authorize as Authorize | undefined,
        ...(checks === undefined ? {} : { checks }),
      },
    };
  });
}

/** What serves it, and the limits that it has by itself. */
interface Served {
  readonly handler: Advertised['handler'];
  readonly limits?: ProcedureLimits;
}

const limitsOf = (
  own: ProcedureLimits | undefined,
  said: ProcedureLimits | undefined,
): ProcedureLimits | undefined => (own === undefined ? said : { ...own, ...said });

function checkHandler(procedure: string, handler: unknown): Checked<Served> {
  if (typeof handler === 'function') return { ok: true, value: { handler: handler as AnyHandler } };
  if (handler instanceof URL) return invalid('handler', "the URL of a module needs isolation: 'worker'");
  if (!(handler instanceof ServerHandler)) return invalid('handler', 'must be a function or server(…)');
  const { target, tag = defaultTag(procedure) } = handler;
  if (typeof tag !== 'string') return invalid('handler', 'server(…): tag must be a string');
  if (!(target instanceof ServerRef)) {
    try {
      checkSpec(target as ChildSpec);
    } catch {
      return invalid('handler', 'server(…) takes a ServerRef or a child specification');
    }
  }
  return { ok: true, value: { handler: { server: target, tag } } };
}
