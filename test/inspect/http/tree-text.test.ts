import { describe, expect, test } from 'vitest';
import type { Delta } from '../../../src/inspect/delta.ts';
import { deltaPieces, treePieces } from '../../../src/inspect/http/tree-text.ts';

const tree = (count: number): Delta => ({
  seq: 7,
  at: 1,
  reset: true,
  added: Array.from({ length: count }, (_, n) => ({ id: `<0.${n}>`, name: `"\n\u2028</script>` })) as never,
  removed: [],
  changed: [],
});

describe('treePieces', () => {
  test.each([0, 1, 2, 499, 500, 501, 1_000, 1_001, 10_000])('%d rows are one document', (count) => {
    const whole = tree(count);
    const pieces = [...treePieces('node "x"', whole, '\n\n')];
    expect(pieces.length).toBe(Math.max(1, Math.ceil(count / 250)));
    const text = pieces.join('');
    expect(text.endsWith('\n\n')).toBe(true);
    // a line of an event stream
    expect(text.trimEnd()).not.toContain('\n');
    expect(JSON.parse(text)).toEqual({ schema: 1, seq: 7, node: 'node "x"', at: 1, rows: whole.added });
  });
});

describe('deltaPieces', () => {
  test.each([
    [0, 0, 0],
    [1, 1, 1],
    [250, 0, 0],
    [249, 1, 0],
    [249, 1, 1],
    [0, 251, 0],
    [0, 0, 251],
    [300, 300, 300],
    [10_000, 10_000, 10_000],
  ])('%d added, %d removed and %d changed are one document, in pieces of 250', (some, gone, other) => {
    const ids = (count: number, letter: string): string[] =>
      Array.from({ length: count }, (_, n) => letter + n);
    const delta: Delta = {
      seq: 8,
      at: 2,
      added: tree(some).added,
      removed: ids(gone, 'r'),
      changed: ids(other, 'c').map((id) => ({ id, name: '"\n' })),
    };
    const pieces = [...deltaPieces(delta, '\n\n')];
    expect(pieces.length).toBe(Math.max(1, Math.ceil((some + gone + other) / 250)));
    const text = pieces.join('');
    expect(text.endsWith('}\n\n')).toBe(true);
    expect(text.trimEnd()).not.toContain('\n');
    expect(JSON.parse(text)).toEqual(delta);
  });
});
