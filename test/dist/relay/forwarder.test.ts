/** One direction of a tunnel, with streams that only write down what they are told. */
import { describe, expect, test } from 'vitest';
import { Forwarder } from '../../../src/dist/relay/server/forwarder.ts';
import { TokenBucket } from '../../../src/dist/relay/server/token-bucket.ts';
import type { Stream } from '../../../src/transport/transport.ts';

class FakeStream {
  readonly told: string[] = [];
  readonly kept: Uint8Array[] = [];
  takes = true;
  write(bytes: Uint8Array, end?: boolean): boolean {
    this.told.push(end === true ? `end ${bytes.length}` : `write ${bytes.length}`);
    this.kept.push(bytes);
    return this.takes;
  }
  pause(): void {
    this.told.push('pause');
  }
  resume(): void {
    this.told.push('resume');
  }
}

interface Stage {
  readonly forwarder: Forwarder;
  readonly from: FakeStream;
  readonly to: FakeStream;
  readonly waits: number[];
  readonly ends: number[];
  now: number;
}

function staged(...buckets: readonly TokenBucket[]): Stage {
  const [from, to] = [new FakeStream(), new FakeStream()];
  const waits: number[] = [];
  const ends: number[] = [];
  const stage: Stage = {
    from,
    to,
    waits,
    ends,
    now: 0,
    forwarder: new Forwarder({
      clock: { now: () => stage.now } as never,
      from: from as unknown as Stream,
      to: to as unknown as Stream,
      buckets,
      wait: (milliseconds) => waits.push(milliseconds),
      ended: () => void ends.push(stage.now),
    }),
  };
  return stage;
}

describe('a forwarder', () => {
  test('passes on a copy: what it is lent is overwritten', () => {
    const { forwarder, to } = staged();
    const lent = Buffer.from('one');
    forwarder.data(lent);
    lent.fill(0);
    expect(Buffer.concat(to.kept).toString()).toBe('one');
    expect(forwarder.bytes).toBe(3);
  });

  test('stops reading while the other end is full, once, and goes on when it is not', () => {
    const { forwarder, from, to } = staged();
    to.takes = false;
    forwarder.data(new Uint8Array(10));
    forwarder.data(new Uint8Array(10));
    expect(from.told).toEqual(['pause']);
    expect(to.told).toEqual(['write 10', 'write 10']);
    to.takes = true;
    forwarder.drained();
    forwarder.drained();
    expect(from.told).toEqual(['pause', 'resume']);
  });

  test('stops reading while a rate is used up, for as long as the slowest of them says', () => {
    const slow = new TokenBucket({ rate: 1_000, burst: 200 });
    const stage = staged(new TokenBucket({ rate: 1_000_000, burst: 1_000_000 }), slow);
    const { forwarder, from, to, waits } = stage;
    forwarder.data(new Uint8Array(1_100));
    expect([from.told, waits]).toEqual([['pause'], [1_000]]);
    // what was under way waits here
    forwarder.data(new Uint8Array(500));
    forwarder.data(new Uint8Array(300));
    expect([waits, to.told, forwarder.bytes]).toEqual([[1_000], ['write 1100'], 1_100]);
    stage.now = 1_000;
    forwarder.resume();
    expect([from.told, waits, to.told]).toEqual([['pause'], [1_000, 500], ['write 1100', 'write 500']]);
    stage.now = 1_500;
    forwarder.resume();
    expect([from.told, waits]).toEqual([['pause'], [1_000, 500, 300]]);
    stage.now = 1_700;
    forwarder.resume();
    expect(waits).toEqual([1_000, 500, 300, 100]);
    stage.now = 1_800;
    forwarder.resume();
    expect(from.told).toEqual(['pause', 'resume']);
  });

  test('keeps what comes byte by byte while a rate is used up in few pieces', () => {
    const stage = staged(new TokenBucket({ rate: 1_000_000, burst: 200_000 }));
    const { forwarder, to } = stage;
    forwarder.data(new Uint8Array(200_000));
    const all = Buffer.from(Uint8Array.from({ length: 50_000 }, (_, at) => at % 251));
    for (const byte of all) forwarder.data(Uint8Array.of(byte));
    stage.now = 1_000;
    forwarder.resume();
    expect(Buffer.concat(to.kept.slice(1)).equals(all)).toBe(true);
    expect(to.kept.length).toBeLessThan(50);
  });

  test('goes on only when neither the other end nor a rate is in the way', () => {
    const stage = staged(new TokenBucket({ rate: 1_000, burst: 200 }));
    const { forwarder, from, to } = stage;
    to.takes = false;
    forwarder.data(new Uint8Array(1_100));
    forwarder.drained();
    expect(from.told).toEqual(['pause']);
    stage.now = 1_000;
    forwarder.resume();
    expect(from.told).toEqual(['pause', 'resume']);
  });

  test('ends once, behind everything that came before', () => {
    const { forwarder, to, ends } = staged();
    forwarder.data(new Uint8Array(5));
    forwarder.end();
    forwarder.end();
    expect(to.told).toEqual(['write 5', 'end 0']);
    expect(ends).toEqual([0]);
  });

  test('ends behind what waits for a rate', () => {
    const stage = staged(new TokenBucket({ rate: 1_000, burst: 200 }));
    const { forwarder, to, ends } = stage;
    forwarder.data(new Uint8Array(1_100));
    forwarder.data(new Uint8Array(7));
    forwarder.end();
    expect(to.told).toEqual(['write 1100']);
    stage.now = 1_000;
    forwarder.resume();
    expect([to.told, ends]).toEqual([['write 1100', 'write 7', 'end 0'], [1_000]]);
  });
});
