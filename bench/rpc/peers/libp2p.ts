/**
 * libp2p as its protocols are written: one connection (TCP, Noise, yamux), a stream per call with the
 * protocol negotiated on each.
 *
 * It wants a younger Node than ours: what Node 20 lacks of the language is supplied here, for this process.
 */
import { loadPackage } from '../../harness/packages.ts';
import type { PeerModule } from '../peer.ts';

const PROTOCOL = '/bench/echo/1';
/** Streams at once; its default of 32 in and 64 out per protocol is too few. */
const STREAMS = 1_000;

/** What we use of the packages. */
interface Chunk {
  subarray(): Uint8Array;
}

interface Stream {
  send(bytes: Uint8Array): boolean;
  onDrain(): Promise<void>;
  close(): Promise<void>;
  addEventListener(name: 'message', listener: (event: { readonly data: Chunk }) => void): void;
  addEventListener(name: 'remoteCloseWrite', listener: () => void): void;
  addEventListener(name: 'close', listener: (event: { readonly error?: Error }) => void): void;
}

interface Node {
  getMultiaddrs(): readonly { toString(): string }[];
  handle(protocol: string, handler: (stream: Stream) => void, options: object): Promise<void>;
  dial(address: unknown): Promise<{ newStream(protocol: string, options: object): Promise<Stream> }>;
}

export async function libp2p(): Promise<PeerModule> {
  supplyResolvers();
  const [{ createLibp2p }, { tcp }, { noise }, { yamux }, { multiaddr }] = (await Promise.all([
    loadPackage('libp2p'),
    loadPackage('@libp2p/tcp'),
    loadPackage('@libp2p/noise'),
    loadPackage('@libp2p/yamux'),
    loadPackage('@multiformats/multiaddr'),
  ])) as [
    { createLibp2p(options: object): Promise<Node> },
    { tcp(): unknown },
    { noise(): unknown },
    { yamux(): unknown },
    { multiaddr(text: string): unknown },
  ];
  const start = (listen: readonly string[]): Promise<Node> =>
    createLibp2p({
      addresses: { listen },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
    });
  return {
    async serve() {
      const node = await start(['/ip4/127.0.0.1/tcp/0']);
      const answer = async (stream: Stream): Promise<void> => {
        await send(stream, await received(stream));
      };
      await node.handle(
        PROTOCOL,
        (stream) => {
          // the caller's watchdog sees a stream that broke
          answer(stream).catch(() => {});
        },
        { maxInboundStreams: STREAMS },
      );
      return { address: String(node.getMultiaddrs()[0]) };
    },

    async connect({ address }) {
      const node = await start([]);
      const connection = await node.dial(multiaddr(String(address)));
      return async (bytes) => {
        const stream = await connection.newStream(PROTOCOL, { maxOutboundStreams: STREAMS });
        const [answer] = await Promise.all([received(stream), send(stream, bytes)]);
        return answer;
      };
    },
  };
}

const received = (stream: Stream): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    stream.addEventListener('message', ({ data }) => {
      chunks.push(data.subarray());
    });
    stream.addEventListener('remoteCloseWrite', () => {
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    stream.addEventListener('close', ({ error }) => {
      if (error !== undefined) reject(error);
    });
  });

/** Sends and ends our half. */
async function send(stream: Stream, bytes: Uint8Array): Promise<void> {
  if (!stream.send(bytes)) await stream.onDrain();
  await stream.close();
}

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
