/** Ports for tests that must know one before it is bound, or use one again. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Below those that systems give to whoever asks for any (Linux from 32,768 on): other tests run meanwhile. */
const FIRST = 20_000;
const LAST = 32_000;

/** One that nobody uses just now. */
export async function freePort(kind: 'udp' | 'tcp'): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await (kind === 'udp' ? isFreeUdp(port) : isFreeTcp(port))) return port;
  }
}

const isFreeTcp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });

const isFreeUdp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind({ port, address: '0.0.0.0', exclusive: true }, () => socket.close(() => resolve(true)));
  });
