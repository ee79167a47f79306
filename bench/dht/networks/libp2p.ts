/**
 * libp2p with its Kademlia: TCP, Noise, yamux; each node dials the first and three others, then tables are refreshed.
 *
 * A dead node's TCP connections end visibly, so nobody waits for it: its deaths are not silent. It wants a younger Node
 * than ours: what Node 20 lacks of the language is supplied here, for this process.
 */
import { loadPackage } from '../../harness/packages.ts';
import type { Network } from '../network.ts';

/** Others that a node dials when it starts, beside the first. */
const DIALED = 3;
/** Milliseconds until everybody knows everybody's protocols, and until the refreshed tables are settled. */
const SETTLE = 2_000;
const REFRESH_LIMIT = 5_000;
const ANNOUNCE_LIMIT = 20_000;
const PROTOCOL = '/bench/kad/1.0.0';
const RAW_CODEC = 0x55;
const SHA_256 = 0x12;

/** What we use of the packages. */
interface QueryEvent {
  readonly name: string;
  readonly providers?: readonly unknown[];
}

interface Kad {
  refreshRoutingTable(options: { readonly signal: AbortSignal }): Promise<void>;
  provide(cid: unknown, options: { readonly signal: AbortSignal }): AsyncIterable<QueryEvent>;
  findProviders(
    cid: unknown,
    options: { readonly signal: AbortSignal; readonly useCache: boolean },
  ): AsyncIterable<QueryEvent>;
}

interface Node {
  readonly services: { readonly dht: Kad };
  getMultiaddrs(): unknown;
  getConnections(): readonly unknown[];
  dial(addresses: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

type Part = (options?: object) => unknown;
type Loaded = readonly [
  { readonly createLibp2p: (options: object) => Promise<Node> },
  { readonly tcp: Part },
  { readonly noise: Part },
  { readonly yamux: Part },
  { readonly kadDHT: Part; readonly passthroughMapper: unknown },
  { readonly identify: Part },
  { readonly ping: Part },
  { readonly CID: { createV1(codec: number, digest: unknown): unknown } },
  { readonly create: (code: number, digest: Uint8Array) => unknown },
];

export const LIBP2P_PACKAGES: readonly string[] = [
  'libp2p',
  '@libp2p/tcp',
  '@libp2p/noise',
  '@libp2p/yamux',
  '@libp2p/kad-dht',
  '@libp2p/identify',
  '@libp2p/ping',
  'multiformats',
];

const MODULES: readonly string[] = [
  ...LIBP2P_PACKAGES.slice(0, -1),
  'multiformats/cid',
  'multiformats/hashes/digest',
];

export async function libp2p(size: number): Promise<Network> {
  supplyResolvers();
  const loaded = (await Promise.all(MODULES.map(loadPackage))) as unknown as Loaded;
  const [{ createLibp2p }, { tcp }, { noise }, { yamux }, kad, { identify }, { ping }, { CID }, digest] =
    loaded;
  const nodes: Node[] = [];
  let sent = 0;
  const found = (at: number): Node => {
    const node = nodes[at];
    if (node === undefined) throw new Error(`there is no node ${at}`);
    return node;
  };
  const idOf = (key: Uint8Array): unknown => CID.createV1(RAW_CODEC, digest.create(SHA_256, key));
  return {
    async add() {
      const node = await createLibp2p({
        addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
        transports: [tcp()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
        connectionManager: {
          maxConnections: 3 * size,
          inboundConnectionThreshold: 10_000,
          maxIncomingPendingConnections: 1_000,
        },
        services: {
          identify: identify(),
          ping: ping(),
          dht: kad.kadDHT({
            protocol: PROTOCOL,
            clientMode: false,
            // loopback addresses count
            peerInfoMapper: kad.passthroughMapper,
            allowQueryWithZeroPeers: true,
          }),
        },
      });
      const first = nodes[0];
      if (first !== undefined) {
        const step = Math.max(1, Math.floor(nodes.length / DIALED));
        const others = nodes.filter((_, at) => at % step === step - 1).slice(0, DIALED);
        for (const other of new Set([first, ...others])) await node.dial(other.getMultiaddrs());
      }
      nodes.push(node);
    },

    async complete() {
      await sleep(SETTLE);
      for (const { services } of nodes)
        await services.dht
          .refreshRoutingTable({ signal: AbortSignal.timeout(REFRESH_LIMIT) })
          .catch(() => {});
      await sleep(SETTLE);
    },

    async announce(at, key) {
      const signal = AbortSignal.timeout(ANNOUNCE_LIMIT);
      for await (const { name } of found(at).services.dht.provide(idOf(key), { signal }))
        if (name === 'SEND_QUERY') sent++;
    },

    async lookUp(at, key, limit) {
      const start = performance.now();
      const signal = AbortSignal.timeout(limit);
      let first: number | undefined;
      try {
        const events = found(at).services.dht.findProviders(idOf(key), { signal, useCache: false });
        for await (const { name, providers = [] } of events) {
          if (name === 'SEND_QUERY') sent++;
          if (providers.length > 0) first ??= performance.now() - start;
        }
      } catch {
        // time was over: what it found until then counts
      }
      return { first, full: performance.now() - start };
    },

    kill(at) {
      found(at)
        .stop()
        .catch(() => {});
    },

    messages: () => sent,

    connections: () => {
      const counts = nodes.map((node) => node.getConnections().length);
      return counts.reduce((sum, count) => sum + count, 0) / counts.length;
    },
  };
}

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** `Promise.withResolvers`, as the standard has it. */
function supplyResolvers(): void {
  const target = Promise as unknown as { withResolvers?: () => object };
  target.withResolvers ??= () => {
    let settle: object = {};
    const promise = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    return { promise, ...settle };
  };
}
