/**
 * How a node is told which cluster it belongs to. Pure.
 */
import { isNodeName } from '../node-name.ts';

/** Nodes that belong together: each is connected to all others. */
export type ClusterOptions =
  | {
      /** A list; one may serve all nodes, its own name is left out. Who is missing is tried again and again. */
      readonly strategy: 'static';
      /** `port@host`, at most 1,000; `name@host` too with `tcp`. */
      readonly nodes: readonly string[];
    }
  | {
      /** Each node says in the DHT that it is one, with a record that binds its name to its key. */
      readonly strategy: 'dht';
      /** Of the cluster: 1 to 64 letters, digits, `_`, `-`, `.`. */
      readonly name: string;
    };

/** Nodes of one list. */
const MAX_NODES = 1_000;
const NAME = /^[\w.-]{1,64}$/;

export const CLUSTER_EXPECTED: string =
  `{ strategy: 'static', nodes } with at most ${MAX_NODES} node names, ` +
  "or { strategy: 'dht', name } with a name of 1 to 64 letters, digits, _, - and .";

export function isClusterOptions(value: unknown): value is ClusterOptions {
  if (typeof value !== 'object' || value === null) return false;
  const { strategy, ...rest } = value as Record<string, unknown>;
  const [field, ...others] = Object.keys(rest);
  if (others.length > 0) return false;
  if (strategy === 'static') return field === 'nodes' && isList(rest['nodes']);
  return (
    strategy === 'dht' && field === 'name' && typeof rest['name'] === 'string' && NAME.test(rest['name'])
  );
}

const isList = (nodes: unknown): boolean =>
  Array.isArray(nodes) &&
  nodes.length <= MAX_NODES &&
  nodes.every((node) => typeof node === 'string' && isNodeName(node));
