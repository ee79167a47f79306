/** The cases of registry.json about the records of one key; the others are those of the registry's own test. */
import { describe, expect, test } from 'vitest';
import { hex } from '../../../src/mesh/context.ts';
import { RecordStore } from '../../../src/mesh/dht/record-store.ts';
import { vectors } from '../../codec/vectors.ts';
import { judgeRecord } from './judge.ts';
import { expected, idOf, KEY, odd, record, WALL } from './signed.ts';

const AT = { now: 0, wall: WALL };

interface Put {
  readonly nodeId?: string;
  readonly v: number;
}
interface StoreKey {
  readonly op: string;
  readonly puts: readonly Put[];
  readonly delete?: string;
}

/** What the store shows of a key, by node, after records were put and one of them was removed. */
function shown({ puts, delete: removed }: StoreKey): unknown {
  const store = new RecordStore();
  const ids = new Map<string, string>();
  let seq = WALL;
  for (const { nodeId, v } of puts) {
    if (nodeId === undefined) {
      const verdict = judgeRecord(odd('n', { node_id: null, metadata: { v } }), expected());
      if (verdict.tag === 'refused') return { error: { tag: 'invalid_args', field: 'node_id' } };
      continue;
    }
    ids.set(idOf(nodeId), nodeId);
    store.put(record(nodeId, { seq: seq++, metadata: { v } }), AT);
  }
  if (removed !== undefined) store.put(record(removed, { seq, removed: true }), AT);
  const live = store.held(hex(KEY), AT).filter((one) => !one.removed);
  if (live.length === 0) return { error: { tag: 'not_found' } };
  return {
    ok: Object.fromEntries(live.map(({ nodeId, metadata }) => [ids.get(nodeId), metadata['v']])),
  };
}

/** Scripts have `ops` and no `op`. */
const OTHERS = [undefined, 'publish', 'query', 'remove', 'interests', 'mergeInterests', 'rpcRoute'];

const all = vectors<Partial<StoreKey>, unknown>('registry');
const cases = all.filter(({ input }) => input.op === 'storeKey');

describe('registry.json', () => {
  test('every case is the record store’s or the registry’s', () => {
    const ops = new Set(all.map(({ input }) => input.op));
    expect([...ops].filter((op) => op !== 'storeKey' && !OTHERS.includes(op))).toEqual([]);
    expect(cases).toHaveLength(4);
  });

  test.each(cases)('$name', ({ input, expect: wanted }) => {
    expect(shown(input as StoreKey)).toEqual(wanted);
  });
});
