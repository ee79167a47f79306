/** Random control messages and styles for properties. */
import fc from 'fast-check';
import { isWellFormedText } from '../../../src/codec/utf8.ts';
import { cutReason } from '../../../src/dist/relay/protocol/reasons.ts';
import type { ControlMessage, ControlStyle } from '../../../src/dist/relay/protocol/messages.ts';

/** Whether an end may have this name. */
const isName = (text: string): boolean =>
  isWellFormedText(text) && !/\p{Cc}/u.test(text) && text !== '' && Buffer.byteLength(text) <= 255;

const name = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 40 }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
    fc.constantFrom('alice@host', 'x'.repeat(255), '4433@[::1]', '\uFEFFa', '__proto__'),
  )
  .filter(isName);
const reason = fc
  .oneof(fc.string(), fc.string({ unit: 'grapheme', maxLength: 300 }), fc.constantFrom('not_identified', ''))
  .filter(isWellFormedText)
  .map(cutReason);
const tunnel_id = fc.stringMatching(/^[0-9A-F]{32}$/);
const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const proof = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(new Uint8Array(4_096).fill(3)));
const version = fc.integer({ min: 1, max: 0xffff });
const idle = fc.oneof(
  fc.integer({ min: 1, max: 0xffff_ffff }),
  fc.constantFrom(1, 23, 24, 127, 128, 255, 256, 65_535, 65_536, 0xffff_ffff),
);
const credit = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0, 23, 24, 127, 128, 255, 256, 65_535, 65_536, 0xffff_ffff),
);

const one = <const T extends ControlMessage['type']>(
  type: T,
  fields: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  ...needed: readonly string[]
): fc.Arbitrary<ControlMessage> =>
  fc
    .record(fields, { requiredKeys: [...needed], noNullPrototype: true })
    .map((made) => ({ type, ...made }) as unknown as ControlMessage);

export const controlMessage: fc.Arbitrary<ControlMessage> = fc.oneof(
  one(
    'identify',
    { node_name: name, version, seed: bytes(32), realm: name, realm_proof: proof },
    'node_name',
  ),
  one('identified', { status: fc.constant('ok'), version, seed: bytes(32), idle }, 'status'),
  one('refused', { reason }, 'reason'),
  one('tunnel_request', { target: name, request_id: bytes(16) }, 'target'),
  one('tunnel_ok', { tunnel_id, request_id: bytes(16), target: name }, 'tunnel_id'),
  one('tunnel_error', { reason, request_id: bytes(16) }, 'reason'),
  one('tunnel_notify', { tunnel_id, source: name }, 'tunnel_id', 'source'),
  one('tunnel_close', { tunnel_id }, 'tunnel_id'),
  one('tunnel_credit', { tunnel_id, bytes: credit }, 'tunnel_id', 'bytes'),
);

/** Every way to write. */
export const STYLES: readonly ControlStyle[] = [
  { encoding: 'cbor', text: 'text' },
  { encoding: 'cbor', text: 'bytes' },
  { encoding: 'msgpack', text: 'text' },
];
export const controlStyle: fc.Arbitrary<ControlStyle> = fc.constantFrom(...STYLES);
