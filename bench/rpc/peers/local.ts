/**
 * Ours without a network: the supervised local call, through a client of the node and from the node itself.
 */
import { connectLocal, startNode, type Client } from '../../../src/index.ts';
import type { Call } from '../../harness/load.ts';
import type { PeerModule } from '../peer.ts';
import { echo, PROCEDURE } from './espalier.ts';

export const local: PeerModule = {
  connect: async () => caller(connectLocal(await serving())),
};

export const nodeCall: PeerModule = {
  connect: async () => caller(await serving()),
};

async function serving(): ReturnType<typeof startNode> {
  const node = await startNode({ listen: '127.0.0.1:0' });
  await node.advertise(PROCEDURE, echo);
  return node;
}

const caller =
  (client: Client): Call =>
  (bytes) =>
    client.call(PROCEDURE, { bytes });
