/**
 * The classes of the package whose native binding we build on, as its users write them: a stream per call.
 *
 * Both ends show a certificate and judge the other's in a verify callback, as the classes' own documentation
 * does for self-signed certificates.
 */
import type { webcrypto } from 'node:crypto';
import { QUICClient, QUICServer, events } from '@matrixai/quic';
import type { QUICConfig, QUICServerCrypto } from '@matrixai/quic/types.js';
import type QUICConnection from '@matrixai/quic/QUICConnection.js';
import type QUICStream from '@matrixai/quic/QUICStream.js';
import { loadPackage } from '../../harness/packages.ts';
import type { PeerModule } from '../peer.ts';
import { credentials } from './certificate.ts';

const HOST = '127.0.0.1';
/** Their `LogLevel.SILENT`. */
const SILENT = 100;
const { subtle } = globalThis.crypto;
const HMAC: webcrypto.HmacKeyGenParams = { name: 'HMAC', hash: 'SHA-256' };

/** Generous windows and stream counts: at the default of 100 streams `newStream` waits for ever. */
const config: () => Partial<QUICConfig> & { key: string; cert: string } = () => ({
  ...credentials(),
  sigalgs: 'ed25519',
  verifyPeer: true,
  // a self-signed certificate is accepted when there is one
  verifyCallback: (certificates) => Promise.resolve(certificates.length > 0 ? undefined : UNKNOWN_CA),
  initialMaxStreamsBidi: 1_000_000,
  initialMaxData: 50_000_000,
  initialMaxStreamDataBidiLocal: 10_000_000,
  initialMaxStreamDataBidiRemote: 10_000_000,
  readableChunkSize: 65_536,
});

/** Their `CryptoError.UnknownCA`: TLS alert 48. */
const UNKNOWN_CA = 304;

export const quicClasses: PeerModule = {
  async serve() {
    const server = new QUICServer({
      crypto: await serverCrypto(),
      config: config(),
      logger: await silence(),
    });
    server.addEventListener(events.EventQUICServerConnection.name, (event: Event) => {
      const connection = (event as events.EventQUICServerConnection).detail;
      connection.addEventListener(events.EventQUICConnectionStream.name, (opened: Event) => {
        answer((opened as events.EventQUICConnectionStream).detail).catch(ignored);
      });
    });
    await server.start({ host: HOST, port: 0 });
    return { port: server.port };
  },

  async connect({ port }) {
    const client = await QUICClient.createQUICClient({
      host: HOST,
      port: Number(port),
      localHost: HOST,
      crypto: { ops: { randomBytes: fill } },
      config: config(),
      logger: await silence(),
    });
    return (bytes) => ask(client.connection, bytes);
  },
};

async function ask(connection: QUICConnection, bytes: Uint8Array): Promise<Uint8Array> {
  const stream = connection.newStream();
  const [answered] = await Promise.all([readAll(stream), writeAll(stream, bytes)]);
  return answered;
}

async function answer(stream: QUICStream): Promise<void> {
  await writeAll(stream, await readAll(stream));
}

async function writeAll(stream: QUICStream, bytes: Uint8Array): Promise<void> {
  const writer = stream.writable.getWriter();
  await writer.write(bytes);
  await writer.close();
}

async function readAll(stream: QUICStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.readable) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** Seals the server's Retry tokens. */
async function serverCrypto(): Promise<QUICServerCrypto> {
  const key = await subtle.generateKey(HMAC, true, ['sign', 'verify']);
  const imported = (raw: ArrayBuffer, use: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> =>
    subtle.importKey('raw', raw, HMAC, false, [use]);
  return {
    key: await subtle.exportKey('raw', key),
    ops: {
      sign: async (raw, data) => subtle.sign('HMAC', await imported(raw, 'sign'), data),
      verify: async (raw, data, mac) => subtle.verify('HMAC', await imported(raw, 'verify'), mac, data),
    },
  };
}

const fill = (data: ArrayBuffer): Promise<void> => {
  globalThis.crypto.getRandomValues(new Uint8Array(data));
  return Promise.resolve();
};

type Logger = NonNullable<ConstructorParameters<typeof QUICServer>[0]['logger']>;

/** Without one they make a logger that formats every event. */
async function silence(): Promise<Logger> {
  const { default: Logging } = (await loadPackage('@matrixai/logger')) as {
    default: new (key: string, level: number) => Logger;
  };
  return new Logging('bench', SILENT);
}

/** A stream that broke: the caller's watchdog sees it. */
const ignored = (): undefined => undefined;
