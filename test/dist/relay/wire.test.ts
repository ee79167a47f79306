/** The wire between TLS and the stream below by itself: what neither of them lets happen easily. */
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { Wire } from '../../../src/dist/relay/secure/wire.ts';
import { virtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { nursery } from '../../../src/transport/nursery.ts';
import { closed, plainPair, type Plain } from './duplex-pairs.ts';

/** Begins as a record does. */
const RECORDS: Buffer = Buffer.alloc(100_000, 22);

let clock: VirtualClock;
let raw: Plain;
let far: Plain;
let told: string[];
let wire: Wire;

beforeEach(() => {
  clock = virtualClock();
  [raw, far] = plainPair();
  told = [];
  wire = new Wire(raw, clock, {
    onPlain: () => told.push('plain'),
    onEnded: () => told.push('ended'),
    onLost: (error) => told.push(`lost ${error?.message ?? ''}`),
  });
});

describe('Wire', () => {
  test('is read while neither TLS nor the clear side has enough', async () => {
    const states: boolean[] = [];
    const look = async (): Promise<void> => {
      for (let turn = 0; turn < 10; turn++) await clock.settle();
      states.push(raw.isPaused());
    };
    far.write(RECORDS);
    // nobody reads: TLS has enough
    await look();
    expect((wire.read() as Buffer).length).toBe(RECORDS.length);
    await look();
    wire.hold();
    await look();
    far.write(RECORDS);
    wire.release();
    await look();
    // both have enough: one of them is not enough to go on
    wire.hold();
    expect((wire.read() as Buffer).length).toBe(RECORDS.length);
    await look();
    wire.release();
    await look();
    expect(states).toEqual([true, false, true, true, true, false]);
  });

  test('counts the memory of all records that TLS makes, so that it is freed in time', () => {
    const counted = vi.spyOn(nursery, 'received');
    far.resume();
    wire.write(RECORDS.subarray(0, 1_000));
    for (let records = 0; records < 5; records++) wire.write(RECORDS.subarray(0, 200));
    const bytes = counted.mock.calls.reduce((sum, [each]) => sum + each, 0);
    counted.mockRestore();
    expect(bytes).toBe(2_000);
  });

  test('tells of an end, and does not hand it through', async () => {
    let ended = false;
    wire.on('end', () => (ended = true));
    wire.resume();
    far.end(RECORDS);
    await clock.settle();
    await clock.settle();
    expect([told, ended]).toEqual([['ended'], false]);
  });

  test('tells once of a loss, and of none after both halves have ended or nobody cares', async () => {
    far.destroy();
    await closed(raw);
    expect(told).toEqual(['lost cut']);
    for (const leave of ['part', 'cut', 'end'] as const) {
      const [near, other] = plainPair();
      const lost: unknown[] = [];
      const quiet = new Wire(near, clock, {
        onPlain: () => undefined,
        onEnded: () => undefined,
        onLost: (error) => lost.push(error),
      });
      quiet[leave]();
      if (leave === 'part') other.destroy();
      else other.end();
      other.resume();
      quiet.resume();
      await closed(near);
      expect(lost).toEqual([]);
      expect(near.listenerCount('error')).toBe(1);
      expect(near.listenerCount('close')).toBe(0);
    }
    expect(clock.pending).toBe(0);
  });

  test('that parts reads on for nobody, so that the other end can end', async () => {
    wire.hold();
    far.write(RECORDS);
    wire.part();
    far.end(RECORDS);
    far.resume();
    expect(await closed(raw)).toBe(null);
    expect(clock.pending).toBe(0);
  });

  test('lets a writer wait while the stream below does, and calls him when it is gone', async () => {
    const waiting: (() => void)[] = [];
    raw._write = (_chunk, _encoding, done) => waiting.push(done);
    const called: string[] = [];
    wire.write(RECORDS, () => called.push('one'));
    wire.write(RECORDS, () => called.push('two'));
    await clock.settle();
    expect(called).toEqual([]);
    waiting.shift()?.();
    await clock.settle();
    expect(called).toEqual(['one']);
    wire.on('error', () => undefined);
    wire.cut();
    await clock.settle();
    expect(called).toEqual(['one', 'two']);
  });

  test('waits for what was written together, too', async () => {
    const waiting: (() => void)[] = [];
    raw._write = (_chunk, _encoding, done) => waiting.push(done);
    const called: string[] = [];
    wire.cork();
    wire.write(RECORDS, () => called.push('one'));
    wire.write(RECORDS, () => called.push('two'));
    wire.uncork();
    await clock.settle();
    expect(called).toEqual([]);
    waiting.shift()?.();
    await clock.settle();
    waiting.shift()?.();
    await clock.settle();
    expect(called).toEqual(['one', 'two']);
  });
});
