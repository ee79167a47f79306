/**
 * The inspector of a dist relay: what it shows beside the tree.
 */
import type { RelayContext } from './dist/relay/server/relay-context.ts';
import { refused } from './inspect/control.ts';
import type { Who } from './inspect/inspected.ts';
import type { InspectorArgs } from './inspect/inspector-server.ts';
import { RelayMetrics } from './inspect/metrics/relay-metrics.ts';
import { relayServerView } from './inspect/views/relay-server.ts';
import type { InspectorOptions } from './mesh/client/options.ts';

/** As of a node; nobody looks through a mesh, of which it has none. */
export type RelayInspectorOptions = Omit<InspectorOptions, 'allow'>;

const HOST = '127.0.0.1';

export function relayInspectorOf(
  context: RelayContext,
  wanted: boolean | RelayInspectorOptions,
  who: () => Who,
): InspectorArgs | undefined {
  if (wanted === false) return undefined;
  const { host = HOST, port = 0, actions = false, announce = true, token } = wanted === true ? {} : wanted;
  const metrics = new RelayMetrics(context);
  return {
    context,
    who,
    host,
    port,
    actions,
    announce,
    token,
    allow: [],
    memory: { port: undefined, token: undefined },
    views: { relay: () => Promise.resolve(relayServerView(context)) },
    metrics: () => metrics.scrape(),
    procedure: () => undefined,
    call: () => Promise.resolve(refused('not_offered', 'a dist relay calls no procedures')),
  };
}
