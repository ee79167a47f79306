/**
 * The platform's own: HTTP/2 over TLS, one session, a POST per call, windows large enough not to matter.
 */
import { connect, createSecureServer, type ClientHttp2Session } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { PeerModule } from '../peer.ts';
import { couple, forClient } from './certificate.ts';

const HOST = '127.0.0.1';
const STREAM_WINDOW = 4_194_304;
const SESSION_WINDOW = 16_777_216;
const settings = { initialWindowSize: STREAM_WINDOW, maxConcurrentStreams: 1_000 };

export const http2: PeerModule = {
  async serve() {
    const pair = couple();
    const server = createSecureServer({
      ...pair.server,
      ca: pair.client.cert,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      settings,
    });
    server.on('session', (session) => {
      session.setLocalWindowSize(SESSION_WINDOW);
    });
    server.on('stream', (stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        stream.respond({ ':status': 200 });
        stream.end(whole(chunks));
      });
      // the caller's watchdog sees a stream that broke
      stream.on('error', () => {});
    });
    server.listen(0, HOST);
    await once(server, 'listening');
    return { ...forClient(pair), port: (server.address() as AddressInfo).port };
  },

  async connect({ port, ca, key, cert }) {
    const session = connect(`https://${HOST}:${port}`, {
      ca: String(ca),
      key: String(key),
      cert: String(cert),
      minVersion: 'TLSv1.3',
      // the certificate names a key, not a host; it is trusted itself
      checkServerIdentity: () => undefined,
      settings,
    });
    await once(session, 'connect');
    session.setLocalWindowSize(SESSION_WINDOW);
    return (bytes) => post(session, bytes);
  },
};

const post = (session: ClientHttp2Session, bytes: Uint8Array): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': '/echo' });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      resolve(whole(chunks));
    });
    stream.on('error', reject);
    stream.end(bytes);
  });

const whole = (chunks: readonly Buffer[]): Buffer =>
  chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
