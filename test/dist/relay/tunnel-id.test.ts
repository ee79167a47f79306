import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../../src/actor/random.ts';
import {
  isTunnelId,
  PrefixReader,
  TUNNEL_ID_BYTES,
  tunnelId,
} from '../../../src/dist/relay/protocol/tunnel-id.ts';

const ID = '0123456789ABCDEFFEDCBA9876543210';

/** The id and all that came behind it; undefined: no id. */
function read(pieces: readonly Uint8Array[]): { id: string | undefined; rest: string } | undefined {
  const reader = new PrefixReader();
  let id: string | undefined;
  let rest = '';
  for (const piece of pieces) {
    const lent = Uint8Array.from(piece);
    const result = reader.push(lent);
    if (result.tag === 'no_id') return undefined;
    if (result.tag === 'id') [id, rest] = [result.id, rest + Buffer.from(result.rest).toString('hex')];
    lent.fill(0xee);
  }
  return { id, rest };
}

describe('an id', () => {
  test('is 32 characters that are an id, and no two are the same', () => {
    const ids = Array.from({ length: 100 }, () => tunnelId(systemRandom));
    expect(ids.every((id) => id.length === TUNNEL_ID_BYTES && isTunnelId(id))).toBe(true);
    expect(new Set(ids).size).toBe(100);
  });

  test('has upper-case hexadecimal characters only, and nothing before or behind them', () => {
    expect(isTunnelId(ID)).toBe(true);
    for (const bad of [
      '',
      ID.toLowerCase(),
      ID.slice(1),
      `${ID}0`,
      `${ID}\n`,
      ` ${ID.slice(1)}`,
      `G${ID.slice(1)}`,
    ])
      expect(isTunnelId(bad)).toBe(false);
  });
});

describe('the prefix of a stream', () => {
  test('split at every byte gives the id and loses no byte behind it', () => {
    const whole = Buffer.from(`${ID}payload`);
    const rest = Buffer.from('payload').toString('hex');
    for (let at = 0; at <= whole.length; at++)
      expect(read([whole.subarray(0, at), whole.subarray(at)])).toEqual({ id: ID, rest });
    expect(read(Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual({ id: ID, rest });
  });

  test('cut anyhow, with anything behind it, gives the same', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9A-F]{32}$/),
        fc.uint8Array({ maxLength: 100 }),
        fc.array(fc.nat({ max: 20 }), { maxLength: 20 }),
        (id, payload, cuts) => {
          const whole = Buffer.concat([Buffer.from(id), payload]);
          const pieces: Uint8Array[] = [];
          let at = 0;
          for (const size of cuts) pieces.push(whole.subarray(at, (at += size)));
          expect(read([...pieces, whole.subarray(at)])).toEqual({
            id,
            rest: Buffer.from(payload).toString('hex'),
          });
        },
      ),
    );
  });

  test('is not whole before its last byte, and then has nothing behind it', () => {
    const reader = new PrefixReader();
    expect(reader.push(Buffer.from(ID.slice(0, 31)))).toEqual({ tag: 'more' });
    expect(reader.push(new Uint8Array())).toEqual({ tag: 'more' });
    const whole = reader.push(Buffer.from(ID.slice(31)));
    expect(whole).toMatchObject({ tag: 'id', id: ID });
    expect(whole.tag === 'id' && whole.rest.length).toBe(0);
  });

  test('is none from its first wrong byte on, whatever comes later', () => {
    const wrong = [0x00, 0x2f, 0x3a, 0x40, 0x47, 0x61, 0x66, 0xff];
    for (const byte of wrong)
      for (let at = 0; at < TUNNEL_ID_BYTES; at++) {
        const bytes = Buffer.from(ID);
        bytes[at] = byte;
        const reader = new PrefixReader();
        if (at > 0) expect(reader.push(bytes.subarray(0, at))).toEqual({ tag: 'more' });
        expect(reader.push(bytes.subarray(at, at + 1))).toEqual({ tag: 'no_id' });
        expect(reader.push(Buffer.from(ID))).toEqual({ tag: 'no_id' });
        expect(read([bytes])).toBeUndefined();
      }
  });
});
