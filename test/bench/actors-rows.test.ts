/**
 * What the bench of the actors makes of its figures.
 */
import { describe, expect, test } from 'vitest';
import { BEAM, OURS, SIZES, type WorkloadName } from '../../bench/actors/cases.ts';
import type { Cost } from '../../bench/actors/messages.ts';
import { rowsOf, sizeOf, type Measured } from '../../bench/actors/rows.ts';

const FEW = 'dynamic children, 10,000 at a time';
const MANY = 'dynamic children, 100,000 at a time';
const GROWTH = 'dynamic children, cost at 100,000 ÷ at 10,000';

/** Microseconds by contender and workload, one list of repeats per round; what is not listed cannot be done. */
const times =
  (cpu: Readonly<Record<string, readonly (readonly number[])[]>>): Measured =>
  (contender, workload) =>
    (cpu[`${contender} ${workload}`] ?? []).map((runs): Cost => ({
      tag: 'times',
      runs: runs.map((each) => ({ cpu: each, wall: each * 2 })),
    }));

const rowOf = (measured: Measured, contenders: readonly string[], name: string) =>
  rowsOf(measured, contenders, 1).find((row) => row.case === name);

describe('rowsOf', () => {
  test('a figure is the best repeat, in thousands of operations per CPU second', () => {
    // so many microseconds are a million operations per second
    const n = SIZES.call;
    const measured = times({ [`${OURS} call`]: [[4 * n, n]], [`${BEAM} call`]: [[2 * n]] });
    expect(rowOf(measured, [OURS, BEAM], 'call')).toMatchObject({
      unit: 'k/CPU s',
      ours: { median: 1_000 },
      peers: { beam: { median: 500 } },
      ratios: { beam: { median: 2 } },
    });
  });

  test('every workload has a row, one that nobody could do an empty one', () => {
    const rows = rowsOf(times({}), [OURS], 1);
    expect(rows.map((row) => row.case)).toEqual([...Object.keys(SIZES), expect.any(String), GROWTH]);
    expect(new Set(rows.map(({ ours }) => ours))).toEqual(new Set([null]));
  });

  test('a restart takes the wall time of the best repeat over their number', () => {
    const n = SIZES['restart, oneForOne'];
    const measured = times({ [`${OURS} restart, oneForOne`]: [[10 * n, 5 * n]] });
    expect(rowOf(measured, [OURS], 'restart latency, mean wall time')).toMatchObject({
      unit: 'µs',
      ours: { median: 10 },
      met: true,
    });
  });

  test('children cost linear time when each of many costs at most twice what each of few does', () => {
    const growth = (many: number) =>
      rowOf(times({ [`${OURS} ${FEW}`]: [[100]], [`${OURS} ${MANY}`]: [[many]] }), [OURS], GROWTH);
    expect(growth(200)).toMatchObject({ unit: 'times', ours: { median: 2 }, met: true });
    expect(growth(201)).toMatchObject({ met: false });
    expect(rowOf(times({ [`${OURS} ${FEW}`]: [[100]] }), [OURS], GROWTH)).toMatchObject({ met: null });
  });
});

test('a part of the size is at least 64 operations', () => {
  for (const workload of Object.keys(SIZES) as WorkloadName[]) {
    expect(sizeOf(workload, 1)).toBe(SIZES[workload]);
    expect(sizeOf(workload, 0)).toBe(64);
  }
});
