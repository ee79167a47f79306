/** The carrier of Erlang over real sockets: its name at EPMD, and what becomes of sockets that are closed. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Runtime } from '../../src/actor/runtime.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { TcpCarrier, type TcpOptions } from '../../src/dist/carriers/tcp/tcp.ts';
import { socketStream } from '../../src/dist/carriers/tcp/socket-stream.ts';
import { startDistribution, type Distribution } from '../../src/distribution.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { noReply } from '../../src/otp/result.ts';
import { labeled } from '../dist/dist-world.ts';

const nothing = (): void => {};
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface TcpNode {
  readonly runtime: Runtime;
  readonly dist: Distribution;
  readonly carrier: TcpCarrier;
}

async function tcpNode(name: string, tcp: TcpOptions): Promise<TcpNode> {
  const runtime = new Runtime({ logger: silentLogger });
  const carrier = new TcpCarrier({ epmd: false, ...tcp });
  const dist = await startDistribution(runtime, { name, cookie: 'secret', carriers: [carrier] });
  closers.push(() => dist.close());
  return { runtime, dist, carrier };
}

/** It becomes true. */
async function soon(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setImmediate(resolve));
}

/** An EPMD that answers when it is told to. */
class Epmd {
  readonly names = new Map<string, Socket>();
  /** Registrations that wait for their answers. */
  waiting: (() => void)[] = [];
  held = false;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Epmd> {
    const server = createServer();
    const epmd = new Epmd(server);
    server.on('connection', (socket) => epmd.#asked(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      for (const socket of epmd.names.values()) socket.destroy();
      server.close();
    });
    return epmd;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  release(): void {
    this.held = false;
    for (const answer of this.waiting.splice(0)) answer();
  }

  #asked(socket: Socket): void {
    socket.on('error', nothing);
    socket.on('data', (bytes: Buffer) => {
      const name = bytes.toString('utf8', 13, 13 + bytes.readUInt16BE(11));
      socket.on('close', () => {
        if (this.names.get(name) === socket) this.names.delete(name);
      });
      const answer = (): void => {
        const taken = this.names.has(name);
        if (!taken) this.names.set(name, socket);
        socket.write(Buffer.of(118, taken ? 1 : 0, 0, 0, 0, 5));
        if (taken) socket.end();
      };
      if (this.held) this.waiting.push(answer);
      else answer();
    });
  }
}

describe('a name at EPMD', () => {
  test('is taken anew when EPMD comes back', async () => {
    const epmd = await Epmd.start();
    await tcpNode('one@127.0.0.1', { epmd: { port: epmd.port } });
    const first = epmd.names.get('one');
    first?.destroy();
    await soon(() => epmd.names.has('one') && epmd.names.get('one') !== first);
  });

  test('that a listener asks for when it is killed goes to its successor, not to nobody', async () => {
    const epmd = await Epmd.start();
    const { runtime, dist, carrier } = await tcpNode('one@127.0.0.1', { epmd: { port: epmd.port } });
    epmd.held = true;
    epmd.names.get('one')?.destroy();
    await soon(() => epmd.waiting.length === 1);
    const listener = labeled(runtime, 'tcpListener');
    runtime.exit(listener, 'kill');
    // it answers the one that is dead first, then its successor
    await soon(() => epmd.waiting.length === 2);
    epmd.waiting.shift()?.();
    await soon(() => !epmd.names.has('one'));
    epmd.release();
    await soon(() => epmd.names.has('one') && carrier.address() !== undefined);
    expect(labeled(runtime, 'tcpListener')).not.toBe(listener);
    await dist.close();
    await soon(() => !epmd.names.has('one'));
  });
});

test('a node whose host is an IPv6 address in brackets is reached', async () => {
  const two = await tcpNode('two@[::1]', { listen: { host: '::1' } });
  const one = await tcpNode('one@[::1]', {
    listen: { host: '::1' },
    portOf: () => two.carrier.address()?.port,
  });
  expect(await one.dist.connect('two@[::1]')).toBe(true);
});

/** Takes plain messages and counts them. */
async function counting({ runtime, dist }: TcpNode): Promise<{ count: number }> {
  const seen = { count: 0 };
  const server: GenServer<undefined, null> = {
    mailbox: 100_000,
    init: () => null,
    handleInfo: (_message, state) => {
      seen.count++;
      return noReply(state);
    },
  };
  await startServer(runtime, server, undefined, { name: 'counting', scope: dist.names });
  return seen;
}

test.each([
  ['many small messages', 3_000, 10],
  ['more than a socket holds', 700, 10_000],
])('a node that ends has sent what it was given: %s', async (_what, count, size) => {
  const two = await tcpNode('two@127.0.0.1', {});
  const one = await tcpNode('one@127.0.0.1', { portOf: () => two.carrier.address()?.port });
  const seen = await counting(two);
  await one.dist.connect('two@127.0.0.1');
  const far = one.dist.whereis('counting', 'two@127.0.0.1');
  const sent = Array.from({ length: count }, () => one.runtime.send(far, new Uint8Array(size)));
  expect(sent.every((ok) => ok)).toBe(true);
  const down = new Promise((resolve) => two.dist.monitorNodes(resolve));
  await one.dist.close();
  await down;
  await soon(() => seen.count === count);
});

test('a stream that was closed hears nothing more, and does not outlast a peer that reads nothing and talks on', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const talking = connect((server.address() as AddressInfo).port, '127.0.0.1');
  talking.on('error', nothing);
  talking.pause();
  closers.push(() => talking.destroy());
  const socket = await accepted;
  const heard: string[] = [];
  const stream = socketStream(socket, {
    onData: () => heard.push('data'),
    onDrain: nothing,
    onClosed: () => heard.push('closed'),
  });
  stream.write(new Uint8Array(30_000_000));
  stream.close();
  const over = once(socket, 'close');
  const talk = setInterval(() => talking.write('still here'), 50);
  closers.push(() => clearInterval(talk));
  await over;
  expect(heard).toEqual([]);
});
