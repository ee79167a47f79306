/** Somebody who knows the protocol of the distribution and the cookie, and then says whatever a test wants. */
import { seededRandom } from '../../src/actor/random.ts';
import { QuicCarrier } from '../../src/dist/carriers/quic/quic.ts';
import type { Carrier, DistStream } from '../../src/dist/carrier.ts';
import { digestOf } from '../../src/dist/protocol/digest.ts';
import { OURS } from '../../src/dist/protocol/flags.ts';
import {
  readHandshake,
  writeHandshake,
  type HandshakeMessage,
} from '../../src/dist/protocol/handshake-messages.ts';
import { packet, Packets } from '../../src/dist/protocol/packets.ts';
import type { Node } from '../../src/node.ts';
import { shared } from '../../src/mesh/context.ts';
import { contextOf } from '../mesh-world.ts';

export interface RawNode {
  /** Bytes of one packet behind the handshake. */
  send(bytes: Uint8Array): void;
  readonly stream: DistStream;
}

/** From the endpoint of a node that has no distribution of its own. Resolves when the handshake is over. */
export const rawNode = (from: Node, to: string, cookie: string, name = '1@raw'): Promise<RawNode> =>
  rawThrough(
    new QuicCarrier({
      endpoint: () => shared(contextOf(from), 'endpoint'),
      random: seededRandom('raw'),
    }),
    to,
    cookie,
    { name },
  );

export interface RawOptions {
  readonly name?: string;
  /** What it can do. Default: all that we can. */
  readonly flags?: bigint;
  /** Each packet behind the handshake; empty: a tick. */
  readonly onPacket?: (bytes: Uint8Array) => void;
}

/** By any carrier. */
export async function rawThrough(
  carrier: Carrier,
  to: string,
  cookie: string,
  { name = '1@raw', flags = OURS, onPacket = () => {} }: RawOptions = {},
): Promise<RawNode> {
  const packets = new Packets(1_048_576);
  let heard = (): void => {};
  const setup = await carrier.setup({
    node: to,
    timeout: 1_000,
    expectedId: undefined,
    signal: new AbortController().signal,
    events: {
      onData: (bytes) => {
        packets.push(bytes);
        packets.keep();
        heard();
      },
      onDrain: () => {},
      onClosed: () => {},
    },
  });
  if (!setup.ok) throw new Error(setup.detail);
  const { stream } = setup;
  const say = (message: HandshakeMessage): void => {
    const bytes = packet(2, writeHandshake(message));
    if (bytes === undefined) throw new Error('too long');
    stream.write(bytes);
  };
  const hear = async <Type extends HandshakeMessage['type']>(
    type: Type,
  ): Promise<Extract<HandshakeMessage, { readonly type: Type }>> => {
    for (;;) {
      const taken = packets.take();
      if (taken.tag === 'packet') {
        const message = readHandshake(taken.bytes, type);
        if (message === undefined) throw new Error(`no ${type}`);
        return message as Extract<HandshakeMessage, { readonly type: Type }>;
      }
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  say({ type: 'name', flags, creation: 7, name });
  await hear('status');
  const { challenge } = await hear('challenge');
  say({ type: 'reply', challenge: 1, digest: digestOf(cookie, challenge) });
  await hear('ack');
  packets.up();
  heard = (): void => {
    for (let taken = packets.take(); taken.tag === 'packet'; taken = packets.take()) onPacket(taken.bytes);
  };
  heard();
  return {
    stream,
    send: (bytes) => {
      const framed = packet(4, bytes);
      if (framed !== undefined) stream.write(framed);
    },
  };
}
