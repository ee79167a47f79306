/**
 * Sockets of the bench: proxies that delay, swallow, and change their ports; and a datagram there and back without QUIC.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { lossyUdpProxy, type LossyUdpProxy } from '../../src/testing/lossy-udp-proxy.ts';
import { median } from '../harness/statistics.ts';

export const HOST = '127.0.0.1';
/** Bytes of a datagram there and back. */
const PING = 100;
/** Milliseconds for one. */
const PATIENCE = 1_000;

const proxies = new Map<number, LossyUdpProxy>();

/** @param delay one way, ms. */
export async function openProxy(target: number, delay: number): Promise<number> {
  const conditions = { delay };
  const proxy = await lossyUdpProxy({
    target: { host: HOST, port: target },
    toTarget: conditions,
    toSource: conditions,
  });
  proxies.set(proxy.local.port, proxy);
  return proxy.local.port;
}

export function proxyAt(port: number): LossyUdpProxy {
  const proxy = proxies.get(port);
  if (proxy === undefined) throw new Error(`there is no proxy at ${port}`);
  return proxy;
}

/** Sends back what it gets. */
export async function echoSocket(): Promise<number> {
  const socket = await bound();
  socket.on('message', (bytes, { port, address }) => {
    socket.send(bytes, port, address);
  });
  return socket.address().port;
}

/** Median ms. */
export async function ping(port: number, times: number): Promise<number> {
  const socket = await bound();
  const bytes = Buffer.alloc(PING, 7);
  const found: number[] = [];
  try {
    for (let count = 0; count < times; count++) {
      const began = performance.now();
      const answer = once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE) });
      socket.send(bytes, port, HOST);
      await answer;
      found.push(performance.now() - began);
    }
  } finally {
    socket.close();
  }
  return median(found);
}

/** A port that nobody has now. */
export async function freePort(): Promise<number> {
  const socket = await bound();
  const { port } = socket.address();
  await new Promise<void>((resolve) => {
    socket.close(resolve);
  });
  return port;
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket;
}
