/** The emulation of EPMD over real sockets: who registers, who asks, who sends what makes no sense, and what a kill leaves. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { DEADLINE } from '../../src/dist/bridge/epmd-connection.ts';
import { farPortAnswer } from '../../src/dist/bridge/epmd-requests.ts';
import {
  EpmdServer,
  LOOK,
  MOST_CONNECTIONS,
  MOST_NODES,
  type EpmdDesk,
  type EpmdOptions,
} from '../../src/dist/bridge/epmd-server.ts';
import type { CarrierFailure } from '../../src/dist/carrier-error.ts';
import { startSupervisor } from '../../src/otp/supervisor.ts';
import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { aliveRequest, namesRequest, portRequest, request } from '../dist/bridge/epmd-bytes.ts';
import { labeled } from '../dist/dist-world.ts';

const nothing = (): void => {};
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** It becomes true. */
async function soon(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setImmediate(resolve));
}

/** Writes down what it is told. */
class Desk implements EpmdDesk {
  readonly log: string[] = [];
  readonly refusals: string[] = [];
  /** Which name it does not want. */
  unwanted = '';
  find: (name: string) => Promise<number | undefined> = () => Promise.resolve(undefined);

  register({ name, port, hidden }: { name: string; port: number; hidden: boolean }): string | undefined {
    if (name === this.unwanted) return 'not wanted';
    this.log.push(`+${name} ${port}${hidden ? ' hidden' : ''}`);
    return undefined;
  }
  unregistered(name: string): void {
    this.log.push(`-${name}`);
  }
  portOf(name: string): Promise<number | undefined> {
    return this.find(name);
  }
  refused(_peer: string, detail: string): void {
    this.refusals.push(detail);
  }
}

interface World {
  readonly runtime: Runtime;
  readonly clock: VirtualClock;
  readonly desk: Desk;
  readonly epmd: EpmdServer;
  /** Kills it; its successor listens when this resolves. */
  kill(): Promise<void>;
}

async function start(options: Partial<EpmdOptions> = {}): Promise<World> {
  const clock = virtualClock();
  const runtime = new Runtime({ logger: silentLogger, clock });
  const desk = new Desk();
  const epmd = new EpmdServer(desk, { port: 0, ...options });
  const tree = await startSupervisor(runtime, { intensity: 10, children: [epmd.childSpec()] });
  closers.push(() => tree.stop());
  const kill = async (): Promise<void> => {
    const victim = labeled(runtime, 'epmd');
    runtime.exit(victim, 'kill');
    await soon(() => !victim.alive);
    await listening(epmd);
  };
  return { runtime, clock, desk, epmd, kill };
}

/** It takes a connection. */
async function listening({ address }: EpmdServer): Promise<void> {
  for (let taken = false; !taken;) {
    const socket = connect(address.port, '127.0.0.1');
    socket.on('error', nothing);
    socket.once('connect', () => {
      taken = true;
      socket.destroy();
    });
    await new Promise((resolve) => socket.once('close', resolve));
  }
}

/** A connection and what has come on it. */
class Client {
  got: Buffer = Buffer.alloc(0);
  closed = false;
  readonly socket: Socket;

  constructor({ epmd }: World) {
    this.socket = connect(epmd.address.port, '127.0.0.1');
    this.socket.on('error', nothing);
    this.socket.on('data', (bytes: Buffer) => {
      this.got = Buffer.concat([this.got, bytes]);
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
    closers.push(() => this.socket.destroy());
  }

  write(bytes: Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }

  /** All that came until it was closed. */
  async whole(): Promise<number[]> {
    await soon(() => this.closed);
    return [...this.got];
  }

  /** The result of a registration. */
  async registered(): Promise<number | undefined> {
    await soon(() => this.got.length >= 6);
    return this.got[1];
  }
}

const ask = (world: World, bytes: Uint8Array): Promise<number[]> => new Client(world).write(bytes).whole();
const UNKNOWN = [119, 1];
const namesOf = async (world: World): Promise<string> =>
  Buffer.from(await ask(world, namesRequest())).toString('latin1', 4);

async function registered(world: World, name: string, port = 5_000): Promise<Client> {
  const client = new Client(world).write(aliveRequest(name, port));
  expect(await client.registered()).toBe(0);
  return client;
}

/** Somebody who listens as a node does. */
async function listener(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => socket.on('error', nothing).destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

describe('a node', () => {
  test('is registered as long as its connection lasts, and others are told its own port', async () => {
    const world = await start();
    const client = new Client(world).write(aliveRequest('a', 0x1234, { type: 72 }));
    expect(await client.registered()).toBe(0);
    expect(client.got.readUInt32BE(2)).toBeGreaterThan(3);
    expect(await ask(world, portRequest('a'))).toEqual([
      119, 0, 0x12, 0x34, 72, 0, 0, 6, 0, 6, 0, 1, 97, 0, 0,
    ]);
    expect(await namesOf(world)).toBe('name a at port 4660\n');
    client.socket.end();
    await soon(() => world.desk.log.length > 1);
    expect(world.desk.log).toEqual(['+a 4660 hidden', '-a']);
    expect(await ask(world, portRequest('a'))).toEqual(UNKNOWN);
    expect(await namesOf(world)).toBe('');
  });

  test('outlasts every deadline with its registration', async () => {
    const world = await start();
    const client = await registered(world, 'a');
    await world.clock.advance(20 * DEADLINE);
    expect(await namesOf(world)).toBe('name a at port 5000\n');
    expect(client.closed).toBe(false);
  });

  test('does not get a name that another one has, which keeps it', async () => {
    const world = await start();
    await registered(world, 'a', 5_001);
    expect(await ask(world, aliveRequest('a', 5_002))).toEqual([118, 1, 0, 0, 0, 0]);
    expect(await namesOf(world)).toBe('name a at port 5001\n');
    expect(world.desk.log).toEqual(['+a 5001']);
    expect(world.desk.refusals).toEqual(['a is not registered: another node has that name']);
  });

  test('gets the name at once when the one before has closed', async () => {
    const world = await start();
    for (let round = 0; round < 20; round++) {
      const client = await registered(world, 'a', 5_000 + round);
      client.socket.end();
    }
    await soon(() => world.desk.log.length === 40);
    expect(world.desk.log.slice(-2)).toEqual(['+a 5019', '-a']);
  });

  test('that the desk does not want is refused with its reason', async () => {
    const world = await start();
    world.desk.unwanted = 'bad';
    expect(await ask(world, aliveRequest('bad', 5_000))).toEqual([118, 1, 0, 0, 0, 0]);
    expect(world.desk.refusals).toEqual(['bad is not registered: not wanted']);
    expect(await namesOf(world)).toBe('');
  });

  test('is refused where there are as many as there may be', async () => {
    const world = await start();
    for (let index = 0; index < MOST_NODES; index++) await registered(world, `n${index}`);
    expect(await ask(world, aliveRequest('more', 1))).toEqual([118, 1, 0, 0, 0, 0]);
    expect(world.desk.refusals).toEqual(['more is not registered: there are too many']);
    expect((await namesOf(world)).split('\n')).toHaveLength(MOST_NODES + 1);
  });

  test('that goes on after it has registered is cut, and gone', async () => {
    const world = await start();
    const client = await registered(world, 'a');
    client.write(namesRequest());
    expect(await client.whole()).toHaveLength(6);
    await soon(() => world.desk.log.includes('-a'));
    expect(world.desk.refusals).toHaveLength(1);
  });
});

describe('who asks for a node of another host', () => {
  test('is told what the desk says, or that nobody knows it', async () => {
    const world = await start();
    world.desk.find = async (name) => (name === 'far' ? 7_777 : undefined);
    expect(await ask(world, portRequest('far'))).toEqual([...farPortAnswer('far', 7_777)]);
    expect(await ask(world, portRequest('nobody'))).toEqual(UNKNOWN);
  });

  test('hears that nobody knows it when the desk fails or takes too long, and others are answered meanwhile', async () => {
    const world = await start();
    world.desk.find = (name) =>
      name === 'slow' ? new Promise(nothing) : Promise.reject(new Error('no relay'));
    const slow = new Client(world).write(portRequest('slow'));
    expect(await ask(world, portRequest('far'))).toEqual(UNKNOWN);
    expect(world.desk.refusals).toEqual(['far is not found: no relay']);
    expect(slow.closed).toBe(false);
    await world.clock.advance(DEADLINE);
    expect(await slow.whole()).toEqual(UNKNOWN);
  });

  test('and does not close when it has its answer is cut 5 s later', async () => {
    const world = await start();
    const socket = connect({ port: world.epmd.address.port, host: '127.0.0.1', allowHalfOpen: true });
    closers.push(() => socket.destroy());
    let closed = false;
    socket.on('error', nothing).on('close', () => {
      closed = true;
    });
    socket.write(portRequest('nobody'));
    socket.resume();
    await once(socket, 'end');
    await world.clock.advance(DEADLINE);
    // only who has gone refuses what comes
    await soon(() => {
      socket.write('more');
      return closed;
    });
  });

  test('and has gone when the answer comes harms nobody', async () => {
    const world = await start();
    let found: (port: number) => void = nothing;
    world.desk.find = () => new Promise((resolve) => (found = resolve));
    const client = new Client(world).write(portRequest('far'));
    await soon(() => found !== nothing);
    client.socket.destroy();
    expect(await namesOf(world)).toBe('');
    found(1);
    expect(await namesOf(world)).toBe('');
  });
});

describe('bytes', () => {
  test('may come one by one', async () => {
    const world = await start();
    const client = new Client(world);
    client.socket.setNoDelay(true);
    for (const byte of aliveRequest('split', 5_000)) {
      client.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.registered()).toBe(0);
    expect(await namesOf(world)).toBe('name split at port 5000\n');
  });

  test('that are too many, none, unknown or wrong end their own connection, with nothing said', async () => {
    const world = await start();
    const held = await registered(world, 'a');
    const wrong = [
      Buffer.alloc(100_000, 0xff),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.of(0, 0),
      ...[107, 115, 100].map((code) => request(Buffer.of(code))),
      request(Buffer.from('xshort')),
      portRequest('a b'),
      aliveRequest('a\nname b at port 1', 5),
    ];
    for (const bytes of wrong) expect(await ask(world, bytes)).toEqual([]);
    expect(world.desk.refusals).toHaveLength(wrong.length);
    expect(held.closed).toBe(false);
    expect(await namesOf(world)).toBe('name a at port 5000\n');
  });

  test('that do not come are waited for 5 s, also when some have', async () => {
    const world = await start();
    const [silent, half] = [new Client(world), new Client(world).write(Buffer.of(0, 9, 122))];
    // they have been accepted when one behind them has been answered
    await namesOf(world);
    await world.clock.advance(DEADLINE - 1);
    await namesOf(world);
    expect([silent.closed, half.closed]).toEqual([false, false]);
    await world.clock.advance(1);
    expect([await silent.whole(), await half.whole()]).toEqual([[], []]);
    expect(world.desk.refusals).toEqual(['asks nothing', 'asks nothing']);
  });
});

test('of 300 connections at once so many stay as there may be; the rest is closed, and there is room again', async () => {
  const world = await start();
  const held = await registered(world, 'a');
  const clients = Array.from({ length: 300 }, () => new Client(world));
  await soon(() => clients.filter(({ closed }) => closed).length === 300 - (MOST_CONNECTIONS - 1));
  expect(world.desk.refusals).toEqual(['too many connections']);
  await world.clock.advance(DEADLINE);
  await soon(() => clients.every(({ closed }) => closed));
  // who had no room is told once each time
  clients.push(...Array.from({ length: MOST_CONNECTIONS + 20 }, () => new Client(world)));
  await soon(() => clients.slice(300).filter(({ closed }) => closed).length === 21);
  expect(world.desk.refusals.filter((why) => why === 'too many connections')).toHaveLength(2);
  await world.clock.advance(DEADLINE);
  await soon(() => clients.every(({ closed }) => closed));
  expect(held.closed).toBe(false);
  expect(await namesOf(world)).toBe('name a at port 5000\n');
});

describe('a start', () => {
  test('where somebody listens, or nobody can, fails with what the reason is', async () => {
    const { port } = await listener();
    const failure = (of: CarrierFailure): object => ({
      reason: { shutdown: { reason: { shutdown: { failure: of } } } },
    });
    await expect(start({ port })).rejects.toMatchObject(failure('address_in_use'));
    await expect(start({ host: '192.0.2.1' })).rejects.toMatchObject(failure('listen_failed'));
  });
});

describe('a kill', () => {
  test('cuts all connections and keeps the port, and the nodes in memory: the desk does not hear that they went', async () => {
    const world = await start();
    const { port } = world.epmd.address;
    const node = await listener();
    const clients = [await registered(world, 'a', node.port), new Client(world)];
    await world.kill();
    await soon(() => clients.every(({ closed }) => closed));
    expect(world.epmd.address.port).toBe(port);
    expect(await namesOf(world)).toBe(`name a at port ${node.port}\n`);
    expect((await ask(world, portRequest('a'))).slice(0, 4)).toEqual([
      119,
      0,
      node.port >> 8,
      node.port & 255,
    ]);
    expect(world.desk.log).toEqual([`+a ${node.port}`]);
  });

  test('a node that registers again is the one it was; the late close of its old connection takes nothing away', async () => {
    const world = await start();
    const old = await registered(world, 'a', 5_000);
    old.socket.pause();
    await world.kill();
    const again = await registered(world, 'a', 5_000);
    old.socket.destroy();
    await soon(() => old.closed);
    expect(await namesOf(world)).toBe('name a at port 5000\n');
    await world.clock.advance(LOOK.first + LOOK.then);
    expect(world.desk.log).toEqual(['+a 5000']);
    again.socket.end();
    await soon(() => world.desk.log.length > 1);
    expect(world.desk.log).toEqual(['+a 5000', '-a']);
  });

  test('another node may take the place of one whose connection was cut', async () => {
    const world = await start();
    await registered(world, 'a', 5_000);
    await world.kill();
    await registered(world, 'a', 5_001);
    expect(world.desk.log).toEqual(['+a 5000', '-a', '+a 5001']);
    expect(await ask(world, aliveRequest('a', 5_000))).toEqual([118, 1, 0, 0, 0, 0]);
  });

  test('nodes that never register again are known as long as they listen', async () => {
    const world = await start();
    const [lives, dies] = [await listener(), await listener()];
    await registered(world, 'lives', lives.port);
    await registered(world, 'dies', dies.port);
    dies.server.close();
    await world.kill();
    await world.clock.advance(LOOK.first - 1);
    expect(await namesOf(world)).toBe(`name lives at port ${lives.port}\nname dies at port ${dies.port}\n`);
    await world.clock.advance(1);
    await soon(() => world.desk.log.length > 2);
    expect(await namesOf(world)).toBe(`name lives at port ${lives.port}\n`);
    expect(world.desk.log.slice(2)).toEqual(['-dies']);
    lives.server.close();
    // the next look is set when the first is over
    await world.clock.settle();
    await world.clock.advance(LOOK.then);
    await soon(() => world.desk.log.length > 3);
    expect(world.desk.log.slice(2)).toEqual(['-dies', '-lives']);
  });

  test('a desk that throws is a defect: the server dies of it, and its successor goes on', async () => {
    const world = await start();
    const first = labeled(world.runtime, 'epmd');
    world.desk.find = () => {
      throw new Error('a defect');
    };
    expect(await ask(world, portRequest('far'))).toEqual([]);
    await soon(() => !first.alive);
    world.desk.find = async () => 3;
    await listening(world.epmd);
    expect(await ask(world, portRequest('far'))).toEqual([...farPortAnswer('far', 3)]);
  });
});
