/**
 * The library's own classes as peer, in both roles: another driver of the protocol than ours.
 */
import { randomFillSync } from 'node:crypto';

import QUICClient from '@matrixai/quic/QUICClient.js';
import QUICServer from '@matrixai/quic/QUICServer.js';
import { EventQUICConnectionStream, EventQUICServerConnection } from '@matrixai/quic/events.js';
import type QUICConnection from '@matrixai/quic/QUICConnection.js';
import type QUICStream from '@matrixai/quic/QUICStream.js';
import { afterEach, expect, test } from 'vitest';

import { systemRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { CloseCode, type Endpoint } from '../../src/transport/transport.ts';
import { LinkRecorder } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';
import { pem } from './quic-raw.ts';

const bench = quicBench();
let endpoint: Endpoint | undefined;
const failures: unknown[] = [];

afterEach(async () => {
  await endpoint?.close();
  expect(failures).toEqual([]);
  bench.empty();
});

const identity = createIdentity(systemRandom, bench.clock.wall());
const config = {
  key: identity.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  cert: pem(identity.certificate),
  sigalgs: 'ed25519',
  verifyPeer: true,
  verifyCallback: () => Promise.resolve(undefined),
  applicationProtos: ['macula'],
  maxIdleTimeout: 10_000,
};

/** The classes tell much of what they do. */
const silent: object = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [level, (): void => undefined]),
);
const logger = Object.assign(silent, { getChild: () => silent }) as never;

/** Reads a stream of the classes to its end. */
async function readAll(stream: QUICStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream.readable) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Sends back, on a stream that was opened there, what came. */
async function echo(stream: QUICStream): Promise<void> {
  const bytes = await readAll(stream);
  const writer = stream.writable.getWriter();
  await writer.write(bytes);
  await writer.close();
}

/** Our side: opens streams and echoes the peer's. */
const echoing = (recorder: LinkRecorder): LinkRecorder => {
  recorder.take = ({ hooks, stream }) => {
    hooks.onData = (bytes) => void stream?.write(Uint8Array.from(bytes));
    hooks.onEnd = () => void stream?.write(new Uint8Array(0), true);
  };
  return recorder;
};

const BODY = Buffer.alloc(300_000, 'transport');

async function exchange(connection: QUICConnection, ours: LinkRecorder): Promise<void> {
  connection.addEventListener(EventQUICConnectionStream.name, (event: Event) => {
    echo((event as EventQUICConnectionStream).detail).catch((error: unknown) => failures.push(error));
  });
  // theirs first, as ours learns of the connection in its own time
  const stream = connection.newStream();
  const writer = stream.writable.getWriter();
  const written = writer.write(BODY).then(() => writer.close());
  expect((await readAll(stream)).equals(BODY)).toBe(true);
  await written;
  for (let round = 0; round < 120; round++) {
    await until(() => ours.link.streamCredit > 0);
    const out = ours.open();
    const bytes = BODY.subarray(0, 1 + round * 100);
    out.stream.write(bytes, true);
    await until(() => out.ended === 1);
    expect(out.bytes.equals(bytes)).toBe(true);
  }
}

test('a client of the classes dials us: streams from both sides, and our close code arrives', async () => {
  const inbound = echoing(new LinkRecorder());
  endpoint = await bench.open({ onLink: () => inbound });
  const ops = {
    randomBytes: (data: ArrayBuffer): Promise<void> =>
      Promise.resolve(void randomFillSync(new Uint8Array(data))),
  };
  const { host, port } = endpoint.local;
  const client = await QUICClient.createQUICClient({
    host,
    port,
    localHost: '127.0.0.1',
    crypto: { ops },
    config,
    logger,
  });
  await until(() => inbound.isOpen);
  expect(Buffer.from(inbound.link.peer?.nodeId ?? [])).toEqual(Buffer.from(identity.nodeId));
  await exchange(client.connection, inbound);
  inbound.link.close(CloseCode.idle, 'bye');
  await until(() => client.closed);
  expect(inbound.closed).toEqual([{ tag: 'local', code: CloseCode.idle, reason: 'bye' }]);
});

test('we dial a server of the classes: its Retry, streams from both sides, and its close', async () => {
  const { createHmac, timingSafeEqual, randomBytes } = await import('node:crypto');
  const sign = (key: ArrayBuffer, data: ArrayBuffer): Buffer =>
    createHmac('sha256', Buffer.from(key)).update(Buffer.from(data)).digest();
  const buffer = (bytes: Buffer): ArrayBuffer => Uint8Array.from(bytes).buffer;
  const ops = {
    sign: (key: ArrayBuffer, data: ArrayBuffer) => Promise.resolve(buffer(sign(key, data))),
    verify: (key: ArrayBuffer, data: ArrayBuffer, mac: ArrayBuffer) =>
      Promise.resolve(timingSafeEqual(sign(key, data), Buffer.from(mac))),
  };
  const server = new QUICServer({ crypto: { key: buffer(randomBytes(32)), ops }, config, logger });
  let connection: QUICConnection | undefined;
  server.addEventListener(EventQUICServerConnection.name, (event: Event) => {
    connection = (event as EventQUICServerConnection).detail;
  });
  await server.start({ host: '127.0.0.1' });
  endpoint = await bench.open();
  const here = echoing(new LinkRecorder());
  const address = { host: server.host as string, port: server.port as number };
  here.link = endpoint.dial({ address, protocol: 'macula', expectedId: identity.nodeId }, here);
  await until(() => here.isOpen && connection !== undefined);
  await exchange(connection as QUICConnection, here);
  await server.stop({ force: true });
  await until(() => here.closed.length > 0);
  expect(here.closed[0]?.tag).toBe('remote');
});
