/** A signed record for the fuzzer, and what must hold for any bytes that come with its signature. */
import { seededRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { makeRecord, procedureKey } from '../../src/mesh/dht/record.ts';
import { judgeRecord } from '../mesh/dht/judge.ts';

/** 2026-03-01T00:00:00Z */
const WALL = Date.UTC(2026, 2, 1);
const KEY = procedureKey('weather.now');

const made = makeRecord(createIdentity(seededRandom('fuzz'), WALL), {
  key: KEY,
  realm: 'test',
  endpoints: ['192.0.2.1:9443', '[2001:db8::1]:9443'],
  metadata: { version: 1, tags: ['a', 'b'] },
  seq: WALL,
  issuedAt: WALL,
  ttl: 300_000,
  removed: false,
});
if (made.tag !== 'made') throw new Error(made.tag);
const { sig } = made.payload;

/** As signed. */
export const record: Uint8Array = made.payload.record;

const expected = { key: Buffer.from(KEY).toString('hex'), realm: 'test', wall: WALL };

/** Throws when a signature is accepted under bytes it was not made for, or not under those it was made for. */
export function checkRecord(bytes: Uint8Array): void {
  const { tag } = judgeRecord({ record: bytes, sig }, expected);
  const own = Buffer.compare(bytes, record) === 0;
  if ((tag === 'verified') !== own)
    throw new Error(own ? 'a good record is refused' : 'a forged record is believed');
}
