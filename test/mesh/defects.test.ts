/**
 * SPEC §14: what the reference did wrong, each row by its id. Rows that a test elsewhere is named after are not
 * repeated here; the last test says that none is left out.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/actor/random.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import type { Node } from '../../src/node.ts';
import { delay, maxDelay } from '../../src/mesh/peer/backoff.ts';
import { buildTopic, parseTopic } from '../../src/mesh/topic/topic.ts';
import {
  closeAtEnd,
  contextOf,
  meshWorld,
  pair,
  processesOf,
  processOf,
  runtimeOf,
  told,
} from '../mesh-world.ts';
import { CloseCode, frame, rawNode, rawPeer, ResetCode } from './raw-peer.ts';

const tableSize = (node: Node): number | undefined =>
  contextOf(node).scope.shared<{ size: number }>('serviceRegistry')?.size;
const hostOf = (node: Node): string => new URL(node.url).hostname;

describe('SPEC §14, proven defects', () => {
  test('B7: unadvertise is acknowledged, and the connection it went over lives on', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    await node.advertise('node.one', () => 1);
    const handle = await world.settle(client.advertise('client.one', () => 2));
    expect(await world.settle(node.call('client.one'))).toBe(2);
    await world.settle(handle.unadvertise());
    expect(told(await world.settle(node.tryCall('client.one')))).toBe('service_not_found');
    expect(await world.settle(client.call('node.one'))).toBe(1);
    expect(contextOf(client).counters).toMatchObject({ connectionsOpened: 1, connectionsClosed: 0 });
  });

  test('B13: what a client serves leaves with it, and a length that no frame may have closes its connection', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    for (let n = 0; n < 20; n++) await world.settle(client.advertise(`client.n${n}`, () => n));
    expect(tableSize(node)).toBe(20);
    for (const { process } of contextOf(node).standings.of(client.id)) runtimeOf(node).exit(process, 'kill');
    await world.clock.settle();
    expect(tableSize(node)).toBe(0);
    const peer = await (await rawPeer(world, node)).greeted();
    const bytes = new Uint8Array(frame('call', peer.call('node.one')));
    bytes.set([0xff, 0xff, 0xff, 0xff], 4);
    peer.channels.rpc.stream.write(bytes.slice(0, 8));
    await world.clock.until(() => peer.closes.length > 0, 1_000);
    expect(peer.closeCode).toBe(CloseCode.protocolError);
  });
});

describe('SPEC §14, structure', () => {
  test('S1: whatever dies in a client, its user goes on without connecting again', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    await node.advertise('node.one', () => 1);
    await world.settle(client.advertise('client.one', () => 2));
    const labels = new Set(
      processesOf(client)
        .map(({ label }) => label)
        .filter((label) => label !== 'client'),
    );
    for (const label of labels) {
      const victim = processesOf(client).find((process) => process.label === label);
      if (victim !== undefined) runtimeOf(client).exit(victim, 'kill');
      await world.clock.advance(10_000);
      expect([label, await world.settle(client.call('node.one'))]).toEqual([label, 1]);
      expect([label, await world.settle(node.call('client.one'))]).toEqual([label, 2]);
    }
  });

  test('S3: two with one identity, in one runtime, each have a connection of their own', async () => {
    const world = meshWorld();
    const identity = world.identity('one and the same');
    const runtime = world.runtime();
    const nodes = [await world.node(), await world.node({ dht: false })];
    const clients = [];
    for (const node of nodes) clients.push(await world.client(node, { identity, runtime }));
    closeAtEnd(world, ...clients, ...nodes);
    for (const [at, node] of nodes.entries()) await node.advertise('node.which', () => at);
    for (const [at, client] of clients.entries())
      expect(await world.settle(client.call('node.which'))).toBe(at);
  });

  test('S4: a call that is given up leaves no process; each one there is has an owner it is linked to', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    await node.advertise('node.hang', () => new Promise(() => undefined));
    const before = processesOf(node).length;
    const control = new AbortController();
    const calls = Array.from({ length: 50 }, () =>
      client.tryCall('node.hang', {}, { signal: control.signal }),
    );
    await world.clock.advance(10);
    expect(processesOf(node).length).toBe(before + 50);
    for (const process of processesOf(node).slice(1)) expect(process.linkedToParent).toBe(true);
    control.abort();
    expect(new Set((await world.settle(Promise.all(calls))).map(told))).toEqual(new Set(['canceled']));
    await world.clock.advance(100);
    expect(processesOf(node).length).toBe(before);
  });

  test('S5: a crash of what serves the connections takes none of them along', async () => {
    const world = meshWorld();
    const node = await world.node();
    const clients = [];
    for (let n = 0; n < 5; n++) clients.push(await world.client(node));
    closeAtEnd(world, ...clients, node);
    await node.advertise('node.one', () => 1);
    const links = [...childrenOf(processOf(node, 'connections'))];
    for (const label of [
      'router',
      'serviceRegistry',
      'advertiser',
      'peerPool',
      'routingTable',
      'recordStore',
    ]) {
      runtimeOf(node).exit(processOf(node, label), 'kill');
      await world.clock.advance(5_000);
      for (const client of clients) expect(await world.settle(client.call('node.one'))).toBe(1);
    }
    expect([...childrenOf(processOf(node, 'connections'))]).toEqual(links);
  });
});

describe('SPEC §14, design', () => {
  test('D4: a handler gets the same args from here and from elsewhere, frozen alike', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const got: unknown[] = [];
    await node.advertise('node.take', (args) => {
      got.push(args);
      return Object.isFrozen(args);
    });
    const args = {
      text: 'é',
      bytes: Uint8Array.of(1, 2),
      nested: { list: [1, 2.5, null, true] },
      no: undefined,
    };
    expect(await world.settle(node.call('node.take', args))).toBe(true);
    expect(await world.settle(client.call('node.take', args))).toBe(true);
    expect(got[0]).toEqual(got[1]);
    expect(Object.keys(got[0] as object)).toEqual(Object.keys(got[1] as object));
  });

  test('D7: nobody is connected before the hello was accepted, and another realm is refused once and for all', async () => {
    const world = meshWorld();
    const { url, peers } = await rawNode(world, 'silent');
    expect((await world.failure(world.dial(url, { timeout: 3_000 }))).tag).toBe('timeout');
    expect(peers.some(({ channels }) => channels.control.of('connect').length > 0)).toBe(true);
    const node = await world.node();
    closeAtEnd(world, node);
    expect((await world.failure(world.dial(node, { realm: 'another' }))).tag).toBe('unauthorized');
    const { connectionsClosed } = contextOf(node).counters;
    await world.clock.advance(60_000);
    expect(contextOf(node).counters).toMatchObject({ connectionsOpened: 0, connectionsClosed });
  });

  test('D8: a stream that a peer closes or resets is that stream, not the connection', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    await node.advertise('node.one', () => 1);
    const peer = await (await rawPeer(world, node)).greeted();
    const call = frame('call', peer.call('node.one'));
    for (let n = 0; n < 20; n++) {
      const body = peer.body();
      body.stream.write(call.slice(0, 4), n % 2 === 0);
      if (n % 2 === 1) body.stream.reset(ResetCode.canceled);
      await world.clock.advance(5);
    }
    expect(peer.isOpen).toBe(true);
    peer.channels.rpc.send('call', peer.call('node.one'));
    await world.clock.until(() => peer.channels.rpc.of('reply').length === 1, 1_000);
    expect(peer.channels.rpc.of('reply')[0]?.result).toBe(1);
  });

  test('D9: a header that is none ends the connection at once', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const peer = await (await rawPeer(world, node)).greeted();
    peer.channels.control.stream.write(Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9));
    await world.clock.until(() => peer.closes.length > 0, 100);
    expect(peer.closeCode).toBe(CloseCode.protocolError);
  });

  test('D16: what is parsed is what can be built, and a line break is in neither', () => {
    const parts = { realm: 'io.macula', org: 'acme', app: 'shop', domain: 'cart', name: 'item', version: 1 };
    const built = buildTopic(parts);
    expect(built).toMatchObject({ ok: true, topic: 'io.macula/acme/shop/cart/item_v1' });
    expect(parseTopic('io.macula/acme/shop/cart/item_v1')).toMatchObject({ ok: true });
    for (const bad of ['item\n', '\nitem', 'it em', 'Item', '_item', 'ite/m', '']) {
      expect([bad, buildTopic({ ...parts, name: bad }).ok]).toEqual([bad, false]);
      expect([bad, parseTopic(`io.macula/acme/shop/cart/${bad}_v1`).ok]).toEqual([bad, false]);
    }
    expect(parseTopic('io.macula/acme/shop/cart/item_v1\n').ok).toBe(false);
  });

  test('D17: who lost its node waits for a random time that grows, and a silent peer is found out', async () => {
    const random = seededRandom('D17');
    for (let attempt = 0; attempt < 8; attempt++) {
      const waits = Array.from({ length: 500 }, () => delay(attempt, random));
      expect(Math.max(...waits)).toBeLessThanOrEqual(maxDelay(attempt));
      expect(Math.min(...waits)).toBeLessThan(maxDelay(attempt) / 20);
      expect(maxDelay(attempt + 1)).toBeGreaterThanOrEqual(maxDelay(attempt));
    }
    const world = meshWorld();
    const { node, client } = await pair(world);
    world.network.faults.kill(hostOf(node));
    await world.clock.until(() => contextOf(client).counters.connectionsClosed === 1, 60_000);
  });

  test('D19: a call that is canceled stops its handler elsewhere; what ended badly does not look like a result', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    let aborted = 0;
    await node.advertise('node.hang', (_args, { signal }) => {
      signal.addEventListener('abort', () => aborted++);
      return new Promise(() => undefined);
    });
    const control = new AbortController();
    const call = client.tryCall('node.hang', {}, { signal: control.signal });
    const large = client.tryCall('node.hang', { pad: 'x'.repeat(200_000) }, { signal: control.signal });
    await world.clock.advance(500);
    control.abort();
    expect((await world.settle(Promise.all([call, large]))).map(told)).toEqual(['canceled', 'canceled']);
    await world.clock.advance(500);
    expect(aborted).toBe(2);
    const cut = client.tryCall('node.hang');
    await world.clock.advance(10);
    for (const { process } of contextOf(node).standings.of(client.id)) runtimeOf(node).exit(process, 'kill');
    expect(told(await world.settle(cut))).toBe('connection_error');
  });

  test('D20: who answers must be who is wanted, and the environment is read in one place', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    expect((await world.failure(world.dial(node, { nodeId: 'ab'.repeat(32) }))).tag).toBe('unauthorized');
    const readers = sources('src').filter((file) => /process\.env\b/.test(readFileSync(file, 'utf8')));
    // colors of the terminal are the command's own affair; where files of the moment belong nothing else tells (XDG)
    const allowed = ['src/config.ts', 'src/inspect/descriptor.ts'];
    expect(readers.filter((file) => !file.startsWith('src/cli/') && !allowed.includes(file))).toEqual([]);
  });

  test('D21: all that a client serves is said again to the node after a lost connection', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    for (let n = 0; n < 8; n++) await world.settle(client.advertise(`client.n${n}`, () => n));
    for (let round = 0; round < 2; round++) {
      for (const { process } of contextOf(node).standings.of(client.id))
        runtimeOf(node).exit(process, 'kill');
      await world.clock.advance(10_000);
      expect(tableSize(node)).toBe(8);
      expect(await world.settle(node.call('client.n7'))).toBe(7);
    }
  });

  test('D22: text is text and bytes are bytes, on every way; keys are text', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    await node.advertise('node.echo', (args) => args);
    const args = { text: 'abc', bytes: new TextEncoder().encode('abc') };
    for (const caller of [node, client]) {
      const echo = await world.settle(caller.call('node.echo', args));
      expect(echo).toEqual(args);
      expect((echo as typeof args).bytes).toBeInstanceOf(Uint8Array);
    }
    const map = { bad: new Map([[1, 'one']]) } as never;
    expect(told(await world.settle(client.tryCall('node.echo', map)))).toBe('unencodable');
    // and whoever is asked says so in the same words
    expect(told(await world.settle(node.tryCall('node.echo', map)))).toBe('unencodable');
  });
});

/** Rows whose part does not exist yet. */
const LATER = ['B9', 'D11', 'D12', 'D13', 'D14', 'D15', 'D18'];

test('every row of SPEC §14 whose part exists has a test named after it', () => {
  const rows = [
    ...Array.from({ length: 13 }, (_, n) => `B${n + 1}`),
    ...Array.from({ length: 5 }, (_, n) => `S${n + 1}`),
    ...Array.from({ length: 22 }, (_, n) => `D${n + 1}`),
  ];
  const names = sources('test')
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/otp/'))
    .flatMap(
      (file) =>
        readFileSync(file, 'utf8').match(/\b(?:test|describe)(?:\.each\([^)]*\))?\(\s*['"`].*/g) ?? [],
    )
    .join('\n');
  const without = rows.filter((row) => !new RegExp(`\\b${row}\\b`).test(names));
  expect(without).toEqual(LATER);
});

function sources(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}
