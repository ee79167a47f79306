/** What an endpoint answers to packets of links it does not know, over real sockets. */
import { createSocket, type Socket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { connect, startNode, type Node } from '../../src/node.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { contextOf } from '../mesh-world.ts';
import { until } from './quic-bench.ts';

const logger = silentLogger;
const LOOPBACK = '127.0.0.1';
let node: Node;
let socket: Socket;
let heard: Buffer[];

beforeEach(async () => {
  node = await startNode({ listen: `${LOOPBACK}:0`, logger });
  heard = [];
  socket = createSocket('udp4');
  socket.on('message', (bytes) => heard.push(bytes));
  await new Promise<void>((resolve) => socket.bind(0, LOOPBACK, resolve));
});

afterEach(async () => {
  await new Promise<void>((resolve) => socket.close(resolve));
  await node.close({ timeout: 50 });
});

const endpointOf = (owner: Parameters<typeof contextOf>[0]): Endpoint =>
  contextOf(owner).scope.shared<Endpoint>('endpoint') as Endpoint;

const short = (length: number, id = 0x5a): Buffer => {
  const bytes = Buffer.alloc(length, id);
  bytes[0] = 0x40;
  return bytes;
};

const send = (bytes: Buffer, port: number): void => socket.send(bytes, port, LOOPBACK);

describe('a packet of an unknown link', () => {
  test('is answered by fewer bytes, which name its id; what cannot be a packet is not', async () => {
    const { port } = endpointOf(node).local;
    const before = endpointOf(node).stats();
    for (const length of [1, 20, 40]) send(short(length), port);
    for (const length of [41, 100, 1_200]) send(short(length), port);
    await until(() => heard.length === 3);
    for (const hint of heard) expect(hint).toEqual(Buffer.from([0x03, ...short(21).subarray(1)]));
    const { bytesIn, bytesOut } = endpointOf(node).stats();
    expect(bytesOut - before.bytesOut).toBeLessThan(bytesIn - before.bytesIn);
  });

  test('is not answered by who only dials, and a hint is answered by nobody', async () => {
    const client = await connect(node.url, { logger });
    const { port } = endpointOf(client).local;
    send(short(100), port);
    send(Buffer.from([0x03, ...short(21).subarray(1)]), endpointOf(node).local.port);
    await until(() => (endpointOf(client).stats().dropped['unknown_connection'] ?? 0) === 1);
    await until(() => (endpointOf(node).stats().dropped['raw'] ?? 0) === 1);
    send(short(100), endpointOf(node).local.port);
    await until(() => heard.length > 0);
    expect(heard).toHaveLength(1);
    await client.disconnect({ timeout: 50 });
  });

  test('a flood of them is answered a thousand times per second at most', async () => {
    const { port } = endpointOf(node).local;
    const before = endpointOf(node).stats();
    for (let n = 0; n < 3_000; n++) {
      send(short(60, n & 0xff), port);
      if (n % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
    }
    const last = endpointOf(node).stats().datagramsIn;
    await until(() => endpointOf(node).stats().datagramsIn >= Math.min(last, 1_500));
    const { datagramsOut } = endpointOf(node).stats();
    // it may take more than one second on a loaded machine
    expect(datagramsOut - before.datagramsOut).toBeLessThanOrEqual(2_000);
  });
});

test('hints from another address than the node’s mean nothing to its client', async () => {
  const client = await connect(node.url, { logger });
  const { local } = endpointOf(client);
  const before = contextOf(node).counters.connectionsOpened;
  const raw = endpointOf(client).stats().dropped['raw'] ?? 0;
  for (let n = 0; n < 50; n++) send(Buffer.from([0x03, ...short(21, n).subarray(1)]), local.port);
  await until(() => (endpointOf(client).stats().dropped['raw'] ?? 0) - raw === 50);
  expect(contextOf(node).counters.connectionsOpened).toBe(before);
  await client.disconnect({ timeout: 50 });
});
