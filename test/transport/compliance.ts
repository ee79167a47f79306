/**
 * The suite every transport passes: what `src/transport/transport.ts` promises, rule by rule.
 *
 * `setup` makes a fresh bench for each test. Nothing here knows which transport it is; a rule that only one
 * of them can show stands in that transport's own test file.
 */
import { createHash } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createIdentity } from '../../src/identity/identity.ts';
import {
  CloseCode,
  ResetCode,
  TransportError,
  type CloseReason,
  type PhysicalAddress,
} from '../../src/transport/transport.ts';
import {
  barrier,
  LinkRecorder,
  openPair,
  pour,
  type Bench,
  type Connected,
  type Pair,
  type PairOptions,
  type StreamRecorder,
} from './recorder.ts';

/** Short enough to wait for on a real clock, long enough for a busy machine. ms */
const BRISK = { idleTimeout: 900, keepAlive: 250, handshakeTimeout: 600 };
const MIB = 1_024 * 1_024;
/** Bytes no two stretches of which look alike; made once, because making them costs more than sending them. */
const PATTERN: Uint8Array = Uint8Array.from(
  { length: 8 * MIB + 64 },
  (_, at) => (at * 31 + (at >> 8) * 17 + (at >> 16)) & 0xff,
);
const payload = (length: number): Uint8Array => PATTERN.slice(0, length);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export function describeTransport(name: string, setup: () => Bench | Promise<Bench>): void {
  describe(`${name} transport`, () => {
    let bench: Bench;
    let pairs: Pair[] = [];
    const pairOf = async (options: PairOptions = {}): Promise<Pair> => {
      const pair = await openPair(bench, options);
      pairs.push(pair);
      return pair;
    };
    const connected = async (options: PairOptions = {}): Promise<Connected & { pair: Pair }> => {
      const pair = await pairOf(options);
      return { pair, ...(await pair.connect()) };
    };
    /** The peer's end of a stream that was opened here. */
    const otherEnd = async (there: LinkRecorder, { id }: StreamRecorder): Promise<StreamRecorder> => {
      const find = (): StreamRecorder | undefined => there.streams.find((stream) => stream.id === id);
      await bench.until(() => find() !== undefined);
      return find() as StreamRecorder;
    };
    const closing = async (recorder: LinkRecorder, limit?: number): Promise<CloseReason> => {
      await bench.until(() => recorder.closed.length > 0, limit);
      return recorder.closed[0] as CloseReason;
    };

    beforeEach(async () => {
      pairs = [];
      bench = await setup();
    });

    afterEach(async () => {
      let closed = 0;
      for (const pair of pairs)
        pair.close().then(
          () => closed++,
          () => undefined,
        );
      await bench.until(() => closed === pairs.length);
      for (const { a, b } of pairs) {
        expect(a.stats()).toMatchObject({ links: 0, halfOpen: 0 });
        expect(b.stats()).toMatchObject({ links: 0, halfOpen: 0 });
        expect([...a.links, ...b.links]).toEqual([]);
      }
      bench.empty();
    });

    describe('handshake', () => {
      test('a link opens on both sides with the identities that were proven', async () => {
        const { pair, here, there } = await connected();
        expect(Buffer.from(here.link.peer?.nodeId ?? [])).toEqual(Buffer.from(pair.identityB.nodeId));
        expect(Buffer.from(there.link.peer?.nodeId ?? [])).toEqual(Buffer.from(pair.identityA.nodeId));
        expect(Buffer.from(there.link.peer?.publicKey ?? [])).toEqual(Buffer.from(pair.identityA.publicKey));
        expect([here.link.role, there.link.role]).toEqual(['dialer', 'acceptor']);
        expect([here.link.state, there.link.state]).toEqual(['open', 'open']);
        expect([here.log[0], there.log[0]]).toEqual(['open', 'open']);
      });

      test('dial returns at once, and before onOpen the link has no peer and opens no stream', async () => {
        const pair = await pairOf();
        const here = pair.dial();
        expect(here.log).toEqual([]);
        expect(here.link.state).toBe('handshaking');
        expect(here.link.peer).toBeUndefined();
        expect(here.tryOpen()).toBeUndefined();
        await bench.until(() => here.isOpen);
      });

      test('both sides know the protocol that was dialed', async () => {
        const pair = await pairOf();
        const here = pair.dial({ protocol: 'macula-dist' });
        await bench.until(() => here.isOpen && pair.inboundB[0]?.isOpen === true);
        expect([here.link.protocol, pair.inboundB[0]?.link.protocol]).toEqual(['macula-dist', 'macula-dist']);
      });

      test('the node that was expected is let in', async () => {
        const pair = await pairOf();
        const here = pair.dial({ expectedId: pair.identityB.nodeId });
        await bench.until(() => here.isOpen);
      });

      test('another node than the expected one is refused with 298 and never opens', async () => {
        const pair = await pairOf();
        const here = pair.dial({ expectedId: pair.identityA.nodeId.map((byte) => byte ^ 1) });
        expect(await closing(here)).toMatchObject({ tag: 'handshake_failed', code: 298, by: 'local' });
        expect(here.opened).toBe(0);
        await bench.until(() => pair.b.stats().links === 0);
      });

      test('our own identity on the other side is refused with 298', async () => {
        const own = createIdentity(bench.random, bench.clock.wall());
        const pair = await pairOf({ identityA: own, identityB: own });
        expect(await closing(pair.dial())).toMatchObject({ tag: 'handshake_failed', code: 298 });
        await bench.until(() => pair.b.stats().links === 0);
      });

      test('an acceptor that refuses the dialer says so with its code', async () => {
        const expired = createIdentity(bench.random, bench.clock.wall() - 11 * 365.25 * 86_400_000);
        const pair = await pairOf({ identityA: expired });
        expect(await closing(pair.dial())).toMatchObject({
          tag: 'handshake_failed',
          code: 301,
          by: 'remote',
        });
        expect(pair.inboundB).toEqual([]);
      });

      test('a dialer refuses an expired acceptor with 301', async () => {
        const expired = createIdentity(bench.random, bench.clock.wall() - 11 * 365.25 * 86_400_000);
        const pair = await pairOf({ identityB: expired });
        const here = pair.dial();
        expect(await closing(here)).toMatchObject({ tag: 'handshake_failed', code: 301, by: 'local' });
        expect(here.opened).toBe(0);
      });

      test('a protocol nobody accepts is refused with 376', async () => {
        const pair = await pairOf();
        const here = pair.dial({ protocol: 'macula-relay' });
        expect(await closing(here)).toMatchObject({ tag: 'handshake_failed', code: 376, by: 'remote' });
        expect(pair.inboundB).toEqual([]);
      });

      test('a dial to nobody ends in handshake_timeout', async () => {
        const pair = await pairOf({ limitsA: BRISK });
        const port = pair.b.local.port === 65_535 ? 65_534 : pair.b.local.port + 1;
        const here = pair.dial({ address: { host: pair.b.local.host, port } });
        expect((await closing(here)).tag).toMatch(/handshake_timeout|transport_error/);
        expect(here.log).toHaveLength(1);
      });

      test('an outbound-only endpoint does not answer a dialer', async () => {
        const pair = await pairOf({ limitsA: BRISK });
        const { clock, random } = bench;
        const mute = await bench.b.open({ clock, random, identity: createIdentity(random, clock.wall()) });
        expect(await closing(pair.dial({ address: mute.local }))).toEqual({ tag: 'handshake_timeout' });
        mute.destroy();
      });

      test('two nodes that dial each other at once get two links', async () => {
        const pair = await pairOf();
        const here = pair.dial();
        const back = new LinkRecorder();
        back.link = pair.b.dial({ address: pair.a.local, protocol: 'macula' }, back);
        await bench.until(
          () =>
            here.isOpen &&
            back.isOpen &&
            pair.inboundA[0]?.isOpen === true &&
            pair.inboundB[0]?.isOpen === true,
        );
        expect([pair.a.stats().links, pair.b.stats().links]).toEqual([2, 2]);
      });

      test('dials that cross, in any order and at any distance, give two links that both carry streams', async () => {
        const pair = await pairOf();
        const ROUNDS = 100;
        const mine: LinkRecorder[] = [];
        const theirs: LinkRecorder[] = [];
        const opened = (): number =>
          [...mine, ...theirs, ...pair.inboundA, ...pair.inboundB].filter(({ isOpen }) => isOpen).length;
        for (let round = 0; round < ROUNDS; round++) {
          const back = (): void => {
            const recorder = new LinkRecorder();
            recorder.link = pair.b.dial({ address: pair.a.local, protocol: 'macula' }, recorder);
            theirs.push(recorder);
          };
          if (bench.random.float() < 0.5) back();
          mine.push(pair.dial());
          if (bench.random.float() < 0.3) await bench.pass(bench.random.u32() % 3);
          if (theirs.length <= round) back();
          // no more at once than an address may have half-open
          if (round % 5 === 4) await bench.until(() => opened() === 4 * (round + 1));
        }
        for (const recorder of [...mine, ...theirs]) recorder.open().stream.write(Uint8Array.of(1), true);
        const arrived = (inbound: LinkRecorder[]): number =>
          inbound.filter(({ streams }) => streams[0]?.ended === 1).length;
        await bench.until(() => arrived(pair.inboundA) === ROUNDS && arrived(pair.inboundB) === ROUNDS);
      });

      test('onLink refuses a verified peer with a close code', async () => {
        const pair = await pairOf({ onLink: () => CloseCode.refused });
        expect(await closing(pair.dial())).toMatchObject({ tag: 'remote', code: CloseCode.refused });
        expect(pair.inboundB[0]?.log).toEqual([]);
      });

      test('a link that waits for its hello is half-open until it is admitted', async () => {
        const { pair, there } = await connected({ awaitHello: true });
        expect(pair.b.stats().halfOpen).toBe(1);
        there.link.admit();
        there.link.admit();
        expect(pair.b.stats().halfOpen).toBe(0);
        const gone = await pair.connect();
        expect(pair.b.stats().halfOpen).toBe(1);
        gone.here.link.close(CloseCode.normal);
        await closing(gone.there);
        expect(pair.b.stats()).toMatchObject({ links: 1, halfOpen: 0 });
      });

      test('an onLink that throws closes that link as internal, and the endpoint goes on', async () => {
        let thrown = 0;
        const pair = await pairOf({
          onLink: (_link, recorder) => {
            if (thrown++ === 0) throw new Error('planned');
            return recorder;
          },
        });
        expect(await closing(pair.dial())).toMatchObject({ tag: 'remote', code: CloseCode.internal });
        const again = pair.dial();
        await bench.until(() => again.isOpen && pair.inboundB[1]?.isOpen === true);
      });
    });

    describe('addresses', () => {
      test('each side observes the physical address of the other, as its one active path', async () => {
        const { pair, here, there } = await connected();
        expect(here.link.observed).toEqual(pair.b.local);
        expect(there.link.observed).toEqual(pair.a.local);
        const path = { kind: 'direct', active: true, proven: true, rtt: undefined };
        expect(here.link.paths).toEqual([{ ...path, address: pair.b.local }]);
        expect(there.link.paths).toEqual([{ ...path, address: pair.a.local }]);
      });

      test('a port in use cannot be bound a second time', async () => {
        const pair = await pairOf();
        const { clock, random } = bench;
        const options = { clock, random, identity: pair.identityA, bind: pair.a.local };
        const failure = await bench.a.open(options).then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(failure).toBeInstanceOf(TransportError);
        expect((failure as TransportError).failure).toMatchObject({ tag: 'bind_failed', code: 'EADDRINUSE' });
      });

      test('a keep-alive above a third of the idle timeout is an invalid option', async () => {
        const { clock, random } = bench;
        const identity = createIdentity(random, clock.wall());
        const limits = { idleTimeout: 900, keepAlive: 301 };
        const failure = await bench.a.open({ clock, random, identity, limits }).then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(failure).toBeInstanceOf(TransportError);
        expect((failure as TransportError).failure.tag).toBe('invalid_option');
      });

      test('raw datagrams arrive with the address of the sending socket, beside an open link', async () => {
        const { pair } = await connected();
        const got: { from: PhysicalAddress; bytes: Buffer }[] = [];
        const sent = Buffer.from(payload(1_200));
        sent[0] = 0x04;
        for (const endpoint of [pair.a, pair.b]) {
          endpoint.onRaw = (from, bytes) => got.push({ from, bytes: Buffer.from(bytes) });
        }
        pair.a.sendRaw(pair.b.local, sent);
        await bench.until(() => got.length === 1);
        pair.b.sendRaw(pair.a.local, sent);
        await bench.until(() => got.length === 2);
        expect(got.map(({ from }) => from)).toEqual([pair.a.local, pair.b.local]);
        expect(got.every(({ bytes }) => bytes.equals(sent))).toBe(true);
      });

      test('raw datagrams to nobody, to nobody who listens, and to one who throws, harm nothing', async () => {
        const { pair, here, there } = await connected();
        const probe = Uint8Array.of(0x01, 2, 3);
        pair.a.sendRaw({ host: pair.b.local.host, port: 9 }, probe);
        pair.a.sendRaw(pair.b.local, probe);
        await barrier(bench, { here, there });
        let calls = 0;
        pair.b.onRaw = () => {
          calls++;
          throw new Error('planned');
        };
        pair.a.sendRaw(pair.b.local, probe);
        await bench.until(() => calls === 1);
        await barrier(bench, { here, there });
      });
    });

    describe('streams', () => {
      test('either side opens streams and bytes flow both ways on each', async () => {
        const { here, there } = await connected();
        for (const [opener, acceptor] of [
          [here, there],
          [there, here],
        ] as const) {
          const out = opener.open();
          out.stream.write(Buffer.from('question'), true);
          const back = await otherEnd(acceptor, out);
          await bench.until(() => back.ended === 1);
          back.stream?.write(Buffer.from('answer'), true);
          await bench.until(() => out.ended === 1);
          expect([back.bytes.toString(), out.bytes.toString()]).toEqual(['question', 'answer']);
        }
      });

      test('a stream may be opened inside onOpen', async () => {
        const pair = await pairOf();
        const events = new LinkRecorder();
        events.hooks.onOpen = () => {
          events.open().stream.write(Buffer.from('first'), true);
        };
        pair.dial({}, events);
        await bench.until(() => pair.inboundB[0]?.streams[0]?.ended === 1);
        expect(pair.inboundB[0]?.streams[0]?.bytes.toString()).toBe('first');
      });

      test('streams opened together arrive as different streams, whichever is written first', async () => {
        const { here, there } = await connected();
        const outs = [here.open(), here.open(), here.open()];
        for (const out of outs.toReversed()) out.stream.write(Buffer.from(`id ${out.id}`), true);
        for (const out of outs) {
          const back = await otherEnd(there, out);
          await bench.until(() => back.ended === 1);
          expect(back.bytes.toString()).toBe(`id ${out.id}`);
        }
      });

      test('after its own end a side still receives', async () => {
        const { here, there } = await connected();
        const out = here.open();
        out.stream.write(Buffer.from('done'), true);
        const back = await otherEnd(there, out);
        await bench.until(() => back.ended === 1);
        back.stream?.write(Buffer.from('one '));
        await bench.until(() => out.received === 4);
        back.stream?.write(Buffer.from('two'), true);
        await bench.until(() => out.ended === 1);
        expect(out.bytes.toString()).toBe('one two');
      });

      test('the end comes after the last bytes, and an empty stream ends without data', async () => {
        const { here, there } = await connected();
        const full = here.open();
        full.stream.write(payload(70_000));
        full.stream.write(payload(10), true);
        const empty = here.open();
        empty.stream.write(new Uint8Array(0), true);
        const [fullBack, emptyBack] = [await otherEnd(there, full), await otherEnd(there, empty)];
        await bench.until(() => fullBack.ended === 1 && emptyBack.ended === 1);
        expect(fullBack.received).toBe(70_010);
        expect(emptyBack.received).toBe(0);
        const ofFull = there.log.filter((line) => line.split(':')[1] === String(full.id));
        expect(ofFull.at(-1)).toBe(`end:${full.id}`);
      });

      test('writes after the end, after a reset and on a closed link are ignored', async () => {
        const { here, there } = await connected();
        const out = here.open();
        out.stream.write(Buffer.from('all'), true);
        out.stream.write(Buffer.from(' and more'));
        const gone = here.open();
        gone.stream.write(Buffer.from('x'));
        gone.stream.reset(ResetCode.canceled);
        gone.stream.write(Buffer.from('y'));
        const back = await otherEnd(there, out);
        await bench.until(() => back.ended === 1);
        expect(back.bytes.toString()).toBe('all');
        here.link.close(CloseCode.normal);
        back.stream?.write(Buffer.from('z'));
        out.stream.write(Buffer.from('z'));
        await closing(there);
        back.stream?.write(Buffer.from('z'));
        expect(here.link.queued).toBe(0);
        expect(here.link.openStream(new LinkRecorder() as never)).toBeUndefined();
      });

      test('a reset reaches the other side once with its code, whoever sends it', async () => {
        const { here, there } = await connected();
        for (const code of Object.values(ResetCode)) {
          const mine = here.open();
          mine.stream.write(Buffer.from('x'));
          const mineThere = await otherEnd(there, mine);
          await bench.until(() => mineThere.received === 1);
          mine.stream.reset(code);
          await bench.until(() => mineThere.over);
          const theirs = here.open();
          theirs.stream.write(Buffer.from('x'));
          const theirsThere = await otherEnd(there, theirs);
          theirsThere.stream?.reset(code);
          await bench.until(() => theirs.over);
          expect([mineThere.resets, theirs.resets]).toEqual([[code], [code]]);
          expect([mine.resets, theirsThere.resets]).toEqual([[], []]);
          expect([mineThere.ended, theirs.ended]).toEqual([0, 0]);
        }
      });

      test('nothing is delivered to the side that gave the stream up', async () => {
        const { here, there } = await connected();
        const out = here.open();
        out.stream.write(Buffer.from('x'));
        const back = await otherEnd(there, out);
        back.stream?.write(payload(100_000));
        out.stream.reset(ResetCode.canceled);
        const before = [...here.log];
        await bench.until(() => back.over);
        await barrier(bench, { here, there });
        const since = here.log.slice(before.length).filter((line) => line.split(':')[1] === String(out.id));
        expect(since).toEqual([]);
      });

      test('a paused stream still learns that the other side gave it up', async () => {
        const { here, there } = await connected();
        there.take = ({ stream }) => stream?.pause();
        const out = here.open();
        out.stream.write(Buffer.from('x'));
        const back = await otherEnd(there, out);
        out.stream.reset(ResetCode.deadline);
        await bench.until(() => back.over);
        expect([back.resets, back.received]).toEqual([[ResetCode.deadline], 0]);
      });

      test('onStream refuses a stream with a code, and nothing more is heard of it', async () => {
        const { here, there } = await connected();
        there.take = () => ResetCode.notAccepted;
        const out = here.open();
        out.stream.write(Buffer.from('let me in'));
        await bench.until(() => out.over);
        expect(out.resets).toEqual([ResetCode.notAccepted]);
        there.take = () => {};
        await barrier(bench, { here, there });
        expect(there.streams[0]?.received).toBe(0);
      });

      test('an echo from inside onData returns every byte', async () => {
        const { here, there } = await connected();
        there.take = (back) => {
          back.hooks.onData = (bytes) => {
            back.stream?.write(new Uint8Array(bytes));
          };
          back.hooks.onEnd = () => {
            back.stream?.write(new Uint8Array(0), true);
          };
        };
        const out = here.open();
        const bytes = payload(300_000);
        pour(out, bytes, [1, 999, 65_536]);
        await bench.until(() => out.ended === 1);
        expect(sha256(out.bytes)).toBe(sha256(bytes));
      });

      test('8 MiB in odd pieces arrive unchanged in both directions at once', async () => {
        const { here, there } = await connected();
        const bytes = payload(8 * MIB + 13);
        const [up, down] = [here.open(), there.open()];
        pour(up, bytes, [1, 65_537, 333, 16_384, 200_003]);
        pour(down, bytes, [70_001, 7, 16_383]);
        const upBack = await otherEnd(there, up);
        const downBack = await otherEnd(here, down);
        await bench.until(() => upBack.ended === 1 && downBack.ended === 1);
        expect([upBack.received, downBack.received]).toEqual([bytes.length, bytes.length]);
        expect([sha256(upBack.bytes), sha256(downBack.bytes)]).toEqual([sha256(bytes), sha256(bytes)]);
        expect(here.link.stats().bytesSent).toBeGreaterThanOrEqual(bytes.length);
        expect(here.link.stats().bytesReceived).toBeGreaterThanOrEqual(bytes.length);
      });
    });

    describe('flow control', () => {
      test('write says false above the high-water mark, keeps the bytes, and onDrain follows', async () => {
        const { here, there } = await connected();
        const out = here.open();
        const bytes = payload(3 * MIB);
        expect(out.stream.write(Uint8Array.of(1))).toBe(true);
        expect(out.stream.write(bytes)).toBe(false);
        expect(out.stream.queued).toBeGreaterThan(0);
        expect(here.link.queued).toBe(out.stream.queued);
        const back = await otherEnd(there, out);
        await bench.until(() => out.drains > 0 && back.received === bytes.length + 1);
        expect(out.drains).toBe(1);
        expect([out.stream.queued, here.link.queued]).toEqual([0, 0]);
      });

      test('a stream that is ended inside onDrain ends', async () => {
        const { here, there } = await connected();
        const out = here.open();
        out.hooks.onDrain = () => out.stream.write(new Uint8Array(0), true);
        expect(out.stream.write(payload(3 * MIB))).toBe(false);
        const back = await otherEnd(there, out);
        await bench.until(() => back.ended === 1);
        expect(back.received).toBe(3 * MIB);
      });

      test('a paused reader holds the writer back and other streams go on; resumed, it gets all', async () => {
        const { here, there } = await connected();
        there.take = ({ stream }) => stream?.pause();
        const out = here.open();
        const bytes = payload(5 * MIB);
        out.stream.write(bytes, true);
        const back = await otherEnd(there, out);
        there.take = () => {};
        await barrier(bench, { here, there });
        await barrier(bench, { here, there });
        expect(back.received).toBe(0);
        expect(out.stream.queued).toBeGreaterThan(2 * MIB);
        back.stream?.resume();
        await bench.until(() => back.ended === 1);
        expect(sha256(back.bytes)).toBe(sha256(bytes));
      });

      test('after pause no byte comes, not even what has arrived already', async () => {
        const { here, there } = await connected();
        there.take = (back) => {
          back.hooks.onData = () => back.stream?.pause();
        };
        const out = here.open();
        out.stream.write(payload(MIB), true);
        const back = await otherEnd(there, out);
        there.take = () => {};
        for (let calls = 1; calls <= 5; calls++) {
          await bench.until(() => back.chunks.length === calls);
          await barrier(bench, { here, there });
          expect(back.chunks.length).toBe(calls);
          back.stream?.resume();
        }
        back.hooks = {};
        await bench.until(() => back.chunks.length >= 6);
        back.stream?.resume();
        await bench.until(() => back.ended === 1);
        expect(back.received).toBe(MIB);
      });

      test('a reset drops what was queued', async () => {
        const { here, there } = await connected();
        there.take = ({ stream }) => stream?.pause();
        const out = here.open();
        out.stream.write(payload(3 * MIB));
        await otherEnd(there, out);
        expect(here.link.queued).toBeGreaterThan(0);
        out.stream.reset(ResetCode.canceled);
        expect([out.stream.queued, here.link.queued]).toEqual([0, 0]);
      });

      test('bytes that were never read do not use up the link when their stream is given up', async () => {
        const { here, there } = await connected();
        for (let round = 0; round < 24; round++) {
          const byOpener = round % 2 === 0;
          there.take = ({ stream }) => stream?.pause();
          const out = here.open();
          out.stream.write(payload(150_000));
          const back = await otherEnd(there, out);
          there.take = () => {};
          if (byOpener) await barrier(bench, { here, there });
          else out.stream.write(payload(100_000));
          (byOpener ? out : back).stream?.reset(ResetCode.canceled);
          await bench.until(() => (byOpener ? back : out).over);
        }
        const last = here.open();
        last.stream.write(payload(2 * MIB), true);
        const lastBack = await otherEnd(there, last);
        await bench.until(() => lastBack.ended === 1);
        expect(lastBack.received).toBe(2 * MIB);
        expect(here.link.queued).toBe(0);
      });

      test('many streams together congest a link: writes say so, and a drain comes when it is free', async () => {
        const { here } = await connected({ limitsA: { queued: 8 * MIB } });
        const outs = Array.from({ length: 20 }, () => here.open());
        let drains = 0;
        for (const out of outs) out.hooks.onDrain = () => void drains++;
        // less than the high-water mark of a stream each
        const accepted = outs.map(({ stream }) => stream.write(payload(100_000)));
        expect(accepted).toEqual(Array.from({ length: 20 }, (_, n) => (n + 1) * 100_000 <= MIB));
        expect([here.link.congested, here.link.state]).toEqual([true, 'open']);
        await bench.until(() => here.link.queued === 0 && drains === 10);
        expect(here.link.congested).toBe(false);
      });

      test('more queued than a link may hold closes it as a slow consumer', async () => {
        const { here, there } = await connected({ limitsA: { queued: MIB } });
        there.take = ({ stream }) => stream?.pause();
        here.open().stream.write(payload(4 * MIB));
        expect(await closing(here)).toMatchObject({ tag: 'local', code: CloseCode.slowConsumer });
        expect(await closing(there)).toMatchObject({ tag: 'remote', code: CloseCode.slowConsumer });
      });
    });

    describe('stream credit', () => {
      test('the peer limits open streams, and onCredit says when one may be opened again', async () => {
        const { here, there } = await connected({ limitsB: { streams: 4 } });
        expect(here.link.streamCredit).toBe(4);
        const outs = [here.open(), here.open(), here.open(), here.open()];
        expect(here.link.streamCredit).toBe(0);
        expect(here.tryOpen()).toBeUndefined();
        expect(here.credits).toBe(0);
        for (const { stream } of outs) stream.write(Buffer.from('x'));
        const [first] = outs;
        const back = await otherEnd(there, first as StreamRecorder);
        first?.stream.write(new Uint8Array(0), true);
        await bench.until(() => back.ended === 1);
        expect(here.tryOpen()).toBeUndefined();
        back.stream?.write(new Uint8Array(0), true);
        await bench.until(() => here.credits === 1);
        expect(here.tryOpen()).toBeDefined();
      });

      test('a stream given up by who had ended his own half gives its credit back', async () => {
        const { here, there } = await connected({ limitsB: { streams: 4 } });
        for (let round = 0; round < 40; round++) {
          await bench.until(() => here.link.streamCredit > 0);
          const out = here.open();
          out.stream.write(Uint8Array.of(1), true);
          const back = await otherEnd(there, out);
          await bench.until(() => back.ended === 1);
          back.stream?.write(Uint8Array.of(2));
          await bench.until(() => out.received === 1);
          out.stream.reset(ResetCode.canceled);
          await bench.until(() => back.resets.length === 1);
        }
        await bench.until(() => here.link.streamCredit === 4);
      });

      test('200 streams over a limit of 4 get through, however each of them ends', async () => {
        const { here, there } = await connected({ limitsB: { streams: 4 } });
        const done = new Set<number>();
        const endingOf = (id: number): Ending => ENDINGS[(id / 4) % ENDINGS.length] as Ending;
        there.take = (back) => endingOf(back.id).there(back);
        let count = 0;
        const go = (): void => {
          while (count < 200) {
            const out = here.tryOpen();
            if (out === undefined) return;
            expect(out.id).toBe(4 * count++);
            const over = (): void => {
              done.add(out.id);
            };
            out.hooks = { onEnd: over, onReset: over };
            endingOf(out.id).here(out, over);
          }
        };
        here.hooks.onCredit = go;
        go();
        await bench.until(() => done.size === 200 && here.link.streamCredit === 4);
        expect(here.isOpen && there.isOpen).toBe(true);
        here.hooks = {};
        there.take = () => {};
        await barrier(bench, { here, there });
      });
    });

    describe('endings', () => {
      test('each close code arrives with its reason, whichever side closes', async () => {
        const pair = await pairOf();
        for (const code of Object.values(CloseCode)) {
          for (const side of ['here', 'there'] as const) {
            const link = await pair.connect();
            const other = side === 'here' ? link.there : link.here;
            link[side].link.close(code, 'because');
            expect(await closing(other)).toEqual({ tag: 'remote', code, reason: 'because' });
            expect(await closing(link[side])).toEqual({ tag: 'local', code, reason: 'because' });
          }
        }
      });

      test('what was written before close arrives before the close', async () => {
        const { here, there } = await connected();
        here.open().stream.write(Buffer.from('last words'));
        here.link.close(CloseCode.normal);
        await closing(there);
        expect(there.streams[0]?.bytes.toString()).toBe('last words');
      });

      test('open streams are reset on both sides when the link closes, before onClose', async () => {
        const { here, there } = await connected();
        const out = here.open();
        out.stream.write(Buffer.from('x'));
        const back = await otherEnd(there, out);
        there.link.close(CloseCode.idle);
        await closing(here);
        await closing(there);
        expect([out.resets.length, back.resets.length]).toEqual([1, 1]);
        expect([here.log.at(-1), there.log.at(-1)]).toEqual(['close:remote', 'close:local']);
      });

      test('after close no event comes but resets and the one onClose', async () => {
        const { here, there } = await connected();
        const [paused, flowing] = [there.open(), there.open()];
        paused.stream.write(payload(1_000));
        const pausedHere = await otherEnd(here, paused);
        pausedHere.stream?.pause();
        pour(flowing, payload(4 * MIB), [50_000]);
        const flowingHere = await otherEnd(here, flowing);
        await bench.until(() => flowingHere.received > 0);
        here.tryOpen()?.stream.write(payload(MIB));
        const before = here.log.length;
        here.link.close(CloseCode.normal);
        pausedHere.stream?.resume();
        here.link.close(CloseCode.refused);
        here.link.ping();
        await closing(here);
        await closing(there);
        const since = here.log.slice(before);
        expect(since.pop()).toBe('close:local');
        expect(since.filter((line) => !line.startsWith('reset:'))).toEqual([]);
        expect(here.closed).toEqual([{ tag: 'local', code: CloseCode.normal, reason: '' }]);
      });

      test('a link closed inside one receiver calls no other', async () => {
        const { here } = await connected();
        for (const out of [here.open(), here.open(), here.open()]) {
          out.hooks.onDrain = () => {
            here.link.close(CloseCode.normal);
          };
          out.stream.write(payload(300_000));
        }
        await closing(here);
        expect(here.log.filter((line) => line.startsWith('drain'))).toHaveLength(1);
        expect(here.log.at(-1)).toBe('close:local');
      });

      test('close and destroy in one breath report one onClose', async () => {
        const { pair, here, there } = await connected({ limitsA: BRISK, limitsB: BRISK });
        here.link.close(CloseCode.normal);
        pair.a.destroy();
        await closing(there);
        expect(here.closed).toHaveLength(1);
        expect(here.log.at(-1)).toMatch(/^close:/);
      });

      test('a link closed during its handshake never opens', async () => {
        const pair = await pairOf({ limitsB: BRISK });
        const here = pair.dial();
        here.link.close(CloseCode.normal, 'changed my mind');
        expect(await closing(here)).toMatchObject({ tag: 'local', code: CloseCode.normal });
        expect(here.opened).toBe(0);
        await bench.until(() => pair.b.stats().links === 0);
      });

      test('a link closed inside onOpen reports it once', async () => {
        const pair = await pairOf();
        const events = new LinkRecorder();
        events.hooks.onOpen = (link) => {
          link.close(CloseCode.duplicate);
        };
        pair.dial({}, events);
        await closing(events);
        await bench.until(() => pair.a.stats().links === 0 && pair.b.stats().links === 0, 2_000);
        expect(events.log).toEqual(['open', 'close:local']);
      });

      test('a silent death is noticed by the idle timeout', async () => {
        const { pair, here } = await connected({ limitsA: BRISK, limitsB: BRISK });
        const died = bench.clock.now();
        pair.b.destroy();
        const limit = BRISK.idleTimeout + BRISK.keepAlive + 1_000;
        expect(await closing(here, limit)).toEqual({ tag: 'idle_timeout' });
        expect(bench.clock.now() - died).toBeGreaterThan(BRISK.idleTimeout / 2);
      });

      test('keep-alive holds a quiet link over many idle timeouts', async () => {
        const { here, there } = await connected({ limitsA: BRISK, limitsB: BRISK });
        await bench.pass(3 * BRISK.idleTimeout);
        expect(here.isOpen && there.isOpen).toBe(true);
        await barrier(bench, { here, there });
      });

      test('the smaller idle timeout of the two sides holds for both', async () => {
        const { pair, here } = await connected({ limitsB: BRISK });
        pair.b.destroy();
        const limit = 2 * BRISK.idleTimeout + 1_000;
        expect(await closing(here, limit)).toEqual({ tag: 'idle_timeout' });
      });

      test('onClose comes exactly once in every ending', async () => {
        const pair = await pairOf({ limitsA: BRISK, limitsB: BRISK });
        const [first, both, faulty, shut] = [
          await pair.connect(),
          await pair.connect(),
          await pair.connect(),
          await pair.connect(),
        ];
        first.here.link.close(CloseCode.normal);
        first.here.link.close(CloseCode.normal);
        both.here.link.close(CloseCode.normal);
        both.there.link.close(CloseCode.shuttingDown);
        faulty.there.take = () => {
          throw new Error('planned');
        };
        faulty.here.open().stream.write(Buffer.from('x'));
        await closing(faulty.here);
        let closed = false;
        pair.b.close(CloseCode.shuttingDown).then(
          () => {
            closed = true;
          },
          () => undefined,
        );
        await bench.until(() => closed);
        for (const { here, there } of [first, both, faulty, shut]) {
          await closing(here);
          await closing(there);
        }
        await bench.until(() => pair.a.stats().links === 0);
        for (const { here, there } of [first, both, faulty, shut]) {
          expect([here.closed.length, there.closed.length]).toEqual([1, 1]);
          expect([here.log.at(-1), there.log.at(-1)]).toEqual([
            `close:${here.closed[0]?.tag}`,
            `close:${there.closed[0]?.tag}`,
          ]);
        }
        expect(shut.here.closed).toMatchObject([{ tag: 'remote', code: CloseCode.shuttingDown }]);
      });

      test('destroy frees everything at once and its own links learn it once', async () => {
        const { pair, here, there } = await connected({ limitsA: BRISK, limitsB: BRISK });
        here.open().stream.write(payload(100_000));
        pair.a.destroy();
        expect(pair.a.stats()).toMatchObject({ links: 0, halfOpen: 0 });
        await closing(there);
        expect(here.closed).toHaveLength(1);
        expect(here.closed[0]?.tag).toBe('transport_error');
        pair.a.destroy();
      });

      test('close resolves also when called twice, and an endpoint that is gone dials nobody', async () => {
        const { pair, here } = await connected();
        let resolved = 0;
        for (const closed of [pair.a.close(), pair.a.close()]) {
          closed.then(
            () => resolved++,
            () => undefined,
          );
        }
        await bench.until(() => resolved === 2);
        expect(here.closed).toHaveLength(1);
        const late = pair.dial();
        expect((await closing(late)).tag).toBe('transport_error');
        expect(pair.a.stats().links).toBe(0);
      });
    });

    describe('receivers that throw', () => {
      const planned = new Error('planned');
      const fail = (): never => {
        throw planned;
      };

      const cases: Record<string, (link: Connected) => Promise<void> | void> = {
        onStream: ({ here, there }) => {
          there.take = fail;
          here.open().stream.write(Buffer.from('x'));
        },
        onData: ({ here, there }) => {
          there.take = (back) => {
            back.hooks.onData = fail;
          };
          here.open().stream.write(Buffer.from('x'));
        },
        onEnd: ({ here, there }) => {
          there.take = (back) => {
            back.hooks.onEnd = fail;
          };
          here.open().stream.write(Buffer.from('x'), true);
        },
        onReset: async ({ here, there }) => {
          there.take = (back) => {
            back.hooks.onReset = fail;
          };
          const out = here.open();
          out.stream.write(Buffer.from('x'));
          await bench.until(() => there.streams[0]?.received === 1);
          out.stream.reset(ResetCode.canceled);
        },
        onDrain: ({ there }) => {
          const out = there.open();
          out.hooks.onDrain = fail;
          out.stream.write(payload(MIB));
        },
        onCredit: ({ here, there }) => {
          there.hooks.onCredit = fail;
          here.take = () => ResetCode.overloaded;
          while (there.link.streamCredit > 0) there.open().stream.write(Buffer.from('x'));
          there.tryOpen();
        },
      };

      for (const [receiver, provoke] of Object.entries(cases)) {
        test(`a throw in ${receiver} is told to onFault and closes only that link`, async () => {
          const pair = await pairOf();
          const bystander = await pair.connect();
          const link = await pair.connect();
          await provoke(link);
          expect(await closing(link.there)).toMatchObject({ tag: 'transport_error' });
          expect(await closing(link.here)).toMatchObject({ tag: 'remote', code: CloseCode.internal });
          expect(link.there.faults).toEqual([planned]);
          const fault = link.there.log.indexOf('fault');
          expect(link.there.log.slice(fault + 1).filter((line) => !line.startsWith('reset:'))).toEqual([
            'close:transport_error',
          ]);
          await barrier(bench, bystander);
        });
      }

      test('a throw in onOpen is told to onFault and closes only that link', async () => {
        const pair = await pairOf();
        const bystander = await pair.connect();
        const events = new LinkRecorder();
        events.hooks.onOpen = fail;
        pair.dial({}, events);
        expect(await closing(events)).toMatchObject({ tag: 'transport_error' });
        expect([events.faults, events.log]).toEqual([[planned], ['open', 'fault', 'close:transport_error']]);
        await bench.until(() => pair.a.stats().links === 1 && pair.b.stats().links === 1, 2_000);
        await barrier(bench, bystander);
      });

      test('throws in onClose and onFault themselves harm nobody', async () => {
        const pair = await pairOf();
        const bystander = await pair.connect();
        const link = await pair.connect();
        link.there.hooks.onClose = fail;
        link.there.hooks.onFault = fail;
        link.here.link.close(CloseCode.normal);
        await closing(link.there);
        await bench.until(() => pair.b.stats().links === 1);
        await barrier(bench, bystander);
      });
    });

    test('100 links between two endpoints live side by side', async () => {
      const pair = await pairOf();
      const links: Connected[] = [];
      for (let count = 0; count < 100; count++) links.push(await pair.connect());
      expect([pair.a.stats().links, pair.b.stats().links]).toEqual([100, 100]);
      expect(new Set(links.map(({ here }) => here.link.id)).size).toBe(100);
      const outs = links.map(({ here }, index) => {
        const out = here.open();
        out.stream.write(Buffer.from(`link ${index}`), true);
        return out;
      });
      await bench.until(() => links.every(({ there }) => there.streams[0]?.ended === 1));
      for (const [index, { there }] of links.entries()) {
        expect(there.streams[0]?.bytes.toString()).toBe(`link ${index}`);
        there.streams[0]?.stream?.write(Buffer.from('seen'), true);
      }
      await bench.until(() => outs.every(({ ended }) => ended === 1));
    });

    test('the same rules hold for the link that was dialed the other way round', async () => {
      const pair = await pairOf();
      const back = new LinkRecorder();
      back.link = pair.b.dial({ address: pair.a.local, protocol: 'macula' }, back);
      await bench.until(() => back.isOpen && pair.inboundA[0]?.isOpen === true);
      const link: Connected = { here: back, there: pair.inboundA[0] as LinkRecorder };
      await barrier(bench, link);
      expect(Buffer.from(back.link.peer?.nodeId ?? [])).toEqual(Buffer.from(pair.identityA.nodeId));
    });
  });
}

/** One way for a stream to end. */
interface Ending {
  /** What the opener does with its new stream. `over` says that it will hear nothing more; end and reset do too. */
  here(out: StreamRecorder, over: () => void): void;
  /** What the acceptor does in onStream; a code refuses the stream. */
  there(back: StreamRecorder): ResetCode | void;
}

const ONE = Uint8Array.of(1);
const NONE = new Uint8Array(0);
const ignore = (): void => {};
const ask = ({ stream }: StreamRecorder): void => {
  stream?.write(ONE);
};
const askAndEnd = ({ stream }: StreamRecorder): void => {
  stream?.write(ONE, true);
};

const ENDINGS: readonly Ending[] = [
  // Both ends in order.
  {
    here: askAndEnd,
    there: (back) => {
      back.hooks.onEnd = () => back.stream?.write(ONE, true);
    },
  },
  // Refused in onStream, without and with the opener's end.
  { here: ask, there: () => ResetCode.notAccepted },
  { here: askAndEnd, there: () => ResetCode.overloaded },
  // Given up by the opener: before any byte, with bytes still queued, after an answer, after the answer's end.
  {
    here: ({ stream }, over) => {
      stream?.reset(ResetCode.canceled);
      over();
    },
    there: ignore,
  },
  {
    here: (out, over) => {
      ask(out);
      out.stream?.reset(ResetCode.canceled);
      over();
    },
    there: ignore,
  },
  {
    here: (out, over) => {
      ask(out);
      out.hooks.onData = () => {
        out.stream?.reset(ResetCode.deadline);
        over();
      };
    },
    there: ask,
  },
  {
    here: (out, over) => {
      ask(out);
      out.hooks.onEnd = () => {
        out.stream?.reset(ResetCode.canceled);
        over();
      };
    },
    there: askAndEnd,
  },
  // Given up by the acceptor: at the first byte, after its own end, after the opener's end.
  {
    here: ask,
    there: (back) => {
      back.hooks.onData = () => back.stream?.reset(ResetCode.handlerCrashed);
    },
  },
  {
    here: ask,
    there: (back) => {
      back.stream?.write(NONE, true);
      back.hooks.onData = () => back.stream?.reset(ResetCode.handlerCrashed);
    },
  },
  {
    here: askAndEnd,
    there: (back) => {
      back.hooks.onEnd = () => back.stream?.reset(ResetCode.deadline);
    },
  },
  // Given up by both at once.
  {
    here: (out, over) => {
      ask(out);
      out.hooks.onData = () => {
        out.stream?.reset(ResetCode.canceled);
        over();
      };
    },
    there: (back) => {
      back.hooks.onData = () => {
        ask(back);
        back.stream?.reset(ResetCode.overloaded);
      };
    },
  },
  // Paused by the acceptor, and given up by the opener with more than a window unread.
  {
    here: ({ stream }, over) => {
      stream?.write(new Uint8Array(400_000));
      stream?.reset(ResetCode.canceled);
      over();
    },
    there: ({ stream }) => {
      stream?.pause();
    },
  },
];
