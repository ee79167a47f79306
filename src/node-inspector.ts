/**
 * The inspector of a mesh node: what it shows beside the tree, and how it calls.
 */
import type { Who } from './inspect/inspected.ts';
import type { InspectorArgs } from './inspect/inspector-server.ts';
import { refused } from './inspect/control.ts';
import { procedureFacts } from './inspect/procedure-facts.ts';
import { metricsOf } from './inspect/metrics/node-metrics.ts';
import { viewsOf } from './inspect/views/views.ts';
import type { DistParts } from './dist/make.ts';
import type { Behind } from './mesh/client/leaving.ts';
import { fromJson, toJson, type Json } from './codec/json-value.ts';
import { MeshClient } from './mesh/client/mesh-client.ts';
import type { NodeOptions } from './mesh/client/options.ts';
import { hex, shared, type MeshContext } from './mesh/context.ts';
import type { ProcedureStatistics } from './mesh/events/call-statistics.ts';

const HOST = '127.0.0.1';
/** What its calls leave behind lives on. */
const NOTHING: Behind = { begin: () => {}, drain: () => Promise.resolve(), end: () => Promise.resolve() };

const summaries = ({ events }: MeshContext): readonly ProcedureStatistics[] =>
  events.calls.statistics.rows.map(({ statistics }) => statistics);

export function inspectorOf(
  context: MeshContext,
  { inspector = false }: NodeOptions,
  dist?: DistParts,
): InspectorArgs | undefined {
  if (inspector === false) return undefined;
  const given = inspector === true ? {} : inspector;
  const { host = HOST, port = 0, actions = false, announce = true, token, allow = [] } = given;
  const client = new MeshClient(context, 'inspector', NOTHING);
  return {
    context,
    who: () => whoIs(context),
    host,
    port,
    actions,
    announce,
    token,
    allow,
    memory: { port: undefined, token: undefined },
    views: viewsOf({ context, dist, calls: () => summaries(context) }),
    metrics: () => metricsOf(context).scrape(),
    procedure: (name) => procedureFacts(context, name),
    call: async ({ procedure, args, timeout }) => {
      const read = fromJson(args as Json);
      if (!read.ok) return refused('invalid_args', `args ${read.detail}`);
      const result = await client.tryCall(procedure, read.value, { timeout });
      return result.ok
        ? { ok: true, value: toJson(result.value) }
        : refused(result.error.failure.tag, result.error.message);
    },
  };
}

function whoIs(context: MeshContext): Who {
  const { role, phase } = context;
  const identity = shared(context, 'identity');
  const { bound } = phase;
  const node =
    bound === undefined
      ? role
      : `https://${bound.host.includes(':') ? `[${bound.host}]` : bound.host}:${bound.port}`;
  return { node, role, id: identity === undefined ? '' : hex(identity.nodeId) };
}
