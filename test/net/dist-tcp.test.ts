/** The TCP carrier says why it does not listen, and gives an EPMD its name back. */
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { CarrierError, startDistribution, TcpCarrier, type Distribution } from '../../src/distribution.ts';
import { startNode } from '../../src/node.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Somebody who answers as EPMD does: 118, `result`, a creation. */
async function epmd(result: number): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      asked.push(bytes.toString('latin1', 13, 13 + bytes.readUInt16BE(11)));
      socket.write(Buffer.of(118, result, 0, 0, 0, 1));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { port: (server.address() as { readonly port: number }).port, asked };
}

async function open(carrier: TcpCarrier): Promise<Distribution> {
  const runtime = new Runtime({ logger: silentLogger });
  const dist = await startDistribution(runtime, {
    name: 'ts@127.0.0.1',
    cookie: 'secret',
    carriers: [carrier],
  });
  closers.push(() => dist.close());
  return dist;
}

describe('a TCP carrier that cannot listen', () => {
  test('says that there is no EPMD, that the name is taken, that the port is; and leaves nothing behind', async () => {
    const failure = async (carrier: TcpCarrier): Promise<unknown> => {
      const error = await open(carrier).then(
        () => 'listens',
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(CarrierError);
      return (error as CarrierError).failure;
    };
    const taken = await epmd(1);
    expect(await failure(new TcpCarrier({ epmd: { port: 1 } }))).toBe('no_epmd');
    expect(await failure(new TcpCarrier({ epmd: { port: taken.port } }))).toBe('name_taken');
    const [at] = (await open(new TcpCarrier({ epmd: false }))).addresses();
    const port = at?.port ?? 0;
    expect(await failure(new TcpCarrier({ epmd: false, listen: { port } }))).toBe('address_in_use');
    expect(await failure(new TcpCarrier({ epmd: false, listen: { host: '192.0.2.1' } }))).toBe(
      'listen_failed',
    );
    const good = await epmd(0);
    expect((await open(new TcpCarrier({ epmd: { port: good.port } }))).addresses()).toHaveLength(1);
    expect(good.asked).toEqual(['ts']);
  });

  test('fails the start of a node with the same error', async () => {
    const starting = startNode({
      listen: '127.0.0.1:0',
      logger: silentLogger,
      dist: { cookie: 'secret', name: 'ts@127.0.0.1', tcp: { epmd: { port: 1 } } },
    });
    await expect(starting).rejects.toMatchObject({ name: 'CarrierError', failure: 'no_epmd' });
  });
});
