/**
 * What QUIC itself costs, no competitor: the native binding, a socket per node, and questions of a lookup's size.
 *
 * Every node has a connection with every other, of our own configuration, on which all questions are asked: no
 * records, no table, no verification of certificates, no timers, no deadlines. Whatever is lost stays lost, so it is
 * for loopback only. Kept: the window of questions of a lookup, their sizes, and mutual TLS.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { systemRandom } from '../../../src/actor/random.ts';
import { createIdentity } from '../../../src/identity/identity.ts';
import { loadBinding, type NativeConnection, type Quiche } from '../../../src/transport/quic/binding.ts';
import { createConfigs, type Configs } from '../../../src/transport/quic/config.ts';
import { LOCAL_VIRTUAL, virtualAddress } from '../../../src/transport/quic/virtual-address.ts';
import type { Network } from '../network.ts';

const HOST = '127.0.0.1';
const ID_LENGTH = 16;
/** Bytes of a question, of an answer with a record and twenty contacts, of a record to be kept, of the word that it is. */
const QUESTION = 80;
const ANSWER = 1_400;
const RECORD = 400;
const KEPT = 20;
/** Questions of a lookup at the same time: three on each of three paths. */
const AT_ONCE = 9;
const BUFFER = 65_536;
const LIMITS = { idleTimeout: 600_000, streams: 100 };

const out = Buffer.alloc(BUFFER);
const input = Buffer.alloc(BUFFER);

/** One end of a connection. Its first byte says how long the answer to a message is: `0` for an answer itself. */
class Wire {
  readonly #native: NativeConnection;
  readonly #socket: Socket;
  readonly #port: number;
  readonly #addresses: { readonly from: typeof LOCAL_VIRTUAL; readonly to: typeof LOCAL_VIRTUAL };
  /** Streams of our questions, and of theirs. */
  readonly #asks: number;
  #missing = 0;
  #answered: () => void = () => {};
  #open: (() => void) | undefined;

  constructor(native: NativeConnection, socket: Socket, port: number, number: number, dialer: boolean) {
    this.#native = native;
    this.#socket = socket;
    this.#port = port;
    this.#addresses = { from: virtualAddress(number), to: LOCAL_VIRTUAL };
    this.#asks = dialer ? 0 : 1;
  }

  opened(): Promise<void> {
    return new Promise((resolve) => {
      this.#open = resolve;
      this.flush();
    });
  }

  ask(bytes: number, answer: number): Promise<void> {
    return new Promise((resolve) => {
      this.#missing = answer;
      this.#answered = resolve;
      this.#native.streamSend(this.#asks, Buffer.alloc(bytes, answer === KEPT ? 1 : 2), false);
      this.flush();
    });
  }

  receive(datagram: Buffer): void {
    this.#native.recv(datagram, this.#addresses);
    if (this.#native.isReadable()) for (const stream of this.#native.readable()) this.#read(stream);
    this.flush();
    if (this.#open === undefined || !this.#native.isEstablished()) return;
    this.#open();
    this.#open = undefined;
  }

  flush(): void {
    for (;;) {
      const packet = this.#native.send(out);
      if (packet === null) return;
      // the socket sends later
      this.#socket.send(Buffer.from(out.subarray(0, packet[0])), this.#port, HOST);
    }
  }

  #read(stream: number): void {
    const read = this.#native.streamRecv(stream, input);
    if (read === null) return;
    if (stream !== this.#asks) {
      this.#native.streamSend(stream, Buffer.alloc(input[0] === 1 ? KEPT : ANSWER), false);
      return;
    }
    this.#missing -= read[0];
    if (this.#missing === 0) this.#answered();
  }
}

class BareNode {
  readonly wires: Map<number, Wire> = new Map();
  readonly #quiche: Quiche;
  readonly #socket = createSocket('udp4');
  readonly #configs: Configs;

  constructor(quiche: Quiche, configs: Configs) {
    this.#quiche = quiche;
    this.#configs = configs;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async listen(): Promise<void> {
    this.#socket.on('message', (datagram, { port }) => {
      let wire = this.wires.get(port);
      if (wire === undefined) {
        const id = this.#quiche.Header.fromSlice(datagram, ID_LENGTH).dcid;
        const { size } = this.wires;
        const config = this.#configs.accepting('loopback');
        const { Connection } = this.#quiche;
        const native = Connection.accept(Buffer.from(id), null, LOCAL_VIRTUAL, virtualAddress(size), config);
        wire = new Wire(native, this.#socket, port, size, false);
        this.wires.set(port, wire);
      }
      wire.receive(datagram);
    });
    await new Promise<void>((resolve) => this.#socket.bind(0, HOST, resolve));
  }

  async dial(port: number): Promise<void> {
    const { size } = this.wires;
    const config = this.#configs.dialing('macula', 'loopback');
    const id = randomBytes(ID_LENGTH);
    const native = this.#quiche.Connection.connect(null, id, LOCAL_VIRTUAL, virtualAddress(size), config);
    const wire = new Wire(native, this.#socket, port, size, true);
    this.wires.set(port, wire);
    await wire.opened();
  }

  /** Asks all of them, so many at once; gives the ms until the first has answered. */
  async askAll(ports: readonly number[], bytes: number, answer: number): Promise<number> {
    const start = performance.now();
    let first: number | undefined;
    const left = ports.values();
    const asker = async (): Promise<void> => {
      for (const port of left) {
        await this.wires.get(port)?.ask(bytes, answer);
        first ??= performance.now() - start;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, asker));
    return first ?? 0;
  }

  close(): void {
    this.#socket.close();
  }
}

export async function bare(): Promise<Network> {
  const quiche = await loadBinding();
  const nodes: BareNode[] = [];
  const alive = new Set<BareNode>();
  let messages = 0;
  const ask = (at: number, bytes: number, answer: number): Promise<number> => {
    const node = nodes[at];
    const ports = [...alive].filter((other) => other !== node).map(({ port }) => port);
    messages += ports.length;
    return node?.askAll(ports, bytes, answer) ?? Promise.reject(new Error(`there is no node ${at}`));
  };
  return {
    async add() {
      const identity = createIdentity(systemRandom, Date.now());
      const node = new BareNode(quiche, createConfigs(quiche, { identity, accept: ['macula'], ...LIMITS }));
      await node.listen();
      await Promise.all([...alive].map(({ port }) => node.dial(port)));
      nodes.push(node);
      alive.add(node);
    },

    async announce(at) {
      await ask(at, QUESTION, ANSWER);
      await ask(at, RECORD, KEPT);
    },

    async lookUp(at) {
      const start = performance.now();
      const first = await ask(at, QUESTION, ANSWER);
      return { first, full: performance.now() - start };
    },

    kill(at) {
      const node = nodes[at];
      if (node === undefined || !alive.delete(node)) return;
      node.close();
    },

    messages: () => messages,
    connections: () => nodes.length - 1,
  };
}
