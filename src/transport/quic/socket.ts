/**
 * The one UDP socket of an endpoint.
 *
 * Sending is loss-tolerant: whatever the system reports (`ENETUNREACH`, `EINVAL`, a full queue) counts as a
 * lost datagram. While open, the socket keeps the process alive.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

import { TransportError, type PhysicalAddress } from '../transport.ts';
import { addressFamily, MAX_PORT } from '../address.ts';
import { nursery } from '../nursery.ts';

/** Bytes asked of the system for each direction; Linux caps them at `rmem_max` and `wmem_max`. */
const SOCKET_BUFFER = 4_194_304;

export type Receive = (datagram: Buffer, from: RemoteInfo) => void;

export class UdpSocket {
  readonly local: PhysicalAddress;
  readonly family: 4 | 6;
  datagramsOut = 0;
  bytesOut = 0;
  failures = 0;
  readonly #socket: Socket;
  #closed = false;

  private constructor(socket: Socket, local: PhysicalAddress, family: 4 | 6) {
    this.#socket = socket;
    this.local = local;
    this.family = family;
  }

  /** Binds. Throws `TransportError`. */
  static async open(bind: PhysicalAddress, receive: Receive): Promise<UdpSocket> {
    const family = addressFamily(bind.host);
    if (family === undefined)
      throw new TransportError(
        { tag: 'invalid_option', option: 'bind', detail: 'host is not a numeric address' },
        `Cannot bind ${bind.host}: not a numeric address`,
      );
    if (!Number.isInteger(bind.port) || bind.port < 0 || bind.port > MAX_PORT)
      throw new TransportError(
        { tag: 'invalid_option', option: 'bind', detail: 'port is not between 0 and 65535' },
        `Cannot bind port ${bind.port}: not between 0 and ${MAX_PORT}`,
      );
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      // Peers are numeric addresses. A synchronous answer makes the whole send synchronous.
      lookup: (host, _options, done) => {
        done(null, host, family);
      },
    });
    await new Promise<void>((resolve, reject) => {
      const refuse = (cause: NodeJS.ErrnoException): void => {
        socket.close();
        const code = cause.code ?? cause.message;
        reject(
          new TransportError(
            { tag: 'bind_failed', address: bind, code },
            `Cannot bind ${bind.host} port ${bind.port}: ${code}`,
            { cause },
          ),
        );
      };
      socket.once('error', refuse);
      socket.bind({ address: bind.host, port: bind.port, exclusive: true }, () => {
        socket.off('error', refuse);
        resolve();
      });
    });
    const { address, port } = socket.address();
    const opened = new UdpSocket(socket, { host: address, port }, family);
    // Some systems report a lost datagram as an error of the socket; it stays usable.
    socket.on('error', () => {
      opened.failures++;
    });
    socket.on('message', (datagram, from) => {
      nursery.received(datagram.length);
      receive(datagram, from);
    });
    enlargeBuffers(socket);
    return opened;
  }

  /** Datagrams the system has not taken yet: their bytes must stay as they are. */
  get waiting(): number {
    return this.#closed ? 0 : this.#socket.getSendQueueCount();
  }

  /** Sends `length` bytes of `bytes` from `offset`. False when the system refuses them. */
  send(bytes: Buffer, offset: number, length: number, to: PhysicalAddress): boolean {
    if (this.#closed) return false;
    try {
      this.#socket.send(bytes, offset, length, to.port, to.host);
    } catch {
      this.failures++;
      return false;
    }
    this.datagramsOut++;
    this.bytesOut += length;
    return true;
  }

  /** Idempotent; `closed` is called when the descriptor is gone. */
  close(closed?: () => void): void {
    if (this.#closed) {
      closed?.();
      return;
    }
    this.#closed = true;
    this.#socket.close(closed);
  }
}

function enlargeBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(SOCKET_BUFFER);
    socket.setSendBufferSize(SOCKET_BUFFER);
  } catch {
    // Some systems refuse instead of capping. The default buffers work too, with more loss under load.
  }
}
