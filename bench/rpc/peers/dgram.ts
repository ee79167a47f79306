/**
 * The floor: a datagram there and the same datagram back, matched by a number in its first four bytes.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { PeerModule } from '../peer.ts';

const HOST = '127.0.0.1';
/** Bytes of the number. */
const HEAD = 4;

export const dgram: PeerModule = {
  async serve() {
    const socket = await bound();
    socket.on('message', (message, from) => socket.send(message, from.port, from.address));
    return { port: socket.address().port };
  },

  async connect({ port }) {
    const socket = await bound();
    const waiting = new Map<number, (bytes: Uint8Array) => void>();
    let last = 0;
    socket.on('message', (message) => {
      const number = message.readUInt32BE(0);
      waiting.get(number)?.(message.subarray(HEAD));
      waiting.delete(number);
    });
    return (bytes) =>
      new Promise((resolve) => {
        last = (last + 1) >>> 0;
        const message = Buffer.allocUnsafe(HEAD + bytes.length);
        message.writeUInt32BE(last, 0);
        message.set(bytes, HEAD);
        waiting.set(last, resolve);
        socket.send(message, Number(port), HOST);
      });
  },
};

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket;
}
