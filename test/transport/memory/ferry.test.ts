/**
 * Packets of links that find their way by themselves: what is repeated and when, who gets them, and what stays lost.
 */
import { describe, expect, test } from 'vitest';

import { CloseCode } from '../../../src/transport/transport.ts';
import type { LinkRecorder } from '../recorder.ts';
import { natWorld, type World } from './nat-world.ts';
import { forward, kinds, leave, meeting, seeds } from './relay-world.ts';

const A = '10.1.0.2';
const STATION = '203.0.113.1';

/** A link from A, behind its NAT, to the station: both ends. */
async function attached(...args: Parameters<typeof natWorld>) {
  const world = await natWorld(...args);
  const here = world.a.dial(world.station.endpoint.local);
  await world.clock.until(() => here.isOpen && world.station.inbound[0]?.isOpen === true);
  return { world, here, there: world.station.inbound[0] as LinkRecorder };
}

const text = (recorder: LinkRecorder): string | undefined => recorder.streams[0]?.bytes.toString();

describe('what is lost', () => {
  test('goes over a new path as soon as there is one, however long the pauses have become', async () => {
    const world = await meeting('new path', ['port', 'port']);
    const links = await world.connect();
    const { clock, network } = world;
    network.faults.cut(STATION, A);
    network.faults.cut(STATION, '10.2.0.2');
    links[0].open().stream.write(Buffer.from('kept'));
    // the next repetition is seconds away
    await clock.advance(4_000);
    world.offer(links);
    await clock.until(() => text(links[1]) === 'kept', 1_000);
    await clock.until(() => kinds(links).every((kind) => kind === 'punched'), 2_000);
  });

  test('is repeated with growing pauses, and does not make the round trip look long', async () => {
    const { world, here, there } = await attached('pauses', ['port', 'port']);
    const out = here.open();
    out.stream.write(Buffer.from('before '));
    await world.clock.advance(100);
    const lost = here.link.stats().lost;
    world.network.faults.cut(A, STATION);
    out.stream.write(Buffer.from('in the hole '));
    await world.clock.advance(3_000);
    world.network.faults.healAll();
    await world.clock.until(() => text(there) === 'before in the hole ', 5_000);
    await world.clock.advance(20);
    expect(here.link.stats().rtt).toBeLessThan(50);
    const repeated = here.link.stats().lost - lost;
    expect(repeated > 5 && repeated < 30).toBe(true);
    // what waits for one that was lost does not make it look long either
    world.network.faults.cut(A, STATION);
    out.stream.write(Buffer.from('one '));
    await world.clock.advance(1_000);
    world.network.faults.healAll();
    out.stream.write(Buffer.from('two'));
    await world.clock.until(() => text(there)?.endsWith('one two') === true, 5_000);
    await world.clock.advance(20);
    expect(here.link.stats().rtt).toBeLessThan(50);
  });

  test('is lost even when the way heals before it would have arrived', async () => {
    const { world, here, there } = await attached('flash hole', ['port', 'port'], { delay: 100 });
    const began = world.clock.now();
    world.network.faults.cut(A, STATION);
    here.open().stream.write(Buffer.from('again'));
    await world.clock.settle();
    world.network.faults.healAll();
    await world.clock.until(() => text(there) === 'again');
    expect(world.clock.now() - began).toBeGreaterThan(300);
  });

  test('on a link that is cut alone waits for that link, and its neighbors go on', async () => {
    const { world, here, there } = await attached('one link', ['port', 'port']);
    const spared = world.a.dial(world.station.endpoint.local);
    await world.clock.until(() => spared.isOpen && world.station.inbound[1]?.isOpen === true);
    world.network.faults.cutLink(here.link);
    for (const recorder of [here, spared]) recorder.open().stream.write(Buffer.from('?'));
    await world.clock.advance(2_000);
    expect([text(there), world.station.inbound[1]?.streams.length]).toEqual([undefined, 1]);
    world.network.faults.healLink(here.link);
    await world.clock.until(() => text(there) === '?', 5_000);
  });

  test('by a sender that has closed stays lost, and its close arrives once all the same', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const options = { delay: { min: 1, max: 40 } };
      const { world, here, there } = await attached(`gap ${seed}`, ['port', 'port'], options);
      const out = here.open();
      out.stream.write(Buffer.from('one '));
      await world.clock.advance(200);
      world.network.faults.cut(A, STATION);
      out.stream.write(Buffer.from('lost '));
      await world.clock.settle();
      world.network.faults.healAll();
      for (const word of ['late ', 'later ', 'last']) {
        out.stream.write(Buffer.from(word));
        await world.clock.advance(1);
        here.link.ping();
      }
      await world.clock.settle();
      here.link.close(CloseCode.normal, 'done');
      await world.clock.advance(1_000);
      expect(there.closed).toEqual([{ tag: 'remote', code: CloseCode.normal, reason: 'done' }]);
      expect(text(there)).toBe('one ');
      // the pings that the close has overtaken are nobody's
      const said = world.network.history().filter((line) => line.includes('arrive close'));
      expect(said).toHaveLength(1);
      expect(await leave(world)).toBe(0);
    }
  });

  test('between plain hosts is taken along when the path changes for the first time', async () => {
    const world = await natWorld('plain', ['port', 'port']);
    const { clock, network, station } = world;
    const [a, b] = [await world.node('198.51.100.1'), await world.node('198.51.100.2')];
    const via = [a, b].map((node) => node.dial(station.endpoint.local));
    const here = a.dial(b.endpoint.local);
    await clock.until(() => [...via, here, ...b.inbound, ...station.inbound].every(({ isOpen }) => isOpen));
    await clock.advance(100);
    const [toA, toB] = station.inbound as [LinkRecorder, LinkRecorder];
    station.endpoint.forwarder = forward([toA.link, toB.link]);
    const session = world.random.bytes(16);
    const relayed = [a, b].map(({ endpoint }, index) =>
      endpoint.openRelayed(session, (via[index] as LinkRecorder).link),
    );
    const links = [here, b.inbound[0] as LinkRecorder] as const;
    seeds(links);
    const out = here.open();
    out.stream.write(Buffer.from('one '));
    await clock.advance(50);
    // lost and repeated; still on its way
    network.faults.cut('198.51.100.1', '198.51.100.2');
    out.stream.write(Buffer.from('two '));
    await clock.advance(50);
    for (const [index, { link }] of links.entries()) link.offerPath('relayed', relayed[index] as never);
    for (let count = 3; count < 100; count++) {
      out.stream.write(Buffer.from(`${count} `));
      await clock.advance(7);
    }
    await clock.advance(3_000);
    expect(kinds(links)).toEqual(['relayed', 'relayed']);
    const all = `one two ${Array.from({ length: 97 }, (_, index) => `${index + 3} `).join('')}`;
    expect(text(links[1])).toBe(all);
    // what was on its way along the old path is not there a second time
    network.faults.healAll();
    await clock.advance(10_000);
    expect(text(links[1])).toBe(all);
  });
});

describe('who gets it', () => {
  /** A short memory: a public port has another holder before the link says something again. */
  const forgetful = { nat: { timeout: 3_000 } } as const;
  const neighbor = (world: World) => world.node('10.1.0.3', world.natA);

  test('not the dialer, when its public port is a neighbor’s by now', async () => {
    const { world, here, there } = await attached('dialer', ['fullcone', 'port'], forgetful);
    await world.clock.advance(4_000);
    const other = await neighbor(world);
    other.endpoint.sendRaw(world.station.endpoint.local, Uint8Array.of(4));
    await world.clock.advance(20);
    there.open().stream.write(Buffer.from('yours'));
    await world.clock.advance(500);
    expect([world.natA.mappings, text(here)]).toEqual([1, undefined]);
    // it says something, and the station knows where it is
    here.link.ping();
    await world.clock.until(() => text(here) === 'yours', 2_000);
  });

  test('not the acceptor either', async () => {
    const world = await natWorld('acceptor', ['fullcone', 'port'], forgetful);
    world.a.endpoint.sendRaw(world.station.endpoint.local, Uint8Array.of(4));
    await world.clock.advance(20);
    const there = world.station.dial({ host: world.natA.host, port: 9_443 });
    await world.clock.until(() => there.isOpen && world.a.inbound[0]?.isOpen === true);
    await world.clock.advance(4_000);
    const other = await neighbor(world);
    other.endpoint.sendRaw(world.station.endpoint.local, Uint8Array.of(4));
    await world.clock.advance(20);
    there.open().stream.write(Buffer.from('yours'));
    await world.clock.advance(500);
    expect(text(world.a.inbound[0] as LinkRecorder)).toBeUndefined();
    expect(other.inbound).toEqual([]);
  });

  test('nobody behind a NAT who came after the dial', async () => {
    const world = await natWorld('later', ['fullcone', 'port']);
    const here = world.station.dial({ host: '10.1.0.9', port: 9_443 });
    const late = await world.node('10.1.0.9', world.natA);
    await world.clock.until(() => here.closed.length > 0);
    expect([here.closed[0]?.tag, late.inbound.length]).toEqual(['handshake_timeout', 0]);
  });
});

describe('proof of addresses', () => {
  test('a token is good for the address it was given to: after a rebind there is another one', async () => {
    const world = await natWorld('token', ['port', 'port']);
    const here = world.a.dial(world.station.endpoint.local);
    await world.clock.advance(15);
    world.network.faults.cut(A, STATION, 'forward');
    await world.clock.advance(15);
    world.network.faults.rebind(world.natA);
    world.network.faults.healAll();
    await world.clock.until(() => here.isOpen && world.station.inbound[0]?.isOpen === true, 2_000);
    expect(world.station.inbound).toHaveLength(1);
    expect(world.network.history().filter((line) => line.includes('send retry'))).toHaveLength(2);
  });

  test('a rebind at any time of the handshake only delays it', async () => {
    for (let at = 5; at < 80; at += 5) {
      const world = await natWorld(`handshake ${at}`, ['port', 'port']);
      const here = world.a.dial(world.station.endpoint.local);
      await world.clock.advance(at);
      world.network.faults.rebind(world.natA);
      await world.clock.until(() => here.isOpen && world.station.inbound[0]?.isOpen === true, 5_000);
      expect(world.station.inbound).toHaveLength(1);
    }
  });

  test('without keys a new address gets three times what came from there, no more', async () => {
    const { world, here, there } = await attached('amplification', ['port', 'port']);
    there.open().stream.write(Buffer.from('first'));
    await world.clock.advance(1_000);
    world.network.faults.rebind(world.natA);
    here.link.ping();
    await world.clock.advance(20);
    const before = world.a.endpoint.stats();
    for (let count = 0; count < 50; count++) there.open().stream.write(new Uint8Array(5_000));
    await world.clock.advance(5_000);
    const after = world.a.endpoint.stats();
    const [sent, got] = [after.bytesOut - before.bytesOut, after.bytesIn - before.bytesIn];
    expect(there.link.observed).not.toEqual(undefined);
    expect(got).toBeLessThanOrEqual(3 * (sent + 200));
  });

  test('a change of path is said at once, though nothing else is', async () => {
    const world = await meeting('ping', ['port', 'port']);
    const links = await world.connect();
    await world.clock.advance(1_000);
    world.offer(links);
    await world.clock.until(() => kinds(links).every((kind) => kind === 'punched'), 1_000);
    await world.clock.advance(1);
    const history = world.network.history();
    const moves = history.flatMap((line, index) => (line.includes(' path ') ? [index] : []));
    expect(moves).toHaveLength(2);
    for (const move of moves) {
      const [, name = ''] = (history[move] ?? '').split(' ');
      const next = history.slice(move).find((line) => line.includes(`${name} send`));
      expect(next).toContain('ping');
    }
  });
});

describe('faults', () => {
  test('a rate holds on each part of the way, also behind NATs and beyond a relay', async () => {
    const world = await meeting('rate', ['port', 'port']);
    const links = await world.connect();
    const { network, clock } = world;
    for (const [from, to] of [
      [A, STATION],
      [STATION, '10.2.0.2'],
    ] as const) {
      network.faults.rate(from, to, 10_000, 'forward');
      const began = clock.now();
      const out = links[0].open();
      out.stream.write(new Uint8Array(50_000), true);
      await clock.until(() => links[1].streams.at(-1)?.id === out.id && links[1].streams.at(-1)?.ended === 1);
      expect(clock.now() - began).toBeGreaterThanOrEqual(5_000);
      expect(clock.now() - began).toBeLessThan(5_500);
      network.faults.calm();
    }
  });

  test('reset and the faults of one link strike links through NATs and relays as well', async () => {
    const world = await meeting('faults', ['port', 'port']);
    const links = await world.connect();
    const { network, clock } = world;
    network.faults.delayLink(links[0].link, 200);
    network.faults.stallLink(links[1].link, 1_000, 'forward');
    const began = clock.now();
    const out = links[0].open();
    out.stream.write(Buffer.from('?'), true);
    await clock.until(() => links[1].streams[0]?.ended === 1);
    expect(clock.now() - began).toBe(200);
    links[1].streams[0]?.stream?.write(Buffer.from('!'), true);
    await clock.until(() => out.ended === 1);
    expect(clock.now() - began).toBe(1_000);
    expect(network.faults.reset(A, '10.2.0.2')).toBe(1);
    await clock.settle();
    expect(links.map(({ closed }) => closed[0]?.tag)).toEqual(['transport_error', 'transport_error']);
    expect(world.toStation.every(({ isOpen }) => isOpen)).toBe(true);
    expect(network.faults.reset(A, STATION)).toBe(1);
  });
});
