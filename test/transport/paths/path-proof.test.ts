/** Keyed probes prove where the peer receives, and nobody else can answer them. */
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../../src/actor/random.ts';
import { PathProof, PROBE_SIZE, probedId } from '../../../src/transport/paths/path-proof.ts';

const random = seededRandom('probes');
const [a, b, id, nonce] = [random.bytes(32), random.bytes(32), random.bytes(20), random.bytes(8)];
const dialer = new PathProof('dialer', a, b);
const acceptor = new PathProof('acceptor', b, a);

describe('a probe', () => {
  test('has 46 bytes, is not QUIC, and names the link by its connection id', () => {
    const probe = Buffer.from(dialer.write('question', id, nonce));
    expect([probe.length, PROBE_SIZE, probe[0]! & 0x40]).toEqual([46, 46, 0]);
    expect(probedId(probe)).toBe(Buffer.from(id).toString('latin1'));
  });

  test('is read by the other side only, question as question and answer as answer', () => {
    for (const kind of ['question', 'answer'] as const) {
      expect(acceptor.read(dialer.write(kind, id, nonce))).toMatchObject({ kind, nonce: Buffer.from(nonce) });
      expect(dialer.read(acceptor.write(kind, id, nonce))).toMatchObject({ kind, nonce: Buffer.from(nonce) });
      expect(dialer.read(dialer.write(kind, id, nonce))).toBeUndefined();
    }
  });

  test('of another link says nothing', () => {
    expect(
      new PathProof('acceptor', b, random.bytes(32)).read(dialer.write('answer', id, nonce)),
    ).toBeUndefined();
    expect(new PathProof('acceptor', a, b).read(dialer.write('answer', id, nonce))).toBeUndefined();
  });

  test('with any bit turned over, or shorter or longer, is none; the connection id is not part of the proof', () => {
    const probe = dialer.write('answer', id, nonce);
    for (let bit = 8; bit < 8 * PROBE_SIZE; bit++) {
      const damaged = Uint8Array.from(probe);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const inId = bit >= 16 && bit < 16 + 160;
      expect(acceptor.read(damaged) === undefined).toBe(!inId);
    }
    for (const bytes of [probe.subarray(0, 45), Buffer.concat([probe, Buffer.alloc(1)]), new Uint8Array(0)]) {
      expect(acceptor.read(bytes)).toBeUndefined();
      expect(probedId(Buffer.from(bytes))).toBeUndefined();
    }
  });
});
