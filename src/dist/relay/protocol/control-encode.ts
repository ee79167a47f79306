/**
 * Writes a control frame with its length, in either encoding (SPEC §11.1). Pure.
 *
 * Reasons are cut at what the other end reads of them. Of everything else whoever makes the message has seen to it that it is as
 * `decodeControl` wants it: a name that is too long makes a frame that the other end skips.
 */
import { Buffer } from 'node:buffer';
import { OUR_STYLE, type ControlMessage, type ControlStyle } from './messages.ts';
import { cutReason } from './reasons.ts';

/** A text, an unsigned integer below 2^32, or bytes. */
export type WireValue = string | number | Uint8Array;

const LENGTH_BYTES = 4;

/** The first bytes of each kind of item. */
interface Heads {
  readonly map: (pairs: number) => Uint8Array;
  readonly text: (length: number) => Uint8Array;
  readonly bytes: (length: number) => Uint8Array;
  readonly uint: (value: number) => Uint8Array;
}

/** RFC 8949 §3, in the shortest form. */
const CBOR: Heads = {
  map: (pairs) => cborHead(5, pairs),
  text: (length) => cborHead(3, length),
  bytes: (length) => cborHead(2, length),
  uint: (value) => cborHead(0, value),
};

/** CBOR in which texts are byte strings, as the reference writes it. */
const CBOR_BYTES: Heads = { ...CBOR, text: CBOR.bytes };

/** The MessagePack specification, "Formats". No message of ours has 16 fields. */
const MSGPACK: Heads = {
  map: (pairs) => Uint8Array.of(0x80 | pairs),
  text: (length) => (length < 32 ? Uint8Array.of(0xa0 | length) : sized(0xd9, length)),
  bytes: (length) => sized(0xc4, length),
  uint: (value) => (value < 0x80 ? Uint8Array.of(value) : sized(0xcc, value)),
};

/** The frame of a message, its length of four bytes before it. */
export function encodeControl(message: ControlMessage, style: ControlStyle = OUR_STYLE): Uint8Array {
  const heads = headsOf(style);
  const fields = Object.entries(wireMap(message));
  const parts: Uint8Array[] = [Buffer.alloc(LENGTH_BYTES), heads.map(fields.length)];
  for (const [key, value] of fields) {
    putText(parts, heads, key);
    if (typeof value === 'string') putText(parts, heads, value);
    else if (typeof value === 'number') parts.push(heads.uint(value));
    else parts.push(heads.bytes(value.length), value);
  }
  const frame = Buffer.concat(parts);
  frame.writeUInt32BE(frame.length - LENGTH_BYTES);
  return frame;
}

/** A message as its map: the keys that go over the wire, in their order there. */
export function wireMap(message: ControlMessage): Readonly<Record<string, WireValue>> {
  switch (message.type) {
    case 'identify': {
      const { node_name: n, version: v, seed, realm, realm_proof: proof } = message;
      return given({ t: 'id', n, v, seed, realm, proof });
    }
    case 'identified':
      return given({ t: 'id_ok', v: message.version, seed: message.seed, idle: message.idle });
    case 'refused':
      return { t: 'id_err', r: cutReason(message.reason) };
    case 'tunnel_request':
      return given({ t: 'tun_req', target: message.target, rid: message.request_id });
    case 'tunnel_ok': {
      const { tunnel_id: tid, request_id: rid, target } = message;
      return given({ t: 'tun_ok', tid, rid, target });
    }
    case 'tunnel_error':
      return given({ t: 'tun_err', r: cutReason(message.reason), rid: message.request_id });
    case 'tunnel_notify':
      return { t: 'tun_notify', tid: message.tunnel_id, src: message.source };
    case 'tunnel_close':
      return { t: 'tun_close', tid: message.tunnel_id };
    case 'tunnel_credit':
      return { t: 'credit', tid: message.tunnel_id, bytes: message.bytes };
  }
}

const headsOf = ({ encoding, text }: ControlStyle): Heads =>
  encoding === 'msgpack' ? MSGPACK : text === 'bytes' ? CBOR_BYTES : CBOR;

function putText(parts: Uint8Array[], heads: Heads, text: string): void {
  const bytes = Buffer.from(text);
  parts.push(heads.text(bytes.length), bytes);
}

const cborHead = (major: number, argument: number): Uint8Array =>
  argument < 24 ? Uint8Array.of((major << 5) | argument) : sized((major << 5) | 24, argument);

/** A number behind the head that says that it has one byte; the two heads after that one say two, and four. */
function sized(head: number, value: number): Uint8Array {
  const wide = value > 0xffff ? 2 : value > 0xff ? 1 : 0;
  const bytes = Buffer.alloc(1 + (1 << wide));
  bytes[0] = head + wide;
  bytes.writeUIntBE(value, 1, 1 << wide);
  return bytes;
}

/** The fields that are there. */
const given = (
  fields: Readonly<Record<string, WireValue | undefined>>,
): Readonly<Record<string, WireValue>> =>
  Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, WireValue] => field[1] !== undefined),
  );
