/**
 * Ours: a node that serves one procedure, and a client connected to it.
 */
import { connect, startNode, type ProcedureLimits } from '../../../src/index.ts';
import { DATAGRAM_SIZE } from '../../../src/transport/quic/config.ts';
import type { Info, PeerModule } from '../peer.ts';

export const PROCEDURE = 'bench.echo';

/** The payload travels as a CBOR byte string. */
export const echo = ({ bytes }: { readonly bytes: Uint8Array }): Uint8Array => bytes;

async function serving(limits: ProcedureLimits): Promise<Info> {
  const node = await startNode({ listen: '127.0.0.1:0' });
  await node.advertise(PROCEDURE, echo, { limits });
  return { url: node.url };
}

export const espalier: PeerModule = {
  serve: () => serving({}),

  async connect({ url }) {
    const client = await connect(String(url));
    return (bytes) => client.call(PROCEDURE, { bytes });
  },
};

/** No option says so; whoever measures a network's datagrams on loopback changes the table. */
function narrow(): void {
  DATAGRAM_SIZE.loopback.permitted = DATAGRAM_SIZE.public.permitted;
  DATAGRAM_SIZE.loopback.initial = DATAGRAM_SIZE.public.initial;
}

export const smallDatagrams: PeerModule = {
  serve() {
    narrow();
    return espalier.serve();
  },
  connect(info) {
    narrow();
    return espalier.connect(info);
  },
};

export const flooded: PeerModule = {
  ...espalier,
  serve: () => serving({ maxConcurrent: 4_096 }),
};

export const fresh: PeerModule = {
  ...espalier,
  connect: ({ url }) =>
    Promise.resolve(async (bytes) => {
      const client = await connect(String(url));
      try {
        return await client.call(PROCEDURE, { bytes });
      } finally {
        await client.disconnect();
      }
    }),
};
