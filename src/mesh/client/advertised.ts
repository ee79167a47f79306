/**
 * What `advertise` is given, judged whole and made an entry of the intent. Never throws.
 */
import type { ChildSpec } from '../../otp/child-spec.ts';
import { checkSpec } from '../../otp/child-spec.ts';
import { ServerRef } from '../../otp/server-ref.ts';
import { hex, type MeshContext } from '../context.ts';
import type { AnyHandler, Authorize } from '../handlers/handler.ts';
import { defaultTag, ServerHandler } from '../handlers/server-handler.ts';
import type { Advertised } from '../intent/intent.ts';
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
  const name = checkName(procedure, settings.names);
  if (!name.ok) return name;
  const serves = guarded('handler', () => checkHandler(name.value, handler));
  if (!serves.ok) return serves;
  return guarded('options', () => {
    if (typeof options !== 'object' || options === null) return invalid('options', 'must be an object');
    const unknown = unknownOption(options, OPTIONS);
    if (unknown !== undefined) return unknown;
    const wanted = options as Readonly<Record<string, unknown>>;
    const ttl = checkTtl(wanted['ttl']);
    if (!ttl.ok) return ttl;
    const metadata = checkMetadata(wanted['metadata']);
    if (!metadata.ok) return metadata;
    const description = checkDescription(wanted['description']);
    if (!description.ok) return description;
    const limits = checkLimits(wanted['limits']);
    if (!limits.ok) return limits;
    const { authorize, exclusive } = wanted;
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
        handler: serves.value,
        exclusive: exclusive === true,
        ttl: ttl.value,
        metadata: metadata.value,
        description: description.value,
        limits: limits.value,
        authorize: authorize as Authorize | undefined,
      },
    };
  });
}

function checkHandler(procedure: string, handler: unknown): Checked<Advertised['handler']> {
  if (typeof handler === 'function') return { ok: true, value: handler as AnyHandler };
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
  return { ok: true, value: { server: target, tag } };
}
