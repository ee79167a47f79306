import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { StreamDuplex } from '../../../src/dist/relay/secure/stream-duplex.ts';
import { TunnelError } from '../../../src/dist/relay/tunnel-error.ts';
import { CloseCode, ResetCode, type Stream } from '../../../src/transport/transport.ts';
import {
  all,
  bytesOf,
  closed,
  hashed,
  poured,
  sha256,
  streamPair,
  take,
  type StreamPair,
} from './duplex-pairs.ts';

const MEBIBYTE = 1_048_576;

describe('StreamDuplex over the memory transport', () => {
  let bench: StreamPair;
  let credit: number;

  beforeEach(async () => {
    bench = await streamPair('stream-duplex');
    credit = bench.links[0].streamCredit;
  });

  afterEach(async () => {
    await bench.close();
    expect(bench.clock.pending).toBe(0);
  });

  /** Nothing of any stream is left. */
  const nothingLeft = async (): Promise<void> => {
    await bench.clock.until(() => bench.links[0].streamCredit === credit);
    for (const link of bench.links) {
      expect(link.queued).toBe(0);
      expect(link.state).toBe('open');
    }
  };

  test('carries 64 MiB each way at once', async () => {
    const [a, b] = await bench.open();
    const there = bytesOf(64 * MEBIBYTE, 'there');
    const back = bytesOf(64 * MEBIBYTE, 'back');
    const [atB, atA] = await Promise.all([
      hashed(b),
      hashed(a),
      poured(a, there, [65_536, 1, 300_000]),
      poured(b, back, [MEBIBYTE, 17]),
    ]);
    expect(atB).toBe(sha256(there));
    expect(atA).toBe(sha256(back));
    expect(await Promise.all([closed(a), closed(b)])).toEqual([null, null]);
    await nothingLeft();
  });

  test('carries the same bytes whatever the pieces they are written in', async () => {
    const size = fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 100 }) },
      { weight: 4, arbitrary: fc.integer({ min: 3_000, max: 9_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 60_000, max: MEBIBYTE }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(size, { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        async (sizes, corked) => {
          const [a, b] = await bench.open();
          const bytes = bytesOf(sizes.reduce((sum, next) => sum + next, 0));
          a.cork();
          if (corked) setImmediate(() => a.uncork());
          else a.uncork();
          const sent = poured(a, bytes, sizes);
          b.end();
          a.resume();
          expect((await all(b)).equals(bytes)).toBe(true);
          await sent;
          await Promise.all([closed(a), closed(b)]);
        },
      ),
      { numRuns: 200 },
    );
    await nothingLeft();
  });

  test('ends one half and goes on with the other, and the tail arrives each way', async () => {
    const [a, b] = await bench.open();
    const tail = bytesOf(3 * MEBIBYTE);
    a.end(tail);
    expect((await all(b)).equals(tail)).toBe(true);
    expect(b.writable).toBe(true);
    const reply = bytesOf(3 * MEBIBYTE, 'reply');
    b.end(reply);
    expect((await all(a)).equals(reply)).toBe(true);
    expect(await Promise.all([closed(a), closed(b)])).toEqual([null, null]);
    await nothingLeft();
  });

  test('that is destroyed resets the stream, from either end', async () => {
    for (const near of [true, false]) {
      const [a, b] = await bench.open();
      const [one, other] = near ? [a, b] : [b, a];
      one.destroy();
      const error = await closed(other);
      expect(error).toBeInstanceOf(TunnelError);
      expect((error as TunnelError).failure).toBe('reset');
      expect((error as TunnelError).message).toContain(`${ResetCode.canceled}`);
    }
    await nothingLeft();
  });

  test('that is destroyed after its own half has ended still resets the other', async () => {
    const [a, b] = await bench.open();
    a.end('bye');
    expect((await all(b)).toString()).toBe('bye');
    a.destroy();
    expect(await closed(b)).toBeInstanceOf(TunnelError);
    await nothingLeft();
  });

  test('tells the code of a reset, and what waits to be written is told of it', async () => {
    const [stream, b] = await bench.bare();
    stream.pause();
    const written = new Promise<Error | null | undefined>((resolve) => {
      b.write(Buffer.alloc(2 * MEBIBYTE), resolve);
    });
    stream.reset(ResetCode.overloaded);
    expect((await closed(b))?.message).toContain(`${ResetCode.overloaded}`);
    expect(await written).toBeInstanceOf(TunnelError);
    await nothingLeft();
  });

  test('ends with a typed error when its link does', async () => {
    const [a, b] = await bench.open();
    bench.links[1].close(CloseCode.normal);
    const errors = await Promise.all([closed(a), closed(b)]);
    for (const error of errors) expect((error as TunnelError).failure).toBe('reset');
  });

  test('holds its writer back while the other end reads nothing, and loses nothing', async () => {
    const [a, b] = await bench.open();
    const bytes = bytesOf(16 * MEBIBYTE);
    let taken = 0;
    const sent = poured(a, bytes, [65_536]);
    a.on('drain', () => taken++);
    await bench.clock.settle();
    let before = -1;
    while (before !== taken) {
      before = taken;
      await bench.clock.advance(1);
    }
    // 64 KiB here, 64 KiB there, and what the stream has room for in between
    expect(b.readableLength).toBeLessThanOrEqual(2 * 65_536);
    expect(a.writableLength).toBeLessThanOrEqual(2 * 65_536);
    expect(taken * 65_536 + b.readableLength).toBeLessThan(2 * MEBIBYTE);
    b.end();
    a.resume();
    expect(await hashed(b)).toBe(sha256(bytes));
    await sent;
    await nothingLeft();
  });

  test('gives what came before it first', async () => {
    const [a, b] = await bench.open();
    const early = Buffer.from('early ');
    b.feed(early);
    early.fill(0xee);
    a.end('late');
    expect((await all(b)).toString()).toBe('early late');
  });

  test('keeps what came before the end until somebody reads', async () => {
    const [a, b] = await bench.open();
    a.end('tail');
    b.end();
    await bench.clock.settle();
    expect((await take(b, 4)).toString()).toBe('tail');
    a.resume();
    b.resume();
    expect(await Promise.all([closed(a), closed(b)])).toEqual([null, null]);
    await nothingLeft();
  });
});

/** A stream that takes nothing until it is told to. */
class Recorded {
  readonly writes: number[] = [];
  readonly resets: number[] = [];
  ended = 0;
  full = false;
  paused = 0;
  resumed = 0;

  write(bytes: Uint8Array, end = false): boolean {
    if (bytes.length > 0) this.writes.push(bytes.length);
    if (end) this.ended++;
    return !this.full;
  }
  reset(code: number): void {
    this.resets.push(code);
  }
  pause(): void {
    this.paused++;
  }
  resume(): void {
    this.resumed++;
  }
}

const on = (stream: Recorded): StreamDuplex => new StreamDuplex(stream as unknown as Stream);

describe('StreamDuplex', () => {
  test('hands many small writes over as one', () => {
    const stream = new Recorded();
    stream.full = true;
    const duplex = on(stream);
    duplex.write('first');
    for (let count = 0; count < 1_000; count++) duplex.write(Buffer.alloc(16));
    stream.full = false;
    duplex.onDrain();
    expect(stream.writes).toEqual([5, 16_000]);
  });

  test('hands a large write over in pieces, and waits whenever the stream has enough', () => {
    const stream = new Recorded();
    stream.full = true;
    const duplex = on(stream);
    let done = 0;
    duplex.write(Buffer.alloc(200_000), () => done++);
    expect(stream.writes).toEqual([65_536]);
    duplex.onDrain();
    expect(stream.writes).toEqual([65_536, 65_536]);
    stream.full = false;
    duplex.onDrain();
    expect(stream.writes).toEqual([65_536, 65_536, 65_536, 3_392]);
    duplex.onDrain();
    expect(stream.writes.length).toBe(4);
  });

  test('has finished when the end has left', async () => {
    const stream = new Recorded();
    stream.full = true;
    const duplex = on(stream);
    duplex.end();
    await new Promise(setImmediate);
    expect([stream.ended, duplex.writableFinished]).toEqual([1, false]);
    duplex.onDrain();
    await new Promise(setImmediate);
    expect(duplex.writableFinished).toBe(true);
  });

  test('pauses the stream once when it is full, and resumes it when it is read', async () => {
    const stream = new Recorded();
    const duplex = on(stream);
    for (let count = 0; count < 3; count++) duplex.onData(Buffer.alloc(65_536));
    expect([stream.paused, stream.resumed]).toEqual([1, 0]);
    duplex.resume();
    await new Promise(setImmediate);
    expect([stream.paused, stream.resumed]).toEqual([1, 1]);
  });

  test('resets nothing that has ended on both sides, in either order', async () => {
    for (const first of ['theirs', 'ours']) {
      const stream = new Recorded();
      const duplex = on(stream);
      duplex.onData(Buffer.from('unread'));
      if (first === 'theirs') duplex.onEnd();
      duplex.end();
      await new Promise(setImmediate);
      if (first === 'ours') duplex.onEnd();
      duplex.destroy();
      await closed(duplex);
      expect(stream.resets).toEqual([]);
    }
  });

  test('resets what is still open once', async () => {
    const stream = new Recorded();
    const duplex = on(stream);
    duplex.onEnd();
    duplex.destroy();
    duplex.destroy();
    duplex.onData(Buffer.from('late'));
    duplex.onEnd();
    duplex.onDrain();
    await closed(duplex);
    expect(stream.resets).toEqual([ResetCode.canceled]);
  });

  test('does not answer a reset with another', async () => {
    const stream = new Recorded();
    const duplex = on(stream);
    duplex.onReset(ResetCode.deadline);
    duplex.onReset(ResetCode.deadline);
    expect(await closed(duplex)).toBeInstanceOf(TunnelError);
    expect(stream.resets).toEqual([]);
  });
});

/** A stream that takes everything, and looks at it later. */
function lazy(): { readonly stream: Stream; readonly seen: Uint8Array[]; readonly reset: unknown[] } {
  const seen: Uint8Array[] = [];
  const reset: unknown[] = [];
  const stream = {
    write: (bytes: Uint8Array) => {
      seen.push(bytes);
      return true;
    },
    reset: (code: unknown) => void reset.push(code),
    pause: () => undefined,
    resume: () => undefined,
  };
  return { stream: stream as unknown as Stream, seen, reset };
}

describe('StreamDuplex that is told to', () => {
  test('copies what is written: its writer may use the memory again when it is told that it is done', async () => {
    const { stream, seen } = lazy();
    const duplex = new StreamDuplex(stream, { copies: true });
    const memory = Buffer.alloc(10_000, 1);
    for (let round = 1; round <= 3; round++) {
      memory.fill(round);
      await new Promise((resolve) => duplex.write(memory, resolve));
    }
    expect(seen.map((bytes) => [bytes.length, bytes[0], bytes.at(-1)])).toEqual([
      [10_000, 1, 1],
      [10_000, 2, 2],
      [10_000, 3, 3],
    ]);
  });

  test('parts in peace resets nothing once its half has ended, and does before', async () => {
    for (const ends of [true, false]) {
      const { stream, reset } = lazy();
      let parted = 0;
      const duplex = new StreamDuplex(stream, { part: () => void parted++ });
      if (ends) await new Promise<void>((resolve) => void duplex.end(resolve));
      duplex.destroy();
      expect([parted, reset.length]).toEqual(ends ? [1, 0] : [0, 1]);
    }
  });
});
