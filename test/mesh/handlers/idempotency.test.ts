import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IdempotencyTable, keyOfCall, type Outcome } from '../../../src/mesh/handlers/idempotency.ts';
import { closeAtEnd, contextOf, gate, meshWorld, pair } from '../../mesh-world.ts';

const value = (of: number): Outcome => ({ tag: 'value', value: of });

describe('the table', () => {
  test('a running key is found until it ends, its outcome for twice the longest timeout', () => {
    const table = new IdempotencyTable<number>();
    table.begin('k', 1, 100, 'a');
    const entry = table.find('k', 0);
    expect(entry).toMatchObject({ tag: 'running', running: 1 });
    if (entry?.tag === 'running') entry.timeout = 300;
    table.end('k', 1, value(7), 10, 1_000);
    expect(table.find('k', 1_599)).toMatchObject({ outcome: value(7) });
    expect(table.find('k', 1_600)).toBe(undefined);
    expect(table.size).toBe(0);
  });

  test.each([
    ['timeout', { tag: 'timeout', timeout: 1 }],
    ['canceled', { tag: 'canceled' }],
    ['overloaded', { tag: 'overloaded', bound: 'procedure' }],
    ['unauthorized', { tag: 'unauthorized', detail: '' }],
    ['connection_error', { tag: 'connection_error', sent: true, detail: '' }],
  ] as const)('%s is no outcome: the key is free again', (_tag, failure) => {
    const table = new IdempotencyTable<number>();
    table.begin('k', 1, 100, 'a');
    table.end('k', 1, { tag: 'failure', failure }, 1, 0);
    expect(table.find('k', 0)).toBe(undefined);
  });

  test.each([
    ['handler_error', { tag: 'handler_error', reason: 1 }],
    ['handler_crash', { tag: 'handler_crash', id: '', reason: 'error' }],
  ] as const)('%s is an outcome: it does not run again', (_tag, failure) => {
    const table = new IdempotencyTable<number>();
    table.begin('k', 1, 100, 'a');
    table.end('k', 1, { tag: 'failure', failure }, 1, 0);
    expect(table.find('k', 0)).toMatchObject({ tag: 'done', outcome: { failure } });
  });

  test('the end of a run that was forgotten says nothing about the one that follows it', () => {
    const table = new IdempotencyTable<number>(1);
    table.begin('k', 1, 100, 'a');
    table.begin('other', 2, 100, 'a');
    table.begin('k', 3, 100, 'a');
    table.end('k', 1, value(1), 1, 0);
    expect(table.find('k', 0)).toMatchObject({ tag: 'running', running: 3 });
  });

  test('is bounded in keys and in weight, the oldest leaves first', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(40), fc.nat(60)), { maxLength: 200 }), (list) => {
        const table = new IdempotencyTable<number>(10, 100);
        for (const [key, weight] of list) {
          table.begin(String(key), key, 1, `caller ${key % 3}`);
          table.end(String(key), key, value(weight), weight, 0);
        }
        let total = 0;
        for (let key = 0; key <= 40; key++) {
          const entry = table.find(String(key), 0);
          if (entry?.tag === 'done') total += entry.weight;
        }
        expect(table.size).toBeLessThanOrEqual(10);
        expect(total).toBeLessThanOrEqual(100);
      }),
    );
  });

  /** Keys of `caller` that have ended, numbered from 0. */
  const fill = (table: IdempotencyTable<number>, caller: string, count: number, weight = 1): void => {
    for (let n = 0; n < count; n++) {
      table.begin(`${caller}${n}`, n, 100, caller);
      table.end(`${caller}${n}`, n, value(n), weight, 0);
    }
  };
  const has = (table: IdempotencyTable<number>, ...keys: readonly string[]): readonly boolean[] =>
    keys.map((key) => table.find(key, 0) !== undefined);

  test('a key that runs stays while there are outcomes to forget, be they too many or too heavy', () => {
    for (const [limit, weight] of [
      [10, 1_000],
      [1_000, 10],
    ] as const) {
      const table = new IdempotencyTable<number>(limit, weight);
      table.begin('running', 1, 100, 'a');
      fill(table, 'a', 50);
      expect(has(table, 'running', 'a0', 'a49')).toEqual([true, false, true]);
    }
  });

  test('a caller with more than its share loses its own oldest, and others none of theirs', () => {
    for (const [limit, weight] of [
      [80, 1_000],
      [1_000, 80],
    ] as const) {
      const table = new IdempotencyTable<number>(limit, weight);
      fill(table, 'modest', 10);
      fill(table, 'greedy', 1_000);
      expect(has(table, 'modest0', 'modest9', 'greedy929', 'greedy930')).toEqual([true, true, false, true]);
      // room for one more of somebody else is made by the greedy one
      fill(table, 'late', 1);
      expect(has(table, 'modest0', 'late0', 'greedy930', 'greedy931')).toEqual([true, true, false, true]);
    }
  });

  test('nor do they lose any to one whose calls all run', () => {
    const table = new IdempotencyTable<number>(80);
    for (let n = 0; n < 10; n++) table.begin(`modest${n}`, n, 100, 'modest');
    for (let n = 0; n < 1_000; n++) table.begin(`greedy${n}`, n, 100, 'greedy');
    expect(has(table, 'modest0', 'greedy929', 'greedy930')).toEqual([true, false, true]);
  });

  test('nor do those that have ended leave for runs of callers that have more than their share', () => {
    const table = new IdempotencyTable<number>(80);
    fill(table, 'modest', 5);
    for (let n = 0; n < 500; n++) table.begin(`greedy${n}`, n, 100, `greedy ${n % 4}`);
    expect(has(table, 'modest0', 'modest4')).toEqual([true, true]);
  });

  test('an outcome heavier than all may be is forgotten, and those of others are not', () => {
    const table = new IdempotencyTable<number>(80, 80);
    fill(table, 'modest', 10);
    fill(table, 'greedy', 1, 81);
    expect(has(table, 'modest0', 'greedy0')).toEqual([true, false]);
  });

  test('callers and procedures have keys of their own', () => {
    const all = [
      keyOfCall('a', 'p', 'k'),
      keyOfCall('b', 'p', 'k'),
      keyOfCall('a', 'q', 'k'),
      keyOfCall('a', 'p', 'l'),
    ];
    expect(new Set(all).size).toBe(4);
  });
});

describe('calls with a key', () => {
  test('5,000 calls with 500 keys run the handler once per key, and all get its outcome', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    let runs = 0;
    await node.advertise('m.once', ({ n }: { n: number }) => ++runs && n, {
      limits: { maxConcurrent: 4_000 },
    });
    for (const from of [client, node]) {
      runs = 0;
      const values = await world.settle(
        Promise.all(
          Array.from({ length: 2_500 }, (_, at) =>
            from.call('m.once', { n: at % 250 }, { idempotencyKey: `key-${at % 250}` }),
          ),
        ),
      );
      expect(values).toEqual(Array.from({ length: 2_500 }, (_, at) => at % 250));
      expect(runs).toBe(250);
    }
  });

  test('one that comes while it runs shares the outcome, a failure too; afterwards it is told again', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const door = gate();
    let runs = 0;
    await node.advertise('m.slow', async () => {
      runs++;
      await door.promise;
      throw new Error('broken');
    });
    const options = { idempotencyKey: 'k' };
    const both = [client.tryCall('m.slow', {}, options), client.tryCall('m.slow', {}, options)];
    await world.clock.advance(10);
    door.open();
    const later = await world.settle(Promise.all(both));
    const again = await world.settle(client.tryCall('m.slow', {}, options));
    for (const result of [...later, again]) {
      expect(result).toMatchObject({ ok: false, error: { failure: { tag: 'handler_crash' } } });
    }
    expect(runs).toBe(1);
  });

  test('one that joins while it runs, and waits longer, has its own time: the run is prolonged', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    let door = gate<string>();
    const left: (() => number)[] = [];
    await node.advertise('m.slow', (_args, context) => {
      left.push(() => context.timeLeft);
      return door.promise;
    });
    for (const caller of [node, client]) {
      door = gate();
      const hasty = caller.tryCall('m.slow', {}, { idempotencyKey: 'k', timeout: 100 });
      await world.clock.advance(50);
      const patient = caller.tryCall('m.slow', {}, { idempotencyKey: 'k', timeout: 10_000 });
      const failed = await world.settle(hasty);
      expect(failed).toMatchObject({ ok: false, error: { failure: { tag: 'timeout', sent: true } } });
      await world.clock.advance(1_000);
      expect(left.at(-1)?.()).toBeGreaterThan(8_000);
      door.open('late');
      expect(await world.settle(patient)).toMatchObject({ ok: true, value: 'late' });
      // its outcome is kept for twice what the patient one had
      await world.clock.advance(19_000);
      const again = caller.tryCall('m.slow', {}, { idempotencyKey: 'k', timeout: 100 });
      expect(await world.settle(again)).toMatchObject({ ok: true, value: 'late' });
    }
    expect(left.length).toBe(2);
  });

  test('whoever lost the connection finds it running; whoever cancels ends it, and the key runs again', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const identity = world.identity('same');
    const first = await world.client(node, { identity });
    let [runs, aborted] = [0, 0];
    const door = gate();
    await node.advertise('m.long', async (_args, { signal }) => {
      runs++;
      signal.addEventListener('abort', () => aborted++);
      await door.promise;
      return runs;
    });
    const lost = first.tryCall('m.long', {}, { idempotencyKey: 'k' });
    await world.clock.advance(10);
    await world.settle(first.disconnect({ timeout: 1 }));
    await world.settle(lost);
    const second = await world.client(node, { identity });
    closeAtEnd(world, second);
    const found = second.tryCall('m.long', {}, { idempotencyKey: 'k' });
    await world.clock.advance(10);
    expect([runs, aborted]).toEqual([1, 0]);
    const giveUp = new AbortController();
    const other = second.tryCall('m.long', {}, { idempotencyKey: 'other', signal: giveUp.signal });
    await world.clock.advance(10);
    giveUp.abort();
    await world.settle(other);
    await world.clock.advance(10);
    expect([runs, aborted]).toEqual([2, 1]);
    door.open();
    expect(await world.settle(found)).toMatchObject({ ok: true });
    expect(contextOf(node).routing.keyed.size).toBe(1);
  });
});
