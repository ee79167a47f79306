import { describe, expect, test } from 'vitest';
import type { ValueMap } from '../../../src/codec/value.ts';
import { offerOf, offerPayload } from '../../../src/mesh/registry/offer.ts';

const wish = { request_id: new Uint8Array(16), procedure: 'a.b' };

describe('offerOf', () => {
  test('a peer that says nothing gets what advertise gives by default', () => {
    const expected = { exclusive: false, ttl: 300, metadata: {}, description: undefined };
    expect(offerOf(wish)).toEqual({ ok: true, value: expected });
    // null is absent
    const nothing = { ttl: null, metadata: null, description: null, exclusive: null } as never;
    expect(offerOf({ ...wish, ...(nothing as object) })).toEqual({ ok: true, value: expected });
  });

  test('says the same at the other end, frozen', () => {
    const offer = { exclusive: true, ttl: 60, metadata: { a: { b: [1] } }, description: 'x' };
    const other = offerOf({ ...wish, ...offerPayload(offer) });
    expect(other).toEqual({ ok: true, value: offer });
    expect(other.ok && Object.isFrozen(other.value.metadata)).toBe(true);
    expect(offerPayload({ ...offer, exclusive: false, metadata: {}, description: undefined })).toEqual({
      ttl: 60,
    });
  });

  test.each([
    ['ttl', { ttl: 29 }],
    ['ttl', { ttl: 86_401 }],
    ['metadata', { metadata: { text: 'x'.repeat(3_073) } }],
    ['description', { description: 'x'.repeat(513) }],
    // each fits, but not both of them
    ['metadata', { metadata: { text: 'x'.repeat(2_800) }, description: 'x'.repeat(500) }],
  ])('refuses a peer with a bad %s: %j', (field, said) => {
    const refused = offerOf({ ...wish, ...(said as { readonly metadata?: ValueMap }) });
    expect(refused).toMatchObject({ ok: false, failure: { tag: 'invalid_args', field } });
  });
});
