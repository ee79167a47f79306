/**
 * A dist relay also serves clients of other makes, which have no certificate: at an address of their own, by the first name that
 * nobody has.
 */
import { afterEach, expect, test } from 'vitest';

import { silentLogger } from '../../src/actor/logger.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import type { DistRelayClient } from '../../src/dist/relay/client/relay-client.ts';
import { encodeControl } from '../../src/dist/relay/protocol/control-encode.ts';
import { ControlReader } from '../../src/dist/relay/protocol/control-reader.ts';
import type { ControlMessage, ControlStyle } from '../../src/dist/relay/protocol/messages.ts';
import type { DistRelay } from '../../src/relay-handle.ts';
import { startDistRelay } from '../../src/dist-relay.ts';
import { startRelayClient } from '../../src/relay-client.ts';
import { until } from './quic-bench.ts';
import { RawPeer } from './quic-raw.ts';

const MSGPACK: ControlStyle = { encoding: 'msgpack', text: 'text' };
/** The first stream of a dialer, and the first one that a relay opens. */
const [CONTROL, DATA] = [0, 1];

let relay: DistRelay;
let clients: DistRelayClient[] = [];
let peers: RawPeer[] = [];

afterEach(async () => {
  for (const client of clients) await client.close();
  for (const peer of peers) await peer.socket.close();
  clients = [];
  peers = [];
  await relay.close();
});

async function served(): Promise<void> {
  relay = await startDistRelay({ listen: '127.0.0.1:0', foreign: '127.0.0.1:0', logger: silentLogger });
}

/** A client that writes MessagePack, has no certificate, and asks for none. */
class Foreigner {
  readonly peer: RawPeer;
  readonly heard: ControlMessage[] = [];
  readonly styles = new Set<string>();
  data: Buffer = Buffer.alloc(0);
  readonly #reader = new ControlReader();

  private constructor(peer: RawPeer) {
    this.peer = peer;
  }

  static async dial(url: string | undefined): Promise<Foreigner> {
    const { hostname, port } = new URL((url ?? '').replace('quic:', 'http:'));
    const peer = await RawPeer.dial({ host: hostname, port: Number(port) }, { protocol: 'macula-dist' });
    peers.push(peer);
    return new Foreigner(peer);
  }

  say(message: ControlMessage): void {
    this.peer.native.streamSend(CONTROL, Buffer.from(encodeControl(message, MSGPACK)), false);
    this.peer.flush();
  }

  write(text: string): void {
    this.peer.native.streamSend(DATA, Buffer.from(text), false);
    this.peer.flush();
  }

  /** Reads whatever has come. */
  read(): this {
    const { native } = this.peer;
    const buffer = Buffer.alloc(65_536);
    for (const id of native.readable()) {
      const got = native.streamRecv(id, buffer);
      const bytes = buffer.subarray(0, got?.[0] ?? 0);
      if (id === CONTROL) this.#take(bytes);
      else this.data = Buffer.concat([this.data, bytes]);
    }
    this.peer.flush();
    return this;
  }

  #take(bytes: Uint8Array): void {
    for (const event of this.#reader.push(bytes)) {
      if (event.tag !== 'message') continue;
      this.heard.push(event.message);
      this.styles.add(event.style.encoding);
    }
  }
}

async function client(name: string): Promise<DistRelayClient> {
  const made = await startRelayClient(new Runtime({ logger: silentLogger }), relay.url, name, {
    encryption: false,
  });
  clients.push(made);
  await made.ready();
  return made;
}

test('it is answered in MessagePack, and there are tunnels both ways between it and a client of ours', async () => {
  await served();
  const ours = await client('ours@host');
  const got: Buffer[] = [];
  ours.setKernel(({ stream, peer }) => {
    stream.write(`hello ${peer}`);
    stream.on('data', (bytes: Buffer) => got.push(bytes));
  });
  const foreigner = await Foreigner.dial(relay.foreignUrl);
  await foreigner.peer.established();
  foreigner.say({ type: 'identify', node_name: 'theirs@host' });
  await until(() => foreigner.read().heard.length === 1);
  expect(foreigner.heard).toEqual([{ type: 'identified', status: 'ok' }]);
  foreigner.say({ type: 'tunnel_request', target: 'ours@host' });
  await until(() => foreigner.read().heard.length === 2 && foreigner.data.length >= 32 + 17);
  const id = foreigner.data.subarray(0, 32).toString();
  // nothing that it did not ask for: no id of a request, no name of the target
  expect(foreigner.heard[1]).toEqual({ type: 'tunnel_ok', tunnel_id: id });
  expect(foreigner.data.subarray(32).toString()).toBe('hello theirs@host');
  foreigner.write('and to you');
  await until(() => Buffer.concat(got).toString() === 'and to you');
  expect(foreigner.styles).toEqual(new Set(['msgpack']));

  const { stream, peerId } = await ours.requestTunnel('theirs@host');
  expect(peerId).toBeUndefined();
  await until(() => foreigner.read().heard.length === 3);
  expect(foreigner.heard[2]).toMatchObject({ type: 'tunnel_notify', source: 'ours@host' });
  stream.destroy();
});

test('its name is taken over by nobody, and it takes over nobody’s', async () => {
  await served();
  await client('ours@host');
  const first = await Foreigner.dial(relay.foreignUrl);
  await first.peer.established();
  first.say({ type: 'identify', node_name: 'theirs@host' });
  await until(() => first.read().heard.length === 1);
  for (const taken of ['theirs@host', 'ours@host']) {
    const other = await Foreigner.dial(relay.foreignUrl);
    await other.peer.established();
    other.say({ type: 'identify', node_name: taken });
    await until(() => other.read().peer.native.peerError() !== null);
    expect(other.heard).toEqual([{ type: 'refused', reason: 'name_taken' }]);
  }
  expect(relay.status().clients).toEqual(['ours@host', 'theirs@host']);
});

test('at the address of our own clients nobody gets in without a certificate', async () => {
  await served();
  const foreigner = await Foreigner.dial(relay.url);
  expect(await foreigner.peer.refusal()).toBe(0x100 + 116);
});

test('a relay that was not told to serves them nowhere', async () => {
  relay = await startDistRelay({ listen: '127.0.0.1:0', logger: silentLogger });
  expect(relay.foreignUrl).toBeUndefined();
});
