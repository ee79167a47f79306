import { beforeEach, describe, expect, test } from 'vitest';
import type { PeerOutcome, PeerQuestion } from '../../../src/mesh/peer/peer-request.ts';
import type { PeerTarget } from '../../../src/mesh/peer/peer-target.ts';
import type { Node } from '../../../src/node.ts';
import { contextOf, meshWorld, processesOf, REALM, type MeshWorld } from '../../mesh-world.ts';
import { ask, endOf, nodesOf, PING } from '../peer/peer-world.ts';
import { CloseCode, rawNode, unchecked, type RawPeer } from '../raw-peer.ts';

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

describe('questions to a peer', () => {
  let world: MeshWorld;
  let node: Node;
  let peer: RawPeer;
  let target: PeerTarget;

  beforeEach(async () => {
    world = meshWorld();
    [node] = (await nodesOf(world, 1)) as [Node];
    const raw = await rawNode(world, 'asked');
    target = { nodeId: undefined, addresses: [new URL(raw.url).host] };
    const first = ask(node, target, PING, 1_000);
    await world.clock.until(() => (raw.peers[0]?.channels.control.of('connect').length ?? 0) === 1);
    peer = raw.peers[0]!;
    peer.channels.control.send('connected', {
      node_id: peer.identity.nodeId,
      realm: REALM,
      version: '1.0',
      seed: bytes(32, 7),
    });
    // what opens the stream is no question
    await world.clock.until(() => peer.channels.dht.of('ping').length === 1);
    const [asked] = peer.channels.dht.of('ping');
    peer.channels.dht.send('pong', { ...asked!, server_time: 1 });
    expect(endOf(await world.settle(first))).toBe('pong');
  });

  const pending = (question: PeerQuestion, timeout = 5_000): Promise<PeerOutcome> =>
    ask(node, target, question, timeout);

  const received = async <T extends 'find_value' | 'find_node' | 'store'>(type: T, count: number) => {
    await world.clock.until(() => peer.channels.dht.of(type).length === count);
    return peer.channels.dht.of(type);
  };

  test('B3: two lookups in flight never swap answers, in whatever order these come, and one with another key is none', async () => {
    const [a, b] = [bytes(32, 1), bytes(32, 2)];
    const first = pending({ type: 'find_value', key: a });
    const second = pending({ type: 'find_value', key: b });
    const [askedA, askedB] = await received('find_value', 2);
    const reply = (id: Uint8Array, key: Uint8Array): void =>
      peer.channels.dht.send('find_value_reply', { request_id: id, key, result: 'nodes', nodes: [] });
    reply(askedB!.request_id, b);
    expect(await world.settle(second)).toMatchObject({ ok: true, answer: { payload: { key: b } } });
    // the reference gave an answer to whoever waited longest
    reply(askedB!.request_id, b);
    await world.clock.advance(10);
    expect(contextOf(node).counters.lateReplies).toBe(1);
    reply(askedA!.request_id, b);
    expect(endOf(await world.settle(first))).toBe('noconnection');
    const third = pending({ type: 'find_value', key: a });
    const asked = await received('find_value', 3);
    reply(asked[2]!.request_id, a);
    expect(await world.settle(third)).toMatchObject({ ok: true, answer: { payload: { key: a } } });
  });

  test('an answer of another type fails its question at once, and so does one that is malformed', async () => {
    const wrong = pending({ type: 'find_node', target: bytes(32, 1) });
    const [asked] = await received('find_node', 1);
    peer.channels.dht.send('store_reply', { request_id: asked!.request_id });
    expect(endOf(await world.settle(wrong))).toBe('noconnection');
    expect(contextOf(node).counters.unexpectedFrames).toBe(1);
    const malformed = pending({ type: 'find_node', target: bytes(32, 1) });
    const all = await received('find_node', 2);
    // a thousand contacts are more than any answer has
    const nodes = Array.from({ length: 1_000 }, () => ({ node_id: bytes(32, 1), address: '1.1.1.1:1' }));
    peer.channels.dht.stream.write(unchecked('find_node_reply', { request_id: all[1]!.request_id, nodes }));
    expect(endOf(await world.settle(malformed))).toBe('noconnection');
    expect(contextOf(node).counters.rejectedFrames).toBe(1);
    expect(peer.isOpen).toBe(true);
  });

  test('the end of the connection fails all of them, by whose fault it ended', async () => {
    const all = Promise.all([pending(PING), pending({ type: 'find_node', target: bytes(32, 1) })]);
    await received('find_node', 1);
    peer.link.close(CloseCode.shuttingDown);
    for (const outcome of await world.settle(all)) {
      expect(endOf(outcome)).toMatchObject({ shutdown: { close: { tag: 'remote', code: 1 } } });
    }
  });

  test('a deadline leaves nothing behind, and its answer, when it comes, is counted and dropped', async () => {
    const connection = processesOf(node).find(({ label }) => label.startsWith('connection to'))!;
    const late = pending({ type: 'find_node', target: bytes(32, 1) }, 100);
    const [asked] = await received('find_node', 1);
    expect(contextOf(node).standings.find(connection)?.idle()).toBe(false);
    expect(endOf(await world.settle(late))).toBe('timeout');
    expect(contextOf(node).standings.find(connection)?.idle()).toBe(true);
    peer.channels.dht.send('find_node_reply', { request_id: asked!.request_id, nodes: [] });
    await world.clock.advance(10);
    expect(contextOf(node).counters.lateReplies).toBe(1);
    expect(connection.alive).toBe(true);
  });

  test('1,024 are under way to one peer; the next is refused, and room comes back with an answer', async () => {
    const question: PeerQuestion = { type: 'find_node', target: bytes(32, 1) };
    const outcomes: PeerOutcome[] = [];
    const all = Array.from({ length: 1_025 }, () =>
      pending(question).then((outcome) => outcomes.push(outcome)),
    );
    const asked = await received('find_node', 1_024);
    expect(outcomes.map(endOf)).toEqual(['overloaded']);
    for (const { request_id } of asked) {
      peer.channels.dht.send('find_node_reply', { request_id, nodes: [] });
    }
    await world.settle(Promise.all(all));
    expect(outcomes.slice(1).every(({ ok }) => ok)).toBe(true);
    const more = pending(question);
    const again = await received('find_node', 1_025);
    peer.channels.dht.send('find_node_reply', { request_id: again[1_024]!.request_id, nodes: [] });
    expect((await world.settle(more)).ok).toBe(true);
  });

  test('a silent peer is not suspected for a question alone: who asks has a deadline of its own', async () => {
    const doubted: unknown[] = [];
    contextOf(node).events.target.addEventListener('peer.suspect', ({ detail }) => doubted.push(detail));
    world.network.faults.partition([new URL(node.url).hostname], [target.addresses[0]!.split(':')[0]!]);
    const asked = pending({ type: 'find_node', target: bytes(32, 1) }, 3_000);
    expect(endOf(await world.settle(asked))).toBe('timeout');
    expect(doubted).toEqual([]);
  });
});
