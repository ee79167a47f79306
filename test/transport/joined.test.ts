import { expect, test } from 'vitest';
import { Joined } from '../../src/transport/joined.ts';

test('small pieces that wait are copied together, large ones and those that are not to be are kept', () => {
  const joined = new Joined();
  const pieces: Uint8Array[] = [];
  const [alone, large] = [Uint8Array.of(1), new Uint8Array(512)];
  joined.append(pieces, alone, false);
  for (let byte = 0; byte < 10_000; byte++) joined.append(pieces, Uint8Array.of(byte), true);
  joined.append(pieces, large, true);
  joined.append(pieces, Uint8Array.of(2), true);
  expect(pieces.map(({ length }) => length)).toEqual([1, 2_048, 2_048, 2_048, 2_048, 1_808, 512, 1]);
  expect([pieces[0], pieces[6]].map((piece) => piece?.buffer)).toEqual([alone.buffer, large.buffer]);
  const bytes = Buffer.concat(pieces.slice(1, 6));
  expect(bytes.every((byte, at) => byte === at % 256)).toBe(true);
});

test('a piece whose begin was taken goes on behind its end', () => {
  const joined = new Joined();
  const pieces: Uint8Array[] = [];
  joined.append(pieces, Uint8Array.of(1, 2, 3), true);
  pieces[0] = (pieces[0] as Uint8Array).subarray(2);
  joined.append(pieces, Uint8Array.of(4), true);
  expect(pieces).toEqual([Uint8Array.of(3, 4)]);
});
