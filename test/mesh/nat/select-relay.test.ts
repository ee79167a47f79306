import { describe, expect, test } from 'vitest';
import { selectRelay, type Relay } from '../../../src/mesh/nat/traversal/select-relay.ts';

const relay = (id: string, { load = 0, latency = 1 } = {}): Relay => ({ id, load, capacity: 100, latency });

describe('selectRelay', () => {
  test('one that is full is not taken, also when there is no other', () => {
    expect(selectRelay([relay('full', { load: 100 })])).toMatchObject({
      error: { tag: 'no_relays_available' },
    });
  });

  test('one that is too far is not taken', () => {
    const far = [relay('far', { latency: 200 })];
    expect(selectRelay(far, { maxLatency: 100 })).toMatchObject({ error: { tag: 'no_relays_available' } });
    expect(selectRelay(far, { maxLatency: 200 })).toMatchObject({ ok: true, relay: { id: 'far' } });
  });
});
