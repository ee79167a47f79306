/**
 * The one spelling in which the frames of a lookup are written, piece by piece: what stands between the bytes that
 * differ. Pure data. Source: SPEC §4.3.
 */
import { Buffer } from 'node:buffer';
import { ID_BYTES, KEY_BYTES, SIGNATURE_BYTES } from './field.ts';

/** Major types of CBOR, in place, and the heads of longer arguments. */
export const BYTES = 0x40;
export const TEXT = 0x60;
export const LIST = 0x80;
export const ONE_BYTE = 24;
export const TWO_BYTES = 25;

const bytesOf = (...parts: readonly (string | number)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part)] : [part])));

export const map = (pairs: number): number => 0xa0 | pairs;
const text = (of: string): readonly (string | number)[] => [TEXT | of.length, of];
const blob32 = [BYTES | ONE_BYTE, KEY_BYTES] as const;

export const CONTACT: Uint8Array = bytesOf(map(2), ...text('node_id'), ...blob32);
export const ADDRESS: Uint8Array = bytesOf(...text('address'));
export const RECORD: Uint8Array = bytesOf(map(2), ...text('record'));
export const SIGNATURE: Uint8Array = bytesOf(...text('sig'), BYTES | ONE_BYTE, SIGNATURE_BYTES);
export const REQUEST_ID: Uint8Array = bytesOf(...text('request_id'), BYTES | ID_BYTES);
export const KEY: Uint8Array = bytesOf(...text('key'), ...blob32);
export const NODES: Uint8Array = bytesOf(...text('nodes'));
const VALUE: Uint8Array = bytesOf(...text('value'));
export const FIND_NODE: Uint8Array = bytesOf(map(3), ...text('type'), ...text('find_node'), ...REQUEST_ID);
export const FIND_VALUE: Uint8Array = bytesOf(map(3), ...text('type'), ...text('find_value'), ...REQUEST_ID);
export const TARGET: Uint8Array = bytesOf(...text('target'), ...blob32);
export const FIND_NODE_REPLY: Uint8Array = bytesOf(map(2), ...REQUEST_ID);
export const NODES_FOUND: Uint8Array = bytesOf(...text('result'), ...text('nodes'), ...NODES);
export const VALUE_FOUND: Uint8Array = bytesOf(...text('result'), ...text('value'), ...VALUE);
