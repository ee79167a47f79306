/**
 * The secure peer to beat: Noise over its own UDP transport, many requests on one channel.
 *
 * It finds servers by key in a DHT, so the server's process runs one of three nodes; calls do not pass it.
 */
import { loadPackage } from '../../harness/packages.ts';
import type { PeerModule } from '../peer.ts';

const HOST = '127.0.0.1';
const METHOD = 'echo';
const NODES = 3;

/** What we use of the packages. */
type Dht = object;

interface Rpc {
  createServer(): {
    readonly publicKey: Buffer;
    listen(): Promise<void>;
    respond(method: string, handler: (request: Buffer) => Buffer): void;
  };
  connect(key: Buffer): { request(method: string, value: Uint8Array): Promise<Buffer> };
}

interface Packages {
  readonly Rpc: new (options: { readonly dht: Dht }) => Rpc;
  readonly Dht: new (options: { readonly bootstrap: unknown; readonly host: string }) => Dht;
  readonly testnet: (size: number) => Promise<{ readonly bootstrap: unknown; createNode(): Dht }>;
}

export async function hyperswarm(): Promise<PeerModule> {
  const [{ default: Rpc }, { default: Dht }, { default: testnet }] = (await Promise.all([
    loadPackage('@hyperswarm/rpc'),
    loadPackage('hyperdht'),
    loadPackage('hyperdht/testnet.js'),
  ])) as [{ default: Packages['Rpc'] }, { default: Packages['Dht'] }, { default: Packages['testnet'] }];
  return {
    async serve() {
      const net = await testnet(NODES);
      const server = new Rpc({ dht: net.createNode() }).createServer();
      await server.listen();
      server.respond(METHOD, (request) => request);
      return { key: server.publicKey.toString('hex'), bootstrap: JSON.stringify(net.bootstrap) };
    },

    connect({ key, bootstrap }) {
      const dht = new Dht({ bootstrap: JSON.parse(String(bootstrap)), host: HOST });
      const client = new Rpc({ dht }).connect(Buffer.from(String(key), 'hex'));
      return Promise.resolve((bytes) => client.request(METHOD, bytes));
    },
  };
}
