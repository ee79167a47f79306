/**
 * What an inspector needs of the tree that it shows: a node's, a client's or a dist relay's.
 */
import { createRequire } from 'node:module';
import type { NameScope } from '../actor/names.ts';
import type { Runtime } from '../actor/runtime.ts';
import type { CrashRing } from '../mesh/events/crash-ring.ts';
import type { EventHub } from '../mesh/events/hub.ts';
import type { NodeFacts } from './source.ts';

export interface Inspected {
  readonly runtime: Runtime;
  /** Its root is `root` in there, and `inspector` shares where it is. */
  readonly scope: NameScope;
  readonly events: EventHub;
  readonly crashes: CrashRing;
}

/** Who it is, once it has started. */
export type Who = Pick<NodeFacts, 'node' | 'role' | 'id'>;

export const factsOf = ({ runtime }: Inspected, who: Who): NodeFacts => ({
  schema: 1,
  ...who,
  pid: process.pid,
  version: version(),
  nodeVersion: process.version,
  startedAt: Math.round(runtime.clock.wall() - (runtime.clock.now() - runtime.startedAt)),
});

function version(): string {
  const found: unknown = createRequire(import.meta.url)('espalier/package.json');
  const text = (found as { readonly version?: unknown }).version;
  return typeof text === 'string' ? text : 'unknown';
}
