/**
 * Control frames as others might write them: items of both encodings, byte by byte, and one message of each kind. Nothing here is
 * checked, and nothing of the encoder under test is used.
 */
import type { ControlMessage } from '../../../src/dist/relay/protocol/messages.ts';
import { bytesOf, head } from '../../fuzz/corpus.ts';

export const ID = '0123456789ABCDEF0123456789ABCDEF';

/** A way to write; `text` and `bytes` take what stands in them. */
export interface RawItems {
  readonly map: (...items: readonly Uint8Array[]) => Uint8Array;
  readonly list: (...items: readonly Uint8Array[]) => Uint8Array;
  readonly text: (value: string | Uint8Array) => Uint8Array;
  readonly bytes: (value: string | Uint8Array) => Uint8Array;
  /** Below 2^32. */
  readonly uint: (value: number) => Uint8Array;
}

export const rawCbor: RawItems = {
  map: (...items) => bytesOf(head(5, items.length / 2), items),
  list: (...items) => bytesOf(head(4, items.length), items),
  text: (value) => bytesOf(head(3, Buffer.from(value).length), Buffer.from(value)),
  bytes: (value) => bytesOf(head(2, Buffer.from(value).length), Buffer.from(value)),
  uint: (value) => head(0, value),
};

/** Always in the widest form. */
export const rawMsgpack: RawItems = {
  map: (...items) => bytesOf(0xdf, u32(items.length / 2), items),
  list: (...items) => bytesOf(0xdd, u32(items.length), items),
  text: (value) => bytesOf(0xdb, u32(Buffer.from(value).length), Buffer.from(value)),
  bytes: (value) => bytesOf(0xc6, u32(Buffer.from(value).length), Buffer.from(value)),
  uint: (value) => bytesOf(0xce, u32(value)),
};

export const RAW: Readonly<Record<'cbor' | 'msgpack', RawItems>> = { cbor: rawCbor, msgpack: rawMsgpack };

/** One of each kind, with every field that it may have. */
export const MESSAGES: readonly ControlMessage[] = [
  {
    type: 'identify',
    node_name: 'alice@host',
    version: 1,
    seed: new Uint8Array(32).fill(7),
    realm: 'one realm',
    realm_proof: new Uint8Array(300).fill(9),
  },
  { type: 'identified', status: 'ok', version: 300, seed: new Uint8Array(32).fill(8), idle: 300_000 },
  { type: 'refused', reason: 'another key holds this name' },
  { type: 'tunnel_request', target: 'bob@host', request_id: new Uint8Array(16).fill(1) },
  { type: 'tunnel_ok', tunnel_id: ID, request_id: new Uint8Array(16).fill(2), target: 'bob@høst' },
  { type: 'tunnel_error', reason: 'target_not_connected', request_id: new Uint8Array(16) },
  { type: 'tunnel_notify', tunnel_id: ID, source: 'alice@host' },
  { type: 'tunnel_close', tunnel_id: ID },
  { type: 'tunnel_credit', tunnel_id: ID, bytes: 0xffff_ffff },
];

/** With its length before it. */
export const framed = (frame: Uint8Array): Uint8Array => bytesOf(u32(frame.length), frame);

export const u32 = (value: number): readonly number[] => [
  value >>> 24,
  (value >>> 16) & 0xff,
  (value >>> 8) & 0xff,
  value & 0xff,
];
