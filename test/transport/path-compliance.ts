/**
 * The suite of paths and relays that every transport passes: what `offerPath`, `openRelayed` and `forwarder` promise.
 *
 * Three endpoints: A, B, and a station between them. Nothing here knows which transport it is, or what time costs there.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createIdentity } from '../../src/identity/identity.ts';
import type {
  CloseReason,
  Endpoint,
  Forwarder,
  Link,
  LinkEvents,
  Path,
  PhysicalAddress,
} from '../../src/transport/transport.ts';
import { barrier, LinkRecorder, pour, type Bench, type Connected } from './recorder.ts';

/** Not QUIC, and nothing the transport itself understands. */
const RAW = 0x04;

const bytesOf = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 17) & 0xff);

interface Node {
  readonly endpoint: Endpoint;
  readonly inbound: LinkRecorder[];
  readonly got: { readonly from: PhysicalAddress; readonly bytes: Buffer }[];
}

export function describePaths(name: string, setup: () => Bench | Promise<Bench>): void {
  describe(`${name} transport: paths`, () => {
    let bench: Bench;
    let nodes: Node[];
    let [a, b, station]: Node[] = [];
    /** A's and B's links to the station, and the station's ends of them. */
    let via: readonly [Connected, Connected];
    let session: Uint8Array;
    /** Where A finds B through the station, and B A. */
    let relayed: readonly [PhysicalAddress, PhysicalAddress];

    const node = async (transport = bench.a): Promise<Node> => {
      const inbound: LinkRecorder[] = [];
      const got: Node['got'][number][] = [];
      const { clock, random } = bench;
      const endpoint = await transport.open({
        clock,
        random,
        identity: createIdentity(random, clock.wall()),
        accept: ['macula'],
        onLink: (link: Link): LinkEvents => {
          const recorder = new LinkRecorder();
          recorder.link = link;
          inbound.push(recorder);
          return recorder;
        },
      });
      endpoint.onRaw = (from, bytes) => got.push({ from, bytes: Buffer.from(bytes) });
      const made = { endpoint, inbound, got };
      nodes.push(made);
      return made;
    };
    const of = (one: Node | undefined): Node => {
      if (one === undefined) throw new Error('no such node');
      return one;
    };
    const connect = async (from: Node, to: Node, address = to.endpoint.local): Promise<Connected> => {
      const count = to.inbound.length;
      const here = new LinkRecorder();
      here.link = from.endpoint.dial({ address, protocol: 'macula' }, here);
      await bench.until(() => here.isOpen && to.inbound[count]?.isOpen === true);
      return { here, there: to.inbound[count] as LinkRecorder };
    };
    const keyed = ({ here, there }: Connected): Connected => {
      const [ours, theirs] = [bench.random.bytes(32), bench.random.bytes(32)];
      here.link.keyPaths(ours, theirs);
      there.link.keyPaths(theirs, ours);
      return { here, there };
    };
    const overRelay = async (): Promise<Connected> => keyed(await connect(of(a), of(b), relayed[0]));
    const active = ({ link }: LinkRecorder): Path | undefined => link.paths.find((path) => path.active);
    const offerDirect = ({ here, there }: Connected): void => {
      here.link.offerPath('direct', of(b).endpoint.local);
      there.link.offerPath('punched', of(a).endpoint.local);
    };
    const isAt = (one: PhysicalAddress, other: PhysicalAddress): boolean =>
      one.host === other.host && one.port === other.port;
    /** Passes on what comes from one side of the session to the other. */
    const table: Forwarder = (asked, from) => {
      if (asked !== Buffer.from(session).toString('latin1')) return 'unknown';
      const [sideA, sideB] = via.map(({ there }) => there.link.observed) as [
        PhysicalAddress,
        PhysicalAddress,
      ];
      if (isAt(from, sideA)) return sideB;
      return isAt(from, sideB) ? sideA : 'refused';
    };

    beforeEach(async () => {
      bench = await setup();
      nodes = [];
      [a, b, station] = [await node(), await node(bench.b), await node(bench.b)];
      via = [await connect(a, station), await connect(b, station)];
      session = bench.random.bytes(16);
      station.endpoint.forwarder = table;
      relayed = [
        a.endpoint.openRelayed(session, via[0].here.link),
        b.endpoint.openRelayed(session, via[1].here.link),
      ];
    });

    afterEach(async () => {
      let closed = 0;
      const count = (): number => closed++;
      for (const { endpoint } of nodes) endpoint.close().then(count, count);
      await bench.until(() => closed === nodes.length);
      for (const { endpoint } of nodes) expect(endpoint.stats()).toMatchObject({ links: 0, halfOpen: 0 });
      bench.empty();
    });

    describe('a relayed address', () => {
      test('is the same on both sides, and no plain address', () => {
        expect(relayed[0]).toEqual({ host: `relay:${Buffer.from(session).toString('hex')}`, port: 0 });
        expect(relayed[1]).toEqual(relayed[0]);
        expect(() => of(a).endpoint.openRelayed(new Uint8Array(15), via[0].here.link)).toThrow(RangeError);
      });

      test('carries raw datagrams both ways, and is their source', async () => {
        of(a).endpoint.sendRaw(relayed[0], Uint8Array.of(RAW, 1, 2));
        await bench.until(() => of(b).got.length === 1);
        of(b).endpoint.sendRaw(relayed[1], Uint8Array.of(RAW, 3));
        await bench.until(() => of(a).got.length === 1);
        expect(of(b).got).toEqual([{ from: relayed[1], bytes: Buffer.from([RAW, 1, 2]) }]);
        expect(of(a).got).toEqual([{ from: relayed[0], bytes: Buffer.from([RAW, 3]) }]);
        expect(of(station).got).toEqual([]);
        expect(of(station).endpoint.stats().relayed).toMatchObject({
          forwarded: 2,
          forwardedBytes: 17 + 3 + 17 + 2,
        });
      });

      test('takes nothing from elsewhere than its station', async () => {
        const forged = Uint8Array.of(0x01, ...session, RAW, 9);
        const stranger = await node();
        stranger.endpoint.sendRaw(of(b).endpoint.local, forged);
        stranger.endpoint.sendRaw(of(station).endpoint.local, forged);
        await bench.until(
          () =>
            of(b).endpoint.stats().dropped['relay_source'] === 1 &&
            of(station).endpoint.stats().dropped['relay_refused'] === 1,
        );
        expect([...of(a).got, ...of(b).got]).toEqual([]);
      });

      test('leads nowhere once it is closed, and nowhere from who never opened it', async () => {
        of(a).endpoint.closeRelayed(session);
        of(a).endpoint.sendRaw(relayed[0], Uint8Array.of(RAW));
        for (const from of [a, station]) {
          const here = new LinkRecorder();
          here.link = of(from).endpoint.dial({ address: relayed[0], protocol: 'macula' }, here);
          await bench.until(() => here.closed.length > 0);
          expect(here.closed[0]?.tag).toBe('transport_error');
        }
        await barrier(bench, via[0]);
        await barrier(bench, via[1]);
        expect(of(b).got).toEqual([]);
      });

      test('gets what came before it was opened, a moment ago', async () => {
        of(b).endpoint.closeRelayed(session);
        of(a).endpoint.sendRaw(relayed[0], Uint8Array.of(RAW, 7));
        const before = of(b).endpoint.stats().datagramsIn;
        await bench.until(() => of(b).endpoint.stats().datagramsIn > before);
        of(b).endpoint.openRelayed(session, via[1].here.link);
        await bench.until(() => of(b).got.length === 1);
        expect(of(b).got[0]).toEqual({ from: relayed[1], bytes: Buffer.from([RAW, 7]) });
      });

      test('whose station learns of the session a moment later carries on', async () => {
        of(station).endpoint.forwarder = () => 'unknown';
        of(a).endpoint.sendRaw(relayed[0], Uint8Array.of(RAW, 7));
        const before = of(station).endpoint.stats().datagramsIn;
        await bench.until(() => of(station).endpoint.stats().datagramsIn > before);
        of(station).endpoint.forwarder = table;
        await bench.until(() => of(b).got.length === 1);
      });

      test('goes over another link to the station when it is opened again with that', async () => {
        const again = await connect(of(a), of(station));
        via = [again, via[1]];
        expect(of(a).endpoint.openRelayed(session, again.here.link)).toEqual(relayed[0]);
        of(a).endpoint.sendRaw(relayed[0], Uint8Array.of(RAW));
        await bench.until(() => of(b).got.length === 1);
      });

      test('whose forwarder throws loses that datagram, and nothing else', async () => {
        of(station).endpoint.forwarder = () => {
          throw new Error('planned');
        };
        of(a).endpoint.sendRaw(relayed[0], Uint8Array.of(RAW));
        await bench.until(() => of(station).endpoint.stats().dropped['relay_refused'] === 1);
        await barrier(bench, via[0]);
      });
    });

    describe('a link over a relay', () => {
      test('is dialed like any other, observes the relayed address, and carries streams both ways', async () => {
        const { here, there } = await overRelay();
        expect(here.link.observed).toEqual(relayed[0]);
        expect(there.link.observed).toEqual(relayed[1]);
        expect([active(here), active(there)]).toMatchObject([
          { kind: 'relayed', proven: true },
          { kind: 'relayed', proven: true },
        ]);
        const bytes = bytesOf(300_000);
        pour(here.open(), bytes, [7_001]);
        pour(there.open(), bytes, [50_000, 1]);
        await bench.until(() => [here, there].every(({ streams }) => streams[0]?.ended === 1));
        for (const { streams } of [here, there]) expect(streams[0]?.bytes.equals(bytes)).toBe(true);
      });

      test('proves the peer: another node behind the session is refused', async () => {
        const here = new LinkRecorder();
        const request = { address: relayed[0], protocol: 'macula', expectedId: new Uint8Array(32) } as const;
        here.link = of(a).endpoint.dial(request, here);
        const closing = async (): Promise<CloseReason | undefined> => {
          await bench.until(() => here.closed.length > 0);
          return here.closed[0];
        };
        expect(await closing()).toMatchObject({ tag: 'handshake_failed', code: 298, by: 'local' });
      });
    });

    describe('another path', () => {
      test('is used once the peer answered there, by both, and each is told', async () => {
        const link = await overRelay();
        const told = [0, 0];
        for (const [index, { hooks }] of [link.here, link.there].entries())
          hooks.onPath = () => {
            told[index] = (told[index] ?? 0) + 1;
          };
        offerDirect(link);
        await bench.until(
          () => active(link.here)?.kind === 'direct' && active(link.there)?.kind === 'punched',
        );
        expect(link.here.link.observed).toEqual(of(b).endpoint.local);
        expect(link.there.link.observed).toEqual(of(a).endpoint.local);
        expect(active(link.here)).toMatchObject({ proven: true, rtt: expect.any(Number) });
        expect(told.every((count) => count > 0)).toBe(true);
        await barrier(bench, link);
        expect([link.here.log, link.there.log].flat().filter((line) => line === 'fault')).toEqual([]);
      });

      test('changes nothing of the streams: every byte once and in order, there and back five times', async () => {
        const link = await overRelay();
        const bytes = bytesOf(1_000_000);
        const outs = [link.here.open(), link.there.open()];
        for (const out of outs) pour(out, bytes, [20_000, 333]);
        for (let round = 0; round < 5; round++) {
          offerDirect(link);
          await bench.until(
            () => active(link.here)?.kind === 'direct' && active(link.there)?.kind === 'punched',
          );
          link.here.link.withdrawPath(of(b).endpoint.local);
          link.there.link.withdrawPath(of(a).endpoint.local);
          await bench.until(() => [link.here, link.there].every((end) => active(end)?.kind === 'relayed'));
        }
        await bench.until(() => [link.here, link.there].every(({ streams }) => streams[0]?.ended === 1));
        for (const { streams } of [link.here, link.there]) expect(streams[0]?.bytes.equals(bytes)).toBe(true);
      });

      test('is found by who was not told of it, when the peer asks from there', async () => {
        const link = await overRelay();
        // an offer that leads nowhere: punching, this side answers whoever proves to be the peer
        link.there.link.offerPath('punched', { host: of(a).endpoint.local.host, port: 9 });
        link.here.link.offerPath('direct', of(b).endpoint.local);
        await bench.until(() => active(link.there)?.kind === 'punched');
        expect(link.there.link.observed).toEqual(of(a).endpoint.local);
      });

      test('is no path without keys, and none where nobody answers', async () => {
        const bare = await connect(of(a), of(b), relayed[0]);
        const link = await overRelay();
        const stranger = await node();
        bare.here.link.offerPath('direct', of(b).endpoint.local);
        link.here.link.offerPath('direct', stranger.endpoint.local);
        await bench.until(() => (stranger.endpoint.stats().dropped['probe'] ?? 0) > 3);
        await barrier(bench, bare);
        await barrier(bench, link);
        expect([active(bare.here)?.kind, active(link.here)?.kind]).toEqual(['relayed', 'relayed']);
        expect(bare.here.link.paths).toHaveLength(1);
      });

      test('is none where nothing can be sent', async () => {
        const { here } = await overRelay();
        for (const address of [
          { host: 'example.org', port: 9_443 },
          { host: of(b).endpoint.local.host, port: 0 },
          { host: of(b).endpoint.local.host, port: 65_536 },
          { host: `relay:${'0'.repeat(32)}`, port: 0 },
          { host: 'tls:99', port: 0 },
        ])
          here.link.offerPath('direct', address);
        expect(here.link.paths).toHaveLength(1);
      });

      test('is asked at most 24 times while nobody answers, and at most six are remembered', async () => {
        const link = await overRelay();
        const strangers = await Promise.all(Array.from({ length: 8 }, () => node()));
        for (const { endpoint } of strangers) link.here.link.offerPath('direct', endpoint.local);
        expect(link.here.link.paths.length).toBeLessThanOrEqual(6);
        await bench.until(() => link.here.link.paths.length === 1);
        for (const { endpoint } of strangers) expect(endpoint.stats().datagramsIn).toBeLessThanOrEqual(24);
        await barrier(bench, link);
      });

      test('that is withdrawn is left; the last one stays', async () => {
        const link = await overRelay();
        link.here.link.withdrawPath(relayed[0]);
        link.here.link.withdrawPath({ host: of(b).endpoint.local.host, port: 9 });
        await barrier(bench, link);
        expect(active(link.here)?.address).toEqual(relayed[0]);
      });

      test('outlives the station: a link that has won it does not need the relay', async () => {
        const link = await overRelay();
        offerDirect(link);
        await bench.until(
          () => active(link.here)?.kind === 'direct' && active(link.there)?.kind === 'punched',
        );
        of(station).endpoint.destroy();
        for (let round = 0; round < 5; round++) await barrier(bench, link);
      });

      test('a receiver that throws in onPath is told so, and only its link is closed', async () => {
        const link = await overRelay();
        const other = await overRelay();
        link.here.hooks.onPath = () => {
          throw new Error('planned');
        };
        offerDirect(link);
        await bench.until(() => link.here.closed.length > 0);
        expect(link.here.faults).toHaveLength(1);
        await barrier(bench, other);
      });
    });
  });
}
