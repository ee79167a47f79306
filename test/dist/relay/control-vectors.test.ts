/** `test/vectors/dist-relay-control.json`, one test per case. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeCbor } from '../../../src/codec/cbor.ts';
import { encodeControl, wireMap } from '../../../src/dist/relay/protocol/control-encode.ts';
import { ControlReader } from '../../../src/dist/relay/protocol/control-reader.ts';
import type { ControlMessage } from '../../../src/dist/relay/protocol/messages.ts';
import { REASONS } from '../../../src/dist/relay/protocol/reasons.ts';
import { isTunnelId, tunnelId } from '../../../src/dist/relay/protocol/tunnel-id.ts';
import { fromHex, toHex, vectors } from '../../codec/vectors.ts';

interface Input {
  readonly op: string;
  readonly message: ControlMessage;
  readonly hex: string;
  readonly cap?: number;
  readonly bytes: string;
}
interface Expectation {
  readonly ok?: unknown;
  readonly error?: unknown;
}
interface Decoded {
  readonly messages: readonly ControlMessage[];
  readonly rest: string;
  readonly skipped?: number;
}

/** What a whole relay does: each of these names begins the title of a test there. */
const TUNNELS = readFileSync(new URL('tunnels.test.ts', import.meta.url), 'utf8');

const CASES = vectors<Input, Expectation>('dist-relay-control');

function decodes({ hex, cap }: Input, { ok, error }: Expectation): void {
  const reader = new ControlReader(cap);
  const events = reader.push(fromHex(hex));
  if (error !== undefined) return expect(events).toEqual([error]);
  const { messages, rest, skipped } = ok as Decoded;
  expect(events.map((event) => (event.tag === 'message' ? event.message : event))).toEqual(messages);
  expect(hex.slice(hex.length - 2 * reader.pending)).toBe(rest);
  if (skipped !== undefined) expect(reader.skipped).toBe(skipped);
}

function encodes({ message }: Input, { ok }: Expectation): void {
  const frame = encodeControl(message);
  const expected = fromHex((ok as { readonly hex: string }).hex);
  expect(toHex(frame.subarray(0, 4))).toBe(toHex(expected.subarray(0, 4)));
  const value = decodeCbor(frame.subarray(4));
  expect(value).toMatchObject({ ok: true });
  expect(value).toEqual(decodeCbor(expected.subarray(4)));
}

describe('vectors of dist-relay-control', () => {
  test.each(CASES)('$name', ({ name, input, expect: wanted }) => {
    switch (input.op) {
      case 'wireMap':
        return expect(wireMap(input.message)).toEqual(wanted.ok);
      case 'encode':
        return encodes(input, wanted);
      case 'decode':
        return decodes(input, wanted);
      case 'tunnelId': {
        const id = tunnelId({ bytes: () => fromHex(input.bytes) });
        expect(id).toBe(wanted.ok);
        return expect(isTunnelId(id)).toBe(true);
      }
      case 'reasons':
        return expect(REASONS).toEqual(wanted.ok);
      case 'scenario':
        return expect(TUNNELS).toMatch(new RegExp(`test[^']*'${name}\\b`));
      default:
        return expect.fail(`unknown op ${input.op}`);
    }
  });

  test('what we write in MessagePack is what we are to read, byte for byte', () => {
    const read = CASES.filter(({ name }) => /^decode \w+, MessagePack$/.test(name));
    expect(read).toHaveLength(7);
    for (const { input, expect: wanted } of read) {
      const [message] = (wanted.ok as Decoded).messages;
      const frame = encodeControl(message as ControlMessage, { encoding: 'msgpack', text: 'text' });
      expect(toHex(frame)).toBe(input.hex);
    }
  });

  test('what the reference writes, byte strings all of it, is answered in kind', () => {
    const read = CASES.filter(({ name }) => /^decode \w+, byte-string keys and values/.test(name));
    expect(read).toHaveLength(7);
    for (const { input, expect: wanted } of read) {
      const [message] = (wanted.ok as Decoded).messages;
      const [event] = new ControlReader().push(fromHex(input.hex));
      if (event?.tag !== 'message') return expect.fail('no message');
      expect(event.style).toEqual({ encoding: 'cbor', text: 'bytes' });
      const again = encodeControl(message as ControlMessage, event.style);
      expect(again).toHaveLength(input.hex.length / 2);
      expect(new ControlReader().push(again)).toEqual([event]);
    }
  });
});
