/**
 * A QUIC peer driven by hand on the native binding: it can do what our transport never does, and shows what
 * our transport announced. Each has a UDP socket of its own.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { randomBytes, type KeyObject } from 'node:crypto';

import quiche from '@matrixai/quic/native/quiche.js';
import type { Config, Connection } from '@matrixai/quic/native/types.js';

import type { PhysicalAddress } from '../../src/transport/transport.ts';
import { until } from './quic-bench.ts';

export { default as quiche } from '@matrixai/quic/native/quiche.js';

export interface RawOptions {
  readonly privateKey?: KeyObject;
  /** DER, leaf first. */
  readonly certificates?: readonly Uint8Array[];
  readonly protocol?: string;
  readonly signatures?: string;
  readonly idleTimeout?: number;
  readonly streams?: number;
}

export const pem = (certificate: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate)
    .toString('base64')
    .replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

export function rawConfig(options: RawOptions): Config {
  const key = options.privateKey?.export({ type: 'pkcs8', format: 'pem' });
  const chain = options.certificates?.map(pem).join('');
  const config = quiche.Config.withBoringSslCtx(
    true,
    true,
    undefined,
    key === undefined ? undefined : [Buffer.from(key)],
    chain === undefined ? undefined : [Buffer.from(chain)],
    options.signatures ?? 'ed25519:ecdsa_secp256r1_sha256',
  );
  config.setApplicationProtos([options.protocol ?? 'macula']);
  config.setMaxIdleTimeout(options.idleTimeout ?? 10_000);
  config.setMaxRecvUdpPayloadSize(65_527);
  config.setMaxSendUdpPayloadSize(1_350);
  config.setInitialMaxData(1_048_576);
  config.setInitialMaxStreamDataBidiLocal(262_144);
  config.setInitialMaxStreamDataBidiRemote(262_144);
  config.setInitialMaxStreamsBidi(options.streams ?? 100);
  config.enablePacing(false);
  config.grease(false);
  return config;
}

/** One bound UDP socket that remembers what it received. */
export class RawSocket {
  readonly received: { bytes: Buffer; from: RemoteInfo }[] = [];
  onDatagram: (bytes: Buffer, from: RemoteInfo) => void = () => undefined;
  readonly #socket: Socket = createSocket('udp4');

  async bind(): Promise<this> {
    this.#socket.on('message', (bytes, from) => {
      this.received.push({ bytes: Buffer.from(bytes), from });
      this.onDatagram(bytes, from);
    });
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return this;
  }

  get address(): PhysicalAddress {
    return { host: '127.0.0.1', port: this.#socket.address().port };
  }

  get bytesReceived(): number {
    return this.received.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  send(bytes: Uint8Array, to: PhysicalAddress): void {
    this.#socket.send(Uint8Array.from(bytes), to.port, to.host);
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}

const VIRTUAL = { host: 'fd00::a', port: 1 };
const VIRTUAL_PEER = { host: 'fd00::b', port: 1 };

export class RawPeer {
  readonly socket: RawSocket;
  native: Connection;
  to: PhysicalAddress;
  /** Packets are dropped instead of sent. */
  mute = false;
  readonly #out = Buffer.alloc(65_535);

  private constructor(socket: RawSocket, native: Connection, to: PhysicalAddress) {
    this.socket = socket;
    this.native = native;
    this.to = to;
  }

  /** Dials; what the peer answers is processed at once. */
  static async dial(to: PhysicalAddress, options: RawOptions, session?: Uint8Array): Promise<RawPeer> {
    const socket = await new RawSocket().bind();
    const config = rawConfig(options);
    const native = quiche.Connection.connect(null, randomBytes(20), VIRTUAL, VIRTUAL_PEER, config);
    if (session !== undefined) native.setSession(session);
    const peer = new RawPeer(socket, native, to);
    socket.onDatagram = (bytes) => {
      peer.receive(bytes);
    };
    peer.flush();
    return peer;
  }

  /** Waits for a dialer and accepts it, without Retry. */
  static async listen(options: RawOptions): Promise<{ address: PhysicalAddress; peer: Promise<RawPeer> }> {
    const socket = await new RawSocket().bind();
    const config = rawConfig(options);
    const peer = new Promise<RawPeer>((resolve) => {
      let accepted: RawPeer | undefined;
      socket.onDatagram = (bytes, from) => {
        const to = { host: from.address, port: from.port };
        if (accepted === undefined) {
          const native = quiche.Connection.accept(randomBytes(20), undefined, VIRTUAL, VIRTUAL_PEER, config);
          accepted = new RawPeer(socket, native, to);
          resolve(accepted);
        }
        accepted.receive(bytes);
      };
    });
    return { address: socket.address, peer };
  }

  receive(bytes: Buffer): void {
    try {
      this.native.recv(bytes, { from: VIRTUAL_PEER, to: VIRTUAL });
    } catch {
      // quiche has closed itself.
    }
    this.flush();
  }

  flush(): void {
    for (let sent = this.native.send(this.#out); sent !== null; sent = this.native.send(this.#out))
      if (!this.mute) this.socket.send(this.#out.subarray(0, sent[0]), this.to);
  }

  /** TLS done on this side; a refusal may still come. */
  established(): Promise<void> {
    return until(() => this.native.isEstablished() || this.native.peerError() !== null);
  }

  /** The code with which the peer closed. */
  async refusal(): Promise<number> {
    await until(() => this.native.peerError() !== null || this.native.localError() !== null);
    return this.native.peerError()?.errorCode ?? -(this.native.localError()?.errorCode ?? 0);
  }
}
