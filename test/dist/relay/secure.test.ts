import { getEventListeners, once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { connect, createServer, type TLSSocket } from 'node:tls';

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { seededRandom } from '../../../src/actor/random.ts';
import { isProven, proofOf, REFUSAL } from '../../../src/dist/relay/secure/proof.ts';
import { secured, type Secured, type SecureOptions } from '../../../src/dist/relay/secure/secure.ts';
import { TunnelError } from '../../../src/dist/relay/tunnel-error.ts';
import { createIdentity, type Identity } from '../../../src/identity/identity.ts';
import { virtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { credentials } from '../../../src/transport/tls/credentials.ts';
import {
  all,
  bytesOf,
  closed,
  hashed,
  plainPair,
  poured,
  sha256,
  streamPair,
  take,
  type Plain,
} from './duplex-pairs.ts';

const MEBIBYTE = 1_048_576;
const TIMEOUT = 5_000;
const PROTOCOL = 'espalier-tunnel/2';

const random = seededRandom('secure');
const WALL = virtualClock().wall();
const ann = createIdentity(random, WALL);
const bob = createIdentity(random, WALL);
const eve = createIdentity(random, WALL);

let clock: VirtualClock;
/** The streams below, of everything that a test has begun. */
let below: Duplex[];
/** Those of them that were handed to `secured`. */
let handed: Duplex[];

beforeEach(() => {
  clock = virtualClock();
  below = [];
  handed = [];
});

afterEach(async () => {
  for (const raw of below) raw.destroy();
  for (const raw of below) await closed(raw);
  await clock.settle();
  // whatever the ending: no timer, no listener but those that a stream has itself
  expect(clock.pending).toBe(0);
  for (const raw of handed) {
    await closed(raw);
    expect(raw.eventNames()).toEqual(['error']);
  }
});

const pair = (): readonly [Plain, Plain] => {
  const [a, b] = plainPair();
  below.push(a, b);
  return [a, b];
};

const begin = (raw: Duplex, options: Pick<SecureOptions, 'role' | 'identity'>): Promise<Secured> => {
  handed.push(raw);
  return secured(raw, { clock, timeout: TIMEOUT, ...options });
};

const initiate = (raw: Duplex, options: Partial<SecureOptions> = {}): Promise<Secured> =>
  begin(raw, { role: 'initiator', identity: ann, ...options });

const accept = (raw: Duplex, options: Partial<SecureOptions> = {}): Promise<Secured> =>
  begin(raw, { role: 'acceptor', identity: bob, ...options });

/** How it ends: `ok`, or why not. */
const outcome = (securing: Promise<Secured>): Promise<string> =>
  securing.then(
    () => 'ok',
    (error: unknown) => (error instanceof TunnelError ? error.failure : String(error)),
  );

interface Both {
  readonly initiator?: Partial<SecureOptions>;
  readonly acceptor?: Partial<SecureOptions>;
}

const outcomes = ([a, b]: readonly [Duplex, Duplex], { initiator, acceptor }: Both = {}): Promise<string[]> =>
  Promise.all([outcome(initiate(a, initiator)), outcome(accept(b, acceptor))]);

/** The clear ends of a session. */
const session = async (
  [a, b]: readonly [Duplex, Duplex],
  both: Both = {},
): Promise<readonly [Duplex, Duplex]> => {
  const [one, other] = await Promise.all([initiate(a, both.initiator), accept(b, both.acceptor)]);
  return [one.stream, other.stream];
};

const failureOf = (error: Error | null): string | undefined =>
  error instanceof TunnelError ? error.failure : error?.message;

describe('secured', () => {
  test('gives both ends a stream and the id that the other has proven', async () => {
    const [a, b] = pair();
    const both = { expectedId: bob.nodeId, secret: 'cookie' };
    const [one, other] = await Promise.all([
      initiate(a, both),
      accept(b, { expectedId: ann.nodeId, secret: 'cookie' }),
    ]);
    expect(Buffer.from(one.peerId).equals(bob.nodeId)).toBe(true);
    expect(Buffer.from(other.peerId).equals(ann.nodeId)).toBe(true);
    for (const { stream } of [one, other]) expect(stream.eventNames()).toEqual(['error']);
    one.stream.write('ping');
    expect((await take(other.stream, 4)).toString()).toBe('ping');
    other.stream.end('pong');
    expect((await all(one.stream)).toString()).toBe('pong');
    one.stream.end();
    expect((await all(other.stream)).toString()).toBe('');
    expect(await Promise.all([closed(a), closed(b)])).toEqual([null, null]);
  });

  test('what is written at once behind the proof, and its end, belong to the stream', async () => {
    const [a, b] = pair();
    // everything of one end arrives in one piece, once its end is there
    const held: Buffer[] = [];
    let shaken = false;
    b.way = (bytes) => {
      if (!shaken) return [bytes];
      held.push(bytes);
      return [];
    };
    const accepting = accept(b, { secret: 's' });
    const initiating = initiate(a, { secret: 's' });
    shaken = false;
    const { stream } = await accepting;
    shaken = true;
    stream.write('first ');
    stream.end('and last');
    await clock.settle();
    await clock.settle();
    shaken = false;
    const one = await initiating;
    for (const bytes of held) a.push(bytes);
    expect((await all(one.stream)).toString()).toBe('first and last');
    one.stream.end();
    await closed(one.stream);
  });

  test('whoever says everything in one breath is heard out', async () => {
    const [a, b] = pair();
    const held: Buffer[] = [];
    const accepting = accept(b);
    const tls = connect({ ...credentials(ann, PROTOCOL), socket: a });
    tls.once('secureConnect', () => {
      a.way = (bytes) => {
        held.push(bytes);
        return [];
      };
      tls.end(Buffer.concat([Buffer.alloc(33), Buffer.from('story')]));
    });
    a._final = (done) => {
      b.push(Buffer.concat(held));
      b.push(null);
      done();
    };
    const { stream } = await accepting;
    stream.end();
    expect((await all(stream)).toString()).toBe('story');
    expect(await closed(stream)).toBe(null);
    tls.resume();
  });

  test('takes bytes that were there before it', async () => {
    const [a, b] = pair();
    const initiating = initiate(a);
    await clock.settle();
    expect(b.readableLength).toBeGreaterThan(0);
    expect(await Promise.all([outcome(initiating), outcome(accept(b))])).toEqual(['ok', 'ok']);
  });

  test('carries 64 MiB each way at once, and whoever carries it never sees any of it', async () => {
    const bench = await streamPair('secure');
    const marker = Buffer.from('the marker that nobody on the way may see');
    const there = bytesOf(64 * MEBIBYTE, 'there');
    const back = bytesOf(64 * MEBIBYTE, 'back');
    for (let at = 0; at + marker.length < there.length; at += 4_000) marker.copy(there, at);
    let seen = 0;
    const raw = await bench.open();
    const spy = (chunk: Buffer): void => {
      if (chunk.includes(marker)) seen++;
    };
    for (const end of raw) end.on('data', spy);
    const [a, b] = await session(raw);
    const [atB, atA] = await Promise.all([
      hashed(b),
      hashed(a),
      poured(a, there, [65_536, 1, 300_000]),
      poured(b, back, [MEBIBYTE, 17]),
    ]);
    expect([atB, atA]).toEqual([sha256(there), sha256(back)]);
    expect(seen).toBe(0);
    expect(await Promise.all(raw.map(closed))).toEqual([null, null]);
    for (const end of raw) end.off('data', spy);
    await bench.close();
    expect(bench.clock.pending).toBe(0);
  });

  test('carries the same bytes whatever the pieces below and above', async () => {
    const size = fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 100 }) },
      { weight: 4, arbitrary: fc.integer({ min: 3_000, max: 40_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 300_000 }) },
    );
    const sizes = fc.array(size, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1 }),
        async (above, below) => {
          const raw = pair();
          for (const end of raw) end.way = cut(below);
          const [a, b] = await session(raw);
          const bytes = bytesOf(above.reduce((sum, next) => sum + next, 0));
          const sent = poured(a, bytes, above);
          b.end();
          a.resume();
          expect((await all(b)).equals(bytes)).toBe(true);
          await sent;
          expect(await Promise.all(raw.map(closed))).toEqual([null, null]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('ends one half and goes on with the other, and the tail arrives each way', async () => {
    for (const near of [true, false]) {
      const raw = pair();
      const ends = await session(raw);
      const [a, b] = near ? ends : [ends[1], ends[0]];
      const tail = bytesOf(2 * MEBIBYTE);
      a.end(tail);
      expect((await all(b)).equals(tail)).toBe(true);
      expect(b.writable).toBe(true);
      b.end(tail);
      expect((await all(a)).equals(tail)).toBe(true);
      expect(await Promise.all([closed(a), closed(b), ...raw.map(closed)])).toEqual([null, null, null, null]);
    }
  });

  test('an orderly end resets nothing below, though its last bytes have not left when TLS is over', async () => {
    const bench = await streamPair('tail', 50);
    const [a, b] = await bench.pass(session(await bench.open()));
    b.end();
    expect((await bench.pass(all(a))).length).toBe(0);
    // more than the window of the stream, less than makes a writer wait
    const tail = bytesOf(400_000);
    a.end(tail);
    expect(await bench.pass(closed(a))).toBe(null);
    expect(bench.links[0].queued).toBeGreaterThan(0);
    expect((await bench.pass(all(b))).equals(tail)).toBe(true);
    expect(await bench.pass(closed(b))).toBe(null);
    await bench.pass(bench.close());
    expect(bench.clock.pending).toBe(0);
  });

  test('a stream below that does not end after TLS is let go in time', async () => {
    const [a, b] = pair();
    const [one, other] = await session([a, b]);
    // all that follows the end in TLS is lost: the other end never says that it is over below
    b._final = (done) => done();
    one.end();
    other.end();
    one.resume();
    other.resume();
    await Promise.all([closed(one), closed(other)]);
    expect(a.destroyed).toBe(false);
    await clock.advance(10_000);
    expect(a.destroyed).toBe(true);
  });

  test('is reset from either end, with a typed error', async () => {
    const bench = await streamPair('resets');
    for (const near of [true, false]) {
      const raw = await bench.open();
      const ends = await session(raw);
      const [one, other] = near ? ends : [ends[1], ends[0]];
      other.resume();
      one.destroy();
      const error = await closed(other);
      expect(failureOf(error)).toBe('reset');
      expect(error?.message).toContain('16');
      await Promise.all(raw.map(closed));
    }
    await bench.close();
    expect(bench.clock.pending).toBe(0);
  });

  test('destroyed while much waits to be written it calls every writer back', async () => {
    const [a, b] = await session(pair());
    let called = 0;
    const writes = 50;
    for (let count = 0; count < writes; count++) a.write(Buffer.alloc(200_000), () => called++);
    a.destroy();
    await Promise.all([closed(a), closed(b)]);
    await clock.settle();
    expect(called).toBe(writes);
  });

  test('a slow reader holds the writer back, with little kept on the way', async () => {
    const raw = pair();
    const [a, b] = await session(raw);
    const bytes = bytesOf(16 * MEBIBYTE);
    let taken = 0;
    a.on('drain', () => taken++);
    const sent = poured(a, bytes, [131_072]);
    for (let before = -1; before !== taken;) {
      before = taken;
      for (let turn = 0; turn < 20; turn++) await clock.settle();
    }
    expect(taken * 131_072).toBeLessThan(2 * MEBIBYTE);
    for (const end of [a, b, ...raw]) expect(end.readableLength + end.writableLength).toBeLessThan(MEBIBYTE);
    b.end();
    a.resume();
    expect(await hashed(b)).toBe(sha256(bytes));
    await sent;
  });
});

describe('an end that is not who it should be', () => {
  test('another key than the expected one is refused, by either end', async () => {
    expect(await outcomes(pair(), { initiator: { expectedId: eve.nodeId } })).toEqual([
      'wrong_peer',
      'reset',
    ]);
    expect(await outcomes(pair(), { acceptor: { expectedId: eve.nodeId } })).toEqual(['reset', 'wrong_peer']);
  });

  test('our own key is nobody else', async () => {
    const [one, other] = await outcomes(pair(), { acceptor: { identity: ann } });
    expect([one, other]).toContain('wrong_peer');
  });

  test('a certificate that is over is none', async () => {
    const old = createIdentity(random, WALL - 40 * 365 * 86_400_000);
    expect(await outcomes(pair(), { acceptor: { identity: old } })).toEqual(['wrong_peer', 'reset']);
  });

  test('who shows no certificate is refused', async () => {
    const [a, b] = pair();
    const tls = connect({ socket: a, ALPNProtocols: [PROTOCOL], rejectUnauthorized: false });
    tls.on('error', () => undefined);
    expect(await outcome(accept(b))).toBe('wrong_peer');
    await closed(tls);
  });

  test('who ends before all of a proof is a reset, and no wrong proof', async () => {
    for (const said of [0, 1, 32]) {
      const [a, b] = pair();
      const tls = connect({ ...credentials(ann, PROTOCOL), socket: a });
      tls.on('error', () => undefined);
      tls.once('secureConnect', () => tls.end(Buffer.alloc(said)));
      expect(await outcome(accept(b, { secret: 's' }))).toBe('reset');
      await closed(tls);
    }
  });

  test('who speaks another protocol in TLS, or an older TLS, is refused', async () => {
    for (const other of [
      { ALPNProtocols: ['h2'] },
      { ALPNProtocols: [PROTOCOL], maxVersion: 'TLSv1.2' as const },
    ]) {
      const [a, b] = pair();
      const { minVersion: _version, ...shown } = credentials(ann, PROTOCOL);
      const tls = connect({ ...shown, socket: a, ...other });
      tls.on('error', () => undefined);
      expect(await outcome(accept(b))).toBe('wrong_peer');
      await closed(tls);
    }
  });

  test('who refuses in TLS, or seems to, is a reset', async () => {
    const [a, b] = pair();
    const server = createServer({ ...credentials(bob, 'h2'), requestCert: true });
    server.on('tlsClientError', () => undefined);
    server.emit('connection', b);
    expect(await outcome(initiate(a))).toBe('reset');
    const [c, d] = pair();
    const waiting = outcome(initiate(c));
    d.write(Buffer.from([21, 3, 3, 0, 2, 2, 40]));
    expect(await waiting).toBe('reset');
  });

  test('who speaks no TLS at all is known at once, at either end', async () => {
    for (const securing of [initiate, accept]) {
      const [a, b] = pair();
      const waiting = outcome(securing(a));
      b.write(Buffer.from([0, 21, 0x4e]));
      expect(await waiting).toBe('not_encrypted');
      expect(a.destroyed).toBe(true);
    }
  });

  test('noise that begins as TLS does is refused, at either end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 400 }),
        fc.boolean(),
        async (noise, first) => {
          const [a, b] = pair();
          const waiting = outcome(first ? initiate(a) : accept(a));
          b.end(Buffer.concat([Buffer.from([22, 3, 1]), noise]));
          expect(['wrong_peer', 'reset']).toContain(await waiting);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the secret', () => {
  const a = { secret: 'monster' };
  const b = { secret: 'other' };

  test('is proven by both', async () => {
    expect(await outcomes(pair(), { initiator: a, acceptor: a })).toEqual(['ok', 'ok']);
  });

  test('is not asked for by who has none', async () => {
    expect(await outcomes(pair())).toEqual(['ok', 'ok']);
  });

  test('another one is refused, and both ends learn that', async () => {
    expect(await outcomes(pair(), { initiator: a, acceptor: b })).toEqual(['unproven', 'unproven']);
  });

  test('an end that has one and an end that has none refuse each other, and say why', async () => {
    expect(await outcomes(pair(), { initiator: a })).toEqual(['unproven', 'unproven']);
    expect(await outcomes(pair(), { acceptor: a })).toEqual(['unproven', 'unproven']);
    const [one, other] = pair();
    const refusing = outcome(initiate(one, a));
    await expect(accept(other)).rejects.toThrow('asks for a secret, and we have none');
    expect(await refusing).toBe('unproven');
  });

  test('an end that refuses and is not let go by the other lets go itself', async () => {
    const [one, other] = pair();
    const refusing = outcome(initiate(one, a));
    const refused = accept(other, b);
    other._final = (done) => done();
    other.destroy = () => other;
    expect(await refusing).toBe('unproven');
    await outcome(refused);
    expect(one.destroyed).toBe(false);
    await clock.advance(10_000);
    expect(one.destroyed).toBe(true);
    Reflect.deleteProperty(other, 'destroy');
  });

  test('is proven by who is asked to who has proven it, and to nobody else', async () => {
    for (const word of [
      proofOf(undefined, 'initiator', bytesOf(32)),
      proofOf('guess', 'initiator', bytesOf(32)),
    ]) {
      const [one, other] = pair();
      const refused = outcome(accept(other, a));
      const stranger = connect({ ...credentials(eve, PROTOCOL), socket: one });
      stranger.on('error', () => undefined);
      const heard: Buffer[] = [];
      stranger.on('data', (chunk: Buffer) => heard.push(chunk));
      await once(stranger, 'secureConnect');
      for (let turns = 0; turns < 50; turns++) await turn();
      expect(heard).toEqual([]);
      stranger.write(word);
      expect(await refused).toBe('unproven');
      for (let turns = 0; turns < 50; turns++) await turn();
      expect(Buffer.concat(heard).equals(REFUSAL)).toBe(true);
      stranger.destroy();
    }
  });

  test('is tied to the session, the role and itself', () => {
    const session = bytesOf(32, 'session');
    const proof = proofOf('x', 'initiator', session);
    expect(proof.length).toBe(33);
    expect(isProven(proof, 'x', 'initiator', session)).toBe(true);
    expect(isProven(proof, 'x', 'acceptor', session)).toBe(false);
    expect(isProven(proof, 'y', 'initiator', session)).toBe(false);
    expect(isProven(proof, 'x', 'initiator', bytesOf(32, 'another'))).toBe(false);
    expect(isProven(proof.subarray(0, 32), 'x', 'initiator', session)).toBe(false);
    for (let bit = 0; bit < 33 * 8; bit++) {
      const flipped = Uint8Array.from(proof);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(isProven(flipped, 'x', 'initiator', session)).toBe(false);
    }
  });

  test('cannot be checked by who has none, who is content with who has none either', () => {
    const session = bytesOf(32, 'session');
    for (const [mode, good] of [
      [0, true],
      [1, false],
      [2, false],
    ] as const) {
      const bytes = Buffer.alloc(33, mode);
      expect(isProven(bytes, undefined, 'acceptor', session)).toBe(good);
    }
    expect(isProven(proofOf(undefined, 'acceptor', session), 'x', 'acceptor', session)).toBe(false);
  });
});

/** Ends TLS on both sides with keys of its own and carries on what it reads. */
function between(near: Duplex, far: Duplex, as: Identity): readonly TLSSocket[] {
  const sockets: TLSSocket[] = [];
  const server = createServer({ ...credentials(as, PROTOCOL), requestCert: true });
  const client = connect({ ...credentials(as, PROTOCOL), socket: far });
  server.on('tlsClientError', () => client.destroy());
  sockets.push(client);
  client.on('error', () => undefined);
  server.once('secureConnection', (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.pipe(client);
    client.pipe(socket);
    socket.on('close', () => client.destroy());
    client.on('close', () => socket.destroy());
  });
  server.emit('connection', near);
  return sockets;
}

describe('somebody in the middle', () => {
  test('who ends TLS on both sides is noticed by who knows a secret, whatever he carries on', async () => {
    const [a, near] = pair();
    const [far, b] = pair();
    const middle = between(near, far, eve);
    const secret = { secret: 'monster' };
    const [one, other] = await Promise.all([outcome(initiate(a, secret)), outcome(accept(b, secret))]);
    expect([one, other]).toContain('unproven');
    expect([one, other]).not.toContain('ok');
    for (const socket of middle) socket.destroy();
  });

  test('is noticed by who expects an id', async () => {
    const [a, near] = pair();
    const [far, b] = pair();
    const middle = between(near, far, eve);
    const waiting = Promise.all([outcome(initiate(a, { expectedId: bob.nodeId })), outcome(accept(b))]);
    expect((await waiting)[0]).toBe('wrong_peer');
    for (const socket of middle) socket.destroy();
  });

  test('who changes, drops, doubles or swaps a record ends the session, at either end', async () => {
    const record = (bytes: Buffer): Buffer => {
      const changed = Buffer.from(bytes);
      changed[changed.length - 3] = (changed[changed.length - 3] as number) ^ 1;
      return changed;
    };
    const ways: readonly ((bytes: Buffer) => readonly Buffer[])[] = [
      (bytes) => [record(bytes)],
      (bytes) => [bytes, bytes],
      (bytes) => [Buffer.from([23, 3, 3, 0xff, 0xff]), bytes],
      (bytes) => [Buffer.from('plain'), bytes],
      (bytes) => [Buffer.from([21, 3, 3, 0, 2, 2, 0]), bytes],
    ];
    for (const way of ways)
      for (const near of [true, false]) {
        const raw = pair();
        const ends = await session(raw);
        const [one, other] = near ? ends : [ends[1], ends[0]];
        for (const end of raw) end.way = way;
        const got: Buffer[] = [];
        other.on('data', (chunk: Buffer) => got.push(chunk));
        one.write('hello');
        const error = await closed(other);
        expect(failureOf(error)).toBe('reset');
        expect(['', 'hello']).toContain(Buffer.concat(got).toString());
        one.destroy();
        for (const end of raw) end.destroy();
      }
  });

  test('who lets one record fall is noticed with the next', async () => {
    const raw = pair();
    const [a, b] = await session(raw);
    b.resume();
    raw[0].way = () => [];
    a.write('lost');
    await clock.settle();
    raw[0].way = (bytes) => [bytes];
    a.write('next');
    expect(failureOf(await closed(b))).toBe('reset');
  });

  test('who ends the stream below without an end in TLS cuts it off: that is no clean end', async () => {
    for (const near of [true, false])
      for (const reading of [true, false]) {
        const raw = pair();
        const ends = await session(raw);
        const [one, other] = near ? ends : [ends[1], ends[0]];
        const [rawOne] = near ? raw : [raw[1]];
        one.write('half of the stor');
        await clock.settle();
        let ended = false;
        other.on('end', () => (ended = true));
        if (reading) other.resume();
        rawOne.end();
        expect(failureOf(await closed(other))).toBe('reset');
        expect(ended).toBe(false);
      }
  });

  test('who ends it in the middle of a record that nobody reads yet cuts it off, too', async () => {
    const raw = pair();
    const [a, b] = await session(raw);
    raw[0].way = (bytes) => [bytes.subarray(0, bytes.length - 5)];
    a.write(Buffer.alloc(2 * MEBIBYTE));
    await clock.settle();
    raw[0].push(null);
    raw[0].end();
    b.resume();
    expect(failureOf(await closed(b))).toBe('reset');
  });

  test('noise at any time after the handshake ends the session, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 5, maxLength: 100 }),
        fc.constantFrom(20, 21, 22, 23, 24),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        async (noise, type, near, full, ended) => {
          const raw = pair();
          const ends = await session(raw);
          const [one, other] = near ? ends : [ends[1], ends[0]];
          const [, rawOther] = near ? raw : [raw[1], raw[0]];
          one.resume();
          other.resume();
          // nothing leaves any more, with something under way
          if (full) {
            rawOther._write = () => undefined;
            other.write('much');
          }
          // TLS has nobody to complain to
          if (ended) other.end();
          await clock.settle();
          rawOther.push(Buffer.concat([Buffer.from([type, 3, 3, 0, noise.length]), noise]));
          expect(failureOf(await closed(other))).toBe('reset');
          expect(failureOf(await closed(one))).toBe('reset');
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('giving up', () => {
  const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

  test('a silent end is given up in time, at either end', async () => {
    for (const securing of [initiate, accept]) {
      const [a] = pair();
      const waiting = outcome(securing(a));
      await clock.advance(TIMEOUT - 1);
      expect(a.destroyed).toBe(false);
      await clock.advance(1);
      expect(await waiting).toBe('timeout');
      expect(a.destroyed).toBe(true);
    }
  });

  test('an end that falls silent at any point is given up in time', async () => {
    for (let count = 0; count < 6; count++) {
      const raw = pair();
      let left = count;
      raw[1].way = (bytes) => (left-- > 0 ? [bytes] : []);
      const waiting = outcome(initiate(raw[0], { secret: 's' }));
      const other = outcome(accept(raw[1], { secret: 's' }));
      for (let turn = 0; turn < 20; turn++) await clock.settle();
      await clock.advance(TIMEOUT);
      const [near, far] = [await waiting, await other];
      expect(['timeout', 'ok']).toContain(near);
      expect(['timeout', 'reset', 'ok']).toContain(far);
      if (near === 'timeout') expect(raw[0].destroyed).toBe(true);
      for (const end of raw) end.destroy();
    }
  });

  test('an end that takes nothing is given up in time', async () => {
    const [a, b] = pair();
    a._write = () => undefined;
    const waiting = outcome(initiate(a));
    b.resume();
    await clock.advance(TIMEOUT);
    expect(await waiting).toBe('timeout');
  });

  test('a signal that has fired, or fires, aborts it with its reason', async () => {
    for (const early of [true, false]) {
      const [a] = pair();
      const controller = new AbortController();
      const reason = new Error('enough');
      if (early) controller.abort(reason);
      const waiting = initiate(a, { signal: controller.signal });
      if (!early) {
        await clock.settle();
        expect(listeners(controller.signal)).toBe(1);
        controller.abort(reason);
      }
      const error = await waiting.catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ failure: 'aborted', cause: reason });
      expect(a.destroyed).toBe(true);
      expect(listeners(controller.signal)).toBe(0);
    }
  });

  test('a signal that fires later is nobody’s', async () => {
    const controller = new AbortController();
    const [a, b] = await session(pair(), { initiator: { signal: controller.signal } });
    expect(listeners(controller.signal)).toBe(0);
    controller.abort();
    a.end('still here');
    expect((await all(b)).toString()).toBe('still here');
  });

  test('a stream that is over before, ends or is cut meanwhile is a reset', async () => {
    for (const late of [true, false]) {
      const [gone] = pair();
      gone.destroy();
      if (late) await closed(gone);
      expect(await outcome(initiate(gone))).toBe('reset');
    }
    for (const end of ['end', 'destroy'] as const)
      for (const securing of [initiate, accept]) {
        const [a, b] = pair();
        const waiting = outcome(securing(a));
        await clock.settle();
        b[end]();
        expect(await waiting).toBe('reset');
      }
  });

  test('an error that nobody listens for ends no process', async () => {
    const raw = pair();
    const [initiating, accepting] = [initiate(raw[0]), accept(raw[1])];
    await accepting;
    raw[1].destroy();
    expect(['ok', 'reset']).toContain(await outcome(initiating));
  });
});

/** Cuts what comes into pieces of those sizes, in turn. */
function cut(sizes: readonly number[]): (bytes: Buffer) => readonly Buffer[] {
  let turn = 0;
  return (bytes) => {
    const out: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const size = sizes[turn++ % sizes.length] ?? 1;
      out.push(bytes.subarray(at, at + size));
      at += size;
    }
    return out;
  };
}
