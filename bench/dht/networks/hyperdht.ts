/**
 * hyperdht as its own testnet starts it: single UDP requests, no connections, no encryption between DHT nodes.
 */
import { loadPackage } from '../../harness/packages.ts';
import type { Network } from '../network.ts';

const HOST = '127.0.0.1';
/** Where the announcer says that it can be reached: nobody dials it here. */
const RELAYS = [{ host: HOST, port: 1 }];

/** What we use of the package. */
interface Query extends AsyncIterable<{ readonly peers: readonly unknown[] }> {
  finished(): Promise<void>;
  destroy(): void;
}

interface Dht {
  readonly defaultKeyPair: object;
  readonly stats: { readonly requests: { readonly total: number; readonly retries: number } };
  fullyBootstrapped(): Promise<void>;
  address(): { readonly port: number };
  announce(key: Buffer, keyPair: object, relays: readonly object[]): Query;
  lookup(key: Buffer): Query;
  destroy(options: { readonly force: boolean }): Promise<void>;
}

type DhtClass = new (options: {
  readonly ephemeral: boolean;
  readonly firewalled: boolean;
  readonly bootstrap: readonly object[];
  readonly host: string;
}) => Dht;

export async function hyperdht(): Promise<Network> {
  const { default: Dht } = (await loadPackage('hyperdht')) as { readonly default: DhtClass };
  const nodes: Dht[] = [];
  const bootstrap: object[] = [];
  const found = (at: number): Dht => {
    const node = nodes[at];
    if (node === undefined) throw new Error(`there is no node ${at}`);
    return node;
  };
  return {
    async add() {
      const node = new Dht({ ephemeral: false, firewalled: false, bootstrap, host: HOST });
      await node.fullyBootstrapped();
      if (bootstrap.length === 0) bootstrap.push({ host: HOST, port: node.address().port });
      nodes.push(node);
    },

    async announce(at, key) {
      const node = found(at);
      await node.announce(Buffer.from(key), node.defaultKeyPair, RELAYS).finished();
    },

    async lookUp(at, key, limit) {
      const start = performance.now();
      let first: number | undefined;
      const query = found(at).lookup(Buffer.from(key));
      const timer = setTimeout(() => {
        query.destroy();
      }, limit);
      try {
        for await (const { peers } of query) if (peers.length > 0) first ??= performance.now() - start;
      } catch {
        // destroyed: what it found until then counts
      }
      clearTimeout(timer);
      return { first, full: performance.now() - start };
    },

    kill(at) {
      // `force`: it closes its sockets and tells nobody
      found(at)
        .destroy({ force: true })
        .catch(() => {});
    },

    messages: () =>
      nodes.reduce((sum, { stats: { requests } }) => sum + requests.total + requests.retries, 0),

    connections: () => undefined,
  };
}
