/**
 * When young garbage is freed, and that it is asked of V8 without a trace.
 */
import { runInNewContext } from 'node:vm';

import { describe, expect, test } from 'vitest';

import { Nursery, systemCollector, type Collector } from '../../src/transport/nursery.ts';

const KIB = 1_024;
const MIB = 1_048_576;

/** A collector that counts. */
const counting = (heap = MIB): Collector & { count: number } => ({
  count: 0,
  scavenge() {
    this.count++;
  },
  heapUsed: () => heap,
});

/** Datagrams of 16 KiB until so many bytes have come. */
const receive = (nursery: Nursery, bytes: number): void => {
  for (let come = 0; come < bytes; come += 16 * KIB) nursery.received(16 * KIB);
};

describe('Nursery', () => {
  test('asks for a scavenge for every 2 MiB received', () => {
    const collector = counting();
    receive(new Nursery(() => collector), 64 * MIB);
    expect(collector.count).toBe(32);
  });

  test('counts what a datagram leaves behind beside its bytes', () => {
    const collector = counting();
    const nursery = new Nursery(() => collector);
    for (let datagram = 0; datagram < 8_192; datagram++) nursery.received(0);
    expect(collector.count).toBe(1);
  });

  test('opens no collector before it is needed', () => {
    let opened = 0;
    const nursery = new Nursery(() => {
      opened++;
      return counting();
    });
    receive(nursery, MIB);
    expect(opened).toBe(0);
    receive(nursery, 8 * MIB);
    expect(opened).toBe(1);
  });

  test('lets an eighth of a large heap come in between', () => {
    const collector = counting(128 * MIB);
    receive(new Nursery(() => collector), 2 * MIB + 64 * MIB);
    // the heap is looked at after the first 2 MiB
    expect(collector.count).toBe(1 + 4);
  });

  test('asks once and never again where there is no collector', () => {
    let asked = 0;
    const nursery = new Nursery(() => {
      asked++;
      return undefined;
    });
    receive(nursery, 64 * MIB);
    expect(asked).toBe(1);
  });
});

describe('systemCollector', () => {
  test('frees young garbage and tells how large the heap is', () => {
    const collector = systemCollector();
    expect(collector?.heapUsed()).toBeGreaterThan(MIB);
    const before = process.memoryUsage().arrayBuffers;
    for (let piece = 0; piece < 64; piece++) Buffer.allocUnsafeSlow(64 * KIB);
    collector?.scavenge();
    collector?.scavenge();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * MIB);
  });

  test('leaves no gc behind, neither here nor in contexts made later', () => {
    const here = 'gc' in globalThis;
    systemCollector();
    expect('gc' in globalThis).toBe(here);
    if (!here) expect(runInNewContext('typeof gc')).toBe('undefined');
  });
});
