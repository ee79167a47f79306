/** What is remembered of other NATs and relays: bounded, and not for ever. */
import { describe, expect, test } from 'vitest';
import { PROFILE_GRACE, PROFILE_TTL, ProfileCache } from '../../../src/mesh/nat/profile-cache.ts';
import { RELAY_TTL, RelayRegistry } from '../../../src/mesh/nat/relay-registry.ts';

describe('ProfileCache', () => {
  test('what is neither fresh nor stale is forgotten', () => {
    const cache = new ProfileCache<string>();
    cache.put('a', 'cone', 0);
    expect(cache.find('a', PROFILE_TTL)).toEqual({ freshness: 'fresh', profile: 'cone' });
    expect(cache.find('a', PROFILE_TTL + PROFILE_GRACE)).toEqual({ freshness: 'stale', profile: 'cone' });
    expect(cache.find('a', PROFILE_TTL + PROFILE_GRACE + 1)).toEqual({ freshness: 'miss' });
    expect(cache.size).toBe(0);
  });

  test('beyond its limit the oldest leaves; what is put again is new', () => {
    const cache = new ProfileCache<string>(2);
    cache.put('a', '1', 0);
    cache.put('b', '2', 1);
    cache.put('a', '3', 2);
    cache.put('c', '4', 3);
    expect(['a', 'b', 'c'].map((id) => cache.find(id, 3).freshness)).toEqual(['fresh', 'miss', 'fresh']);
    cache.forget('a');
    expect(cache.find('a', 3).freshness).toBe('miss');
  });
});

describe('RelayRegistry', () => {
  const relay = (
    id: string,
    latency = 1,
  ): { id: string; load: number; capacity: number; latency: number } => ({
    id,
    load: 0,
    capacity: 100,
    latency,
  });

  test('a relay that was not heard of for 600 s makes room', () => {
    const relays = new RelayRegistry(1);
    expect(relays.register(relay('a'), 0)).toEqual({ ok: true });
    expect(relays.register(relay('b'), RELAY_TTL - 1)).toMatchObject({
      error: { tag: 'max_relays_reached' },
    });
    expect(relays.register(relay('b'), RELAY_TTL)).toEqual({ ok: true });
    expect(relays.select({}, RELAY_TTL)).toMatchObject({ relay: { id: 'b' } });
  });

  test('one that is full is not taken, also when there is no other', () => {
    const relays = new RelayRegistry();
    relays.register({ ...relay('full'), load: 100 }, 0);
    expect(relays.select({}, 0)).toMatchObject({ error: { tag: 'no_relays_available' } });
  });

  test('one that is too far is not taken', () => {
    const relays = new RelayRegistry();
    relays.register(relay('far', 200), 0);
    expect(relays.select({ maxLatency: 100 }, 0)).toMatchObject({ error: { tag: 'no_relays_available' } });
    expect(relays.select({ maxLatency: 200 }, 0)).toMatchObject({ relay: { id: 'far' } });
  });
});
