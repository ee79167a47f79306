/** A million ids that nobody asked for, as near to the routing table as they come: it is unchanged, and nothing grows. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { MAX_CONTACTS } from '../../src/codec/field.ts';
import type { ContactPayload } from '../../src/codec/payloads.ts';
import { hex } from '../../src/mesh/context.ts';
import { K, type Contact } from '../../src/mesh/dht/contact.ts';
import { ContactBook } from '../../src/mesh/dht/contact-book.ts';
import { LostContacts } from '../../src/mesh/dht/lost-contacts.ts';
import { RecentFailures } from '../../src/mesh/dht/recent-failures.ts';
import { RefusedAddresses } from '../../src/mesh/dht/refused-addresses.ts';
import type { Node } from '../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, type MeshWorld } from '../mesh-world.ts';
import {
  expectNoCrash,
  find,
  idOf,
  joinedNodes,
  named,
  providersOf,
  publish,
  tableOf,
} from '../mesh/dht/dht-mesh.ts';
import { doubt, see } from '../mesh/dht/strangers.ts';
import { rawPeer, type RawPeer } from '../mesh/raw-peer.ts';

const MILLION = 1_000_000;
const MIB = 1_048_576;
/** What may be there afterwards that was not there before, bytes. */
const GROWTH = 20 * MIB;
const PROCEDURE = 'weather.forecast';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use, garbage left out. */
async function used(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    collect();
    // what waits for a turn of the event loop to be freed
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let made = 0;

/** An id that nobody has, another each time. */
function nextId(): Uint8Array {
  const id = new Uint8Array(32);
  const view = new DataView(id.buffer);
  made++;
  // spread over all buckets, and as near to the key of anything as chance has it
  for (let at = 0; at < 32; at += 4)
    view.setUint32(at, Math.imul(made + at, 0x9e3779b1) ^ (made << (at % 13)));
  return id;
}

const addressOf = (n: number): string => `203.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}:9443`;

const nextNodes = (): ContactPayload[] =>
  Array.from({ length: MAX_CONTACTS }, () => ({ node_id: nextId(), address: addressOf(made) }));

const contactsOf = (node: Node): string[] =>
  tableOf(node)
    .contacts()
    .map(({ nodeId, address }) => `${nodeId} ${address}`)
    .toSorted();

/** A contact of `node` that answers each question with ids that nobody has, and remembers nothing. */
async function liar(world: MeshWorld, node: Node): Promise<RawPeer> {
  const peer = await rawPeer(world, node, 'liar');
  const { dht, control } = peer.channels;
  const read = dht.onData.bind(dht);
  dht.onData = (bytes) => {
    read(bytes);
    for (const { type, payload } of dht.frames.splice(0)) {
      if (type === 'ping') dht.send('pong', { request_id: payload.request_id, timestamp: 1, server_time: 1 });
      if (type === 'find_node')
        dht.send('find_node_reply', { request_id: payload.request_id, nodes: nextNodes() });
      if (type === 'find_value')
        dht.send('find_value_reply', {
          request_id: payload.request_id,
          key: payload.key,
          result: 'nodes',
          nodes: nextNodes(),
        });
    }
  };
  await peer.greeted({ capabilities: ['rpc', 'node', 'dht'] });
  control.onData = () => {};
  await world.clock.advance(100);
  return peer;
}

/** Frames written in one moment. */
const BATCH = 64;

test(
  'of a peer, in answers to no question, in questions and in answers to ours',
  { timeout: 600_000 },
  async () => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 4);
    closeAtEnd(world, ...nodes);
    const victim = nodes[3]!;
    await publish(world, nodes[1]!, PROCEDURE);
    const peer = await liar(world, victim);
    const { dht } = peer.channels;
    const { counters } = contextOf(victim);

    const replies = async (count: number): Promise<void> => {
      const end = made + count;
      for (let n = 0; made < end; n++) {
        if (n % 2 === 0) dht.send('find_node_reply', { request_id: peer.id(), nodes: nextNodes() });
        else
          dht.send('find_value_reply', {
            request_id: peer.id(),
            key: nextId(),
            result: 'nodes',
            nodes: nextNodes(),
          });
        if (n % BATCH === 0) await world.clock.advance(10);
      }
      await world.clock.advance(100);
    };
    const questions = async (count: number): Promise<void> => {
      const end = made + count;
      for (let n = 0; made < end; n++) {
        if (n % 2 === 0)
          dht.send('find_node', { type: 'find_node', request_id: peer.id(), target: nextId() });
        else dht.send('find_value', { type: 'find_value', request_id: peer.id(), key: nextId() });
        // as many as are answered
        if (n % BATCH === 0) await world.clock.advance(32);
      }
      await world.clock.advance(100);
    };
    const lookups = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++)
        expect(providersOf(await find(world, victim, PROCEDURE))).toBe(named(nodes[1]!));
    };

    await replies(20_000);
    await questions(5_000);
    await lookups(40);
    const table = contactsOf(victim);
    expect(table.length).toBe(4);
    const { lateReplies, droppedQuestions } = counters;
    const before = await used();
    await replies(750_000);
    await questions(250_000);
    await lookups(200);
    expectNoCrash(world);
    // the test's own, and each holds a process that has ended
    world.reports.length = 0;
    const grown = (await used()) - before;
    console.info(`${made} ids; grew by ${(grown / MIB).toFixed(1)} MiB`);
    expect(made).toBeGreaterThan(MILLION);
    expect(contactsOf(victim)).toEqual(table);
    expect(grown).toBeLessThan(GROWTH);
    // they have come as far as that: what answers to our questions named was remembered, and forgotten
    const { book, failures } = contextOf(victim).dht;
    expect([book.size, failures.size]).toEqual([1_024, 1_024]);
    expect(counters.lateReplies - lateReplies).toBeGreaterThan(750_000 / (MAX_CONTACTS + 1));
    // most questions were answered, too
    expect(counters.droppedQuestions - droppedQuestions).toBeLessThan(25_000);
    expect(peer.closes).toEqual([]);
  },
);

test('that were reached, and that were not, while the bucket of all of them is full', async () => {
  const world = meshWorld({ poison: false });
  const node = await world.node();
  closeAtEnd(world, node);
  /** In the far half of the id space. */
  const stranger = (n: number): Contact => {
    const id = idOf(node).slice();
    id[0]! ^= 0x80;
    new DataView(id.buffer).setUint32(4, n);
    return { id, nodeId: hex(id), address: addressOf(n << 8) };
  };
  const flood = async (from: number, count: number): Promise<void> => {
    for (let n = from; n < from + count; n++) {
      const contact = stranger(n);
      see(node, contact);
      doubt(node, stranger(n + MILLION).nodeId);
      // before the mailbox is full
      if (n % 4_096 === 0) await world.clock.settle();
    }
    await world.clock.settle();
  };
  await flood(0, 20_000);
  const table = contactsOf(node);
  expect(table.length).toBe(K);
  const before = await used();
  await flood(20_000, MILLION);
  const grown = (await used()) - before;
  console.info(`grew by ${(grown / MIB).toFixed(1)} MiB`);
  expect(contactsOf(node)).toEqual(table);
  expect(contextOf(node).dht.lost.size).toBe(0);
  expect(grown).toBeLessThan(GROWTH);
  expectNoCrash(world);
});

test('in what is remembered beside the table: who was named, was lost, did not answer, refused', async () => {
  const before = await used();
  const [book, lost, failures, refused] = [
    new ContactBook(),
    new LostContacts(),
    new RecentFailures(),
    new RefusedAddresses(),
  ];
  for (let n = 0; n < MILLION; n++) {
    const contact = book.contact(nextId(), addressOf(n));
    lost.add(contact, 0);
    failures.note(contact, 0);
    refused.add(contact.address, 0);
  }
  const grown = (await used()) - before;
  console.info(`grew by ${(grown / MIB).toFixed(1)} MiB`);
  expect([book.size, lost.size, failures.size, refused.size]).toEqual([1_024, 60, 1_024, 256]);
  expect(grown).toBeLessThan(GROWTH);
});
