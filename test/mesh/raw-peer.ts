/** A peer that speaks the transport directly and keeps no rules: what an attacker would send. */
import { encodeFrame, type Frame } from '../../src/codec/frame.ts';
import { FrameReader, type FrameEvent } from '../../src/codec/frame-reader.ts';
import { encodeCbor } from '../../src/codec/cbor.ts';
import { FRAME_TYPE_IDS, type FrameType } from '../../src/codec/frame-type.ts';
import type { CallPayload, PayloadOf } from '../../src/codec/payloads.ts';
import type { ValueMap } from '../../src/codec/value.ts';
import type { Identity } from '../../src/identity/identity.ts';
import type { Node } from '../../src/node.ts';
import {
  CloseCode,
  ResetCode,
  type CloseReason,
  type Endpoint,
  type Link,
  type LinkEvents,
  type Stream,
  type StreamEvents,
} from '../../src/transport/transport.ts';
import { REALM, type MeshWorld } from '../mesh-world.ts';

const NAMES = ['control', 'dht', 'rpc'] as const;
type Name = (typeof NAMES)[number];

export class RawStream implements StreamEvents {
  readonly #reader = new FrameReader(64 * 1_048_576);
  readonly frames: Frame[] = [];
  readonly resets: number[] = [];
  ended = false;
  stream!: Stream;

  onData(bytes: Uint8Array): void {
    this.frames.push(
      ...this.#reader
        .push(bytes)
        .filter((event): event is Extract<FrameEvent, { tag: 'frame' }> => event.tag === 'frame')
        .map((event) => event.frame),
    );
  }
  onEnd(): void {
    this.ended = true;
  }
  onReset(code: number): void {
    this.resets.push(code);
  }
  onDrain(): void {}

  send<T extends FrameType>(type: T, payload: PayloadOf<T>, end = false): void {
    this.stream.write(frame(type, payload), end);
  }
  of<T extends FrameType>(type: T): PayloadOf<T>[] {
    return this.frames.filter((entry) => entry.type === type).map(({ payload }) => payload as PayloadOf<T>);
  }
}

export function frame<T extends FrameType>(type: T, payload: PayloadOf<T>): Uint8Array {
  const encoded = encodeFrame(type, payload);
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.error));
  return encoded.bytes;
}

/** A frame that nobody has checked: of a peer that keeps no rules. */
export function unchecked(type: keyof typeof FRAME_TYPE_IDS, payload: ValueMap): Uint8Array {
  const encoded = encodeCbor(payload);
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.error));
  const header = Buffer.from([1, FRAME_TYPE_IDS[type], 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(encoded.bytes.length, 4);
  return new Uint8Array(Buffer.concat([header, encoded.bytes]));
}

export class RawPeer implements LinkEvents {
  readonly channels: Record<Name, RawStream> = {
    control: new RawStream(),
    dht: new RawStream(),
    rpc: new RawStream(),
  };
  readonly inbound: RawStream[] = [];
  readonly closes: CloseReason[] = [];
  readonly world: MeshWorld;
  readonly identity: Identity;
  link!: Link;
  #open = false;
  #id = 0;

  constructor(world: MeshWorld, identity: Identity) {
    this.world = world;
    this.identity = identity;
  }

  onOpen(): void {
    this.#open = true;
  }
  onStream(stream: Stream): StreamEvents | ResetCode {
    const raw = new RawStream();
    raw.stream = stream;
    this.inbound.push(raw);
    return raw;
  }
  onCredit(): void {}
  onClose(reason: CloseReason): void {
    this.closes.push(reason);
  }
  onFault(error: unknown): void {
    throw error;
  }

  get isOpen(): boolean {
    return this.#open && this.closes.length === 0;
  }
  get closeCode(): number | undefined {
    const [close] = this.closes;
    return close?.tag === 'remote' ? close.code : undefined;
  }

  /** A stream of its own. */
  body(): RawStream {
    const raw = new RawStream();
    const stream = this.link.openStream(raw);
    if (stream === undefined) throw new Error('no stream');
    raw.stream = stream;
    return raw;
  }

  openChannels(): void {
    for (const name of NAMES) {
      const stream = this.link.openStream(this.channels[name]);
      if (stream === undefined) throw new Error('no stream');
      this.channels[name].stream = stream;
    }
  }

  connectFrame(over: Record<string, unknown> = {}): Uint8Array {
    return frame('connect', {
      version: '1.0',
      node_id: this.identity.nodeId,
      realm: REALM,
      capabilities: ['rpc'],
      epoch: new Uint8Array(16).fill(1),
      have: false,
      seed: new Uint8Array(32).fill(2),
      ...over,
    });
  }

  /** 16 bytes, another each time. */
  id(): Uint8Array {
    const id = new Uint8Array(16);
    new DataView(id.buffer).setUint32(0, ++this.#id);
    return id;
  }

  call(procedure: string, over: Partial<CallPayload> = {}): CallPayload {
    return { call_id: this.id(), procedure, args: {}, timeout: 1_000, realm: REALM, ...over };
  }

  /** Until the link is there. */
  async opened(): Promise<this> {
    await this.world.clock.until(() => this.isOpen);
    return this;
  }

  /** Dials, opens the channels and is accepted. */
  async greeted({
    rpc = true,
    ...over
  }: {
    readonly rpc?: boolean;
    readonly realm?: string;
    readonly capabilities?: readonly string[];
  } = {}): Promise<this> {
    await this.opened();
    this.openChannels();
    this.channels.control.stream.write(this.connectFrame(over));
    for (const name of rpc ? (['dht', 'rpc'] as const) : []) {
      this.channels[name].send('ping', { request_id: this.id(), timestamp: 1 });
    }
    await this.world.clock.until(() => this.channels.control.of('connected').length > 0);
    return this;
  }

  get accepted(): boolean {
    return this.channels.control.of('connected').length > 0;
  }
}

/** A raw peer that dials `node`. */
export async function rawPeer(world: MeshWorld, node: Node, label = 'raw'): Promise<RawPeer> {
  const identity = world.identity(label);
  const endpoint = await world.network
    .transport()
    .open({ clock: world.clock, random: world.random.fork(label), identity });
  const peer = new RawPeer(world, identity);
  peer.link = endpoint.dial({ address: addressOf(node), protocol: 'macula' }, peer);
  return peer;
}

/** A raw node: `serve` gets each peer that dials it once its link is open. */
export async function rawNode(
  world: MeshWorld,
  label: string,
): Promise<{ readonly endpoint: Endpoint; readonly peers: RawPeer[]; readonly url: string }> {
  const identity = world.identity(label);
  const peers: RawPeer[] = [];
  const endpoint = await world.network.transport().open({
    clock: world.clock,
    random: world.random.fork(label),
    identity,
    accept: ['macula'],
    onLink: (link) => {
      const peer = new (class extends RawPeer {
        override onStream(stream: Stream): StreamEvents | ResetCode {
          const name = NAMES[stream.id >> 2];
          if (name === undefined) return super.onStream(stream);
          this.channels[name].stream = stream;
          return this.channels[name];
        }
      })(world, identity);
      peer.link = link;
      peers.push(peer);
      return peer;
    },
  });
  const { host, port } = endpoint.local;
  return { endpoint, peers, url: `https://${host}:${port}` };
}

function addressOf(node: Node): { host: string; port: number } {
  const { hostname, port } = new URL(node.url);
  return { host: hostname, port: Number(port) };
}

export { CloseCode, ResetCode };
