/**
 * Ours, between two nodes of a distribution: calls of a GenServer, over TCP, and over a node's own endpoint.
 */
import { TcpCarrier } from '../../../src/distribution.ts';
import { callsTo, startMeshNode, startPlainNode } from '../../dist/node.ts';
import type { PeerModule } from '../peer.ts';

const SERVING = 'server@127.0.0.1';
let clients = 0;

export const distTcp: PeerModule = {
  async serve() {
    const carrier = new TcpCarrier({ epmd: false });
    await startPlainNode(SERVING, carrier);
    return { port: carrier.address()?.port ?? 0 };
  },

  async connect({ port }) {
    const carrier = new TcpCarrier({ epmd: false, portOf: () => Number(port), dialOnly: true });
    return callsTo(await startPlainNode(`client${++clients}@127.0.0.1`, carrier), SERVING);
  },
};

export const distQuic: PeerModule = {
  serve: async () => ({ name: (await startMeshNode()).name }),
  connect: async ({ name }) => callsTo(await startMeshNode(), String(name)),
};
