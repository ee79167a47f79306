/**
 * Our nodes, each in a runtime of its own, as users start them; only the pool is raised to the number of nodes, and idle
 * connections are left in peace as long as those over a network.
 *
 * Announcing and looking up go to the DHT itself, past cache and advertiser. A message is a question sent on a
 * connection or given to the pool to make one.
 */
import { childrenOf } from '../../../src/actor/tree.ts';
import { startNode, type Node } from '../../../src/index.ts';
import { shared, type MeshContext } from '../../../src/mesh/context.ts';
import { lookUp } from '../../../src/mesh/dht/dht.ts';
import { makeRecord } from '../../../src/mesh/dht/record.ts';
import { median } from '../../harness/statistics.ts';
import type { Network } from '../network.ts';

/** Milliseconds a record lives, longer than any run. */
const TTL = 3_600_000;
const ANNOUNCE_LIMIT = 20_000;
/** What a listener on a network has; one on loopback asks idle peers three times as often, ms. */
const LIMITS = { idleTimeout: 30_000, keepAlive: 10_000 };

export function espalier(size: number): Promise<Network> {
  const nodes: Node[] = [];
  const contexts: MeshContext[] = [];
  const alive = new Set<MeshContext>();
  let seq = 0;
  return Promise.resolve({
    async add() {
      const [first] = nodes;
      const node = await startNode({
        listen: '127.0.0.1:0',
        bootstrap: first === undefined ? [] : [first.url],
        pool: { size },
        limits: LIMITS,
      });
      await node.ready();
      const { context } = node as unknown as { readonly context: MeshContext };
      nodes.push(node);
      contexts.push(context);
      alive.add(context);
    },

    async announce(at, key) {
      const { context, node } = found(at);
      const identity = shared(context, 'identity');
      if (identity === undefined) throw new Error('the node has no identity');
      const made = makeRecord(identity, {
        key,
        realm: context.settings.realm,
        endpoints: [node.url.slice('https://'.length)],
        metadata: {},
        seq: ++seq,
        issuedAt: Date.now(),
        ttl: TTL,
        removed: false,
      });
      if (made.tag !== 'made') throw new Error(`the record is ${made.tag}`);
      const done = await lookUp(context, { kind: 'store', key, value: made.payload }, ANNOUNCE_LIMIT);
      if (done?.outcome.tag !== 'stored' || done.outcome.stored === 0)
        throw new Error(`not stored: ${done?.outcome.tag ?? 'no lookup could be made'}`);
    },

    async lookUp(at, key, limit) {
      const start = performance.now();
      // the name is what the record's own node would compare with; records are found by key
      const done = await lookUp(found(at).context, { kind: 'providers', procedure: '', key }, limit);
      const full = performance.now() - start;
      const isFound = done?.outcome.tag === 'providers' && done.outcome.providers.length > 0;
      // one that nobody had to be asked for lay in our own store
      return { first: isFound ? (done.stats.first ?? full) : undefined, full };
    },

    kill(at) {
      const { context } = found(at);
      // first the socket: whoever dies after it cannot say goodbye
      shared(context, 'endpoint')?.destroy();
      for (const root of childrenOf(context.runtime)) context.runtime.exit(root, 'kill');
      alive.delete(context);
    },

    messages: () =>
      contexts.reduce((sum, { counters: { poolHits, poolMisses } }) => sum + poolHits + poolMisses, 0),

    connections: () => median([...alive].map(({ standings }) => standings.size)),

    // counted at both ends
    made: () => contexts.reduce((sum, { counters }) => sum + counters.connectionsOpened, 0) / 2,
  });

  function found(at: number): { readonly node: Node; readonly context: MeshContext } {
    const [node, context] = [nodes[at], contexts[at]];
    if (node === undefined || context === undefined) throw new Error(`there is no node ${at}`);
    return { node, context };
  }
}
