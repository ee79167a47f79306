/**
 * Ours: a node that serves one procedure, and a client connected to it.
 */
import { connect, startNode } from '../../../src/index.ts';
import type { PeerModule } from '../peer.ts';

export const PROCEDURE = 'bench.echo';

/** The payload travels as a CBOR byte string. */
export const echo = ({ bytes }: { readonly bytes: Uint8Array }): Uint8Array => bytes;

export const espalier: PeerModule = {
  async serve() {
    const node = await startNode({ listen: '127.0.0.1:0' });
    await node.advertise(PROCEDURE, echo);
    return { url: node.url };
  },

  async connect({ url }) {
    const client = await connect(String(url));
    return (bytes) => client.call(PROCEDURE, { bytes });
  },
};
