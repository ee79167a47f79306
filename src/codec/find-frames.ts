/**
 * The frames of a lookup in the one spelling in which we write them: a node answers with twenty contacts each time it
 * is asked, and the way over any value costs eight times as much.
 *
 * Written: the very bytes that `encodeFrame` makes of the same payload. Read: these and no others, by a forward scan
 * that trusts no length. Whatever differs in a byte (another order of fields, a field more, a longer head, a text that
 * is not ASCII, one contact too many) is undefined here, and judged by the scan and the schemas as any other frame.
 *
 * Pure. Throws nothing. Source: SPEC §4.3, SECURITY §6.2.
 */
import { Buffer } from 'node:buffer';
import {
  ID_BYTES,
  KEY_BYTES,
  MAX_CONTACTS,
  MAX_RECORDS,
  NAME_BYTES,
  RECORD_BYTES,
  SIGNATURE_BYTES,
} from './field.ts';
import { FRAME_TYPE_IDS, type FrameType } from './frame-type.ts';
import { FRAME_VERSION, HEADER_BYTES } from './header.ts';
import { CONTROL_FRAME_CAP } from './limits.ts';
import type {
  ContactPayload,
  FindNodePayload,
  FindNodeReplyPayload,
  FindValuePayload,
  FindValueReplyPayload,
  SignedRecordPayload,
} from './payloads.ts';

/** What is told of a node. */
export interface Named {
  /** 32 bytes. */
  readonly id: Uint8Array;
  readonly address: string;
}

export type FindPayload = FindNodePayload | FindValuePayload | FindNodeReplyPayload | FindValueReplyPayload;

/** Major types of CBOR, in place, and the heads of longer arguments. */
const BYTES = 0x40;
const TEXT = 0x60;
const LIST = 0x80;
const ONE_BYTE = 24;
const TWO_BYTES = 25;

const bytesOf = (...parts: readonly (string | number)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part)] : [part])));

const map = (pairs: number): number => 0xa0 | pairs;
const text = (of: string): readonly (string | number)[] => [TEXT | of.length, of];
const blob32 = [BYTES | ONE_BYTE, KEY_BYTES] as const;

const CONTACT = bytesOf(map(2), ...text('node_id'), ...blob32);
const ADDRESS = bytesOf(...text('address'));
const RECORD = bytesOf(map(2), ...text('record'));
const SIGNATURE = bytesOf(...text('sig'), BYTES | ONE_BYTE, SIGNATURE_BYTES);
const REQUEST_ID = bytesOf(...text('request_id'), BYTES | ID_BYTES);
const KEY = bytesOf(...text('key'), ...blob32);
const NODES = bytesOf(...text('nodes'));
const VALUE = bytesOf(...text('value'));
const FIND_NODE = bytesOf(map(3), ...text('type'), ...text('find_node'), ...REQUEST_ID);
const FIND_VALUE = bytesOf(map(3), ...text('type'), ...text('find_value'), ...REQUEST_ID);
const TARGET = bytesOf(...text('target'), ...blob32);
const FIND_NODE_REPLY = bytesOf(map(2), ...REQUEST_ID);
const NODES_FOUND = bytesOf(...text('result'), ...text('nodes'), ...NODES);
const VALUE_FOUND = bytesOf(...text('result'), ...text('value'), ...VALUE);

// --- writing ------------------------------------------------------------------------------------------------

/** A `find_node` or `find_value`: id of 16 bytes, target or key of 32. */
export function writeQuestion(type: 'find_node' | 'find_value', id: Uint8Array, of: Uint8Array): Uint8Array {
  const [front, field] = type === 'find_node' ? [FIND_NODE, TARGET] : [FIND_VALUE, KEY];
  const writer = new Writer(type, front.length + ID_BYTES + field.length + KEY_BYTES);
  writer.put(front);
  writer.put(id);
  writer.put(field);
  writer.put(of);
  return writer.bytes;
}

/** A `find_node_reply`. Undefined for what this spelling cannot say. */
export function writeNodes(id: Uint8Array, nodes: readonly Named[]): Uint8Array | undefined {
  const length = lengthOf(nodes);
  if (length < 0) return undefined;
  const writer = new Writer('find_node_reply', FIND_NODE_REPLY.length + ID_BYTES + NODES.length + length);
  writer.put(FIND_NODE_REPLY);
  writer.put(id);
  writer.put(NODES);
  writer.contacts(nodes);
  return writer.bytes;
}

/** A `find_value_reply`, with the records if there are any. Undefined for what this spelling cannot say. */
export function writeValue(
  id: Uint8Array,
  key: Uint8Array,
  value: readonly SignedRecordPayload[],
  nodes: readonly Named[],
): Uint8Array | undefined {
  const contacts = lengthOf(nodes);
  const records = value.length === 0 ? 0 : lengthOfRecords(value) + NODES.length;
  if (contacts < 0 || records < 0) return undefined;
  const found = value.length === 0 ? NODES_FOUND : VALUE_FOUND;
  const front = 1 + REQUEST_ID.length + ID_BYTES + KEY.length + KEY_BYTES + found.length;
  // no stream of the DHT takes it: `encodeFrame` says so
  if (front + records + contacts > CONTROL_FRAME_CAP) return undefined;
  const writer = new Writer('find_value_reply', front + records + contacts);
  writer.byte(map(value.length === 0 ? 4 : 5));
  writer.put(REQUEST_ID);
  writer.put(id);
  writer.put(KEY);
  writer.put(key);
  writer.put(found);
  if (value.length > 0) {
    writer.records(value);
    writer.put(NODES);
  }
  writer.contacts(nodes);
  return writer.bytes;
}

/** Bytes of a list of contacts; negative when one of them is none. */
function lengthOf(nodes: readonly Named[]): number {
  if (nodes.length > MAX_CONTACTS) return -1;
  let length = headLength(nodes.length);
  for (const { id, address } of nodes) {
    if (id.length !== KEY_BYTES || address.length === 0 || address.length > NAME_BYTES) return -1;
    for (let at = 0; at < address.length; at++) if (address.charCodeAt(at) > 0x7f) return -1;
    length += CONTACT.length + KEY_BYTES + ADDRESS.length + headLength(address.length) + address.length;
  }
  return length;
}

function lengthOfRecords(records: readonly SignedRecordPayload[]): number {
  if (records.length > MAX_RECORDS) return -Infinity;
  let length = headLength(records.length);
  for (const { record, sig } of records) {
    if (sig.length !== SIGNATURE_BYTES || record.length === 0 || record.length > RECORD_BYTES)
      return -Infinity;
    length += RECORD.length + headLength(record.length) + record.length + SIGNATURE.length + SIGNATURE_BYTES;
  }
  return length;
}

const headLength = (argument: number): number => (argument < ONE_BYTE ? 1 : argument < 256 ? 2 : 3);

class Writer {
  readonly bytes: Uint8Array;
  #at = HEADER_BYTES;

  /** @param length bytes of the payload, exactly. */
  constructor(type: FrameType, length: number) {
    const { buffer, byteOffset } = Buffer.allocUnsafe(HEADER_BYTES + length);
    const bytes = new Uint8Array(buffer, byteOffset, HEADER_BYTES + length);
    bytes[0] = FRAME_VERSION;
    bytes[1] = FRAME_TYPE_IDS[type];
    bytes[2] = bytes[3] = 0;
    bytes[4] = length >>> 24;
    bytes[5] = length >>> 16;
    bytes[6] = length >>> 8;
    bytes[7] = length;
    this.bytes = bytes;
  }

  byte(value: number): void {
    this.bytes[this.#at++] = value;
  }

  put(part: Uint8Array): void {
    this.bytes.set(part, this.#at);
    this.#at += part.length;
  }

  head(major: number, argument: number): void {
    const { bytes } = this;
    if (argument < ONE_BYTE) bytes[this.#at++] = major | argument;
    else if (argument < 256) {
      bytes[this.#at++] = major | ONE_BYTE;
      bytes[this.#at++] = argument;
    } else {
      bytes[this.#at++] = major | TWO_BYTES;
      bytes[this.#at++] = argument >> 8;
      bytes[this.#at++] = argument;
    }
  }

  contacts(nodes: readonly Named[]): void {
    this.head(LIST, nodes.length);
    const { bytes } = this;
    for (const { id, address } of nodes) {
      this.put(CONTACT);
      this.put(id);
      this.put(ADDRESS);
      this.head(TEXT, address.length);
      let at = this.#at;
      for (let index = 0; index < address.length; index++) bytes[at++] = address.charCodeAt(index);
      this.#at = at;
    }
  }

  records(all: readonly SignedRecordPayload[]): void {
    this.head(LIST, all.length);
    for (const { record, sig } of all) {
      this.put(RECORD);
      this.head(BYTES, record.length);
      this.put(record);
      this.put(SIGNATURE);
      this.put(sig);
    }
  }
}

// --- reading ------------------------------------------------------------------------------------------------

/** The payload of such a frame; nothing in it refers to `bytes`, which may be lent. */
export function readFind(type: FrameType, bytes: Uint8Array): FindPayload | undefined {
  switch (type) {
    case 'find_node':
      return new Reader(bytes).findNode();
    case 'find_value':
      return new Reader(bytes).findValue();
    case 'find_node_reply':
      return new Reader(bytes).nodesFound();
    case 'find_value_reply':
      return new Reader(bytes).valueFound();
    default:
      return undefined;
  }
}

/** Each step tells whether the bytes go on as they must, and stands behind them then. */
class Reader {
  readonly #bytes: Uint8Array;
  #texts: Buffer | undefined;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#texts = undefined;
  }

  findNode(): FindNodePayload | undefined {
    const { request_id, of } = this.#question(FIND_NODE, TARGET) ?? NONE;
    return of === undefined ? undefined : { type: 'find_node', request_id, target: of };
  }

  findValue(): FindValuePayload | undefined {
    const { request_id, of } = this.#question(FIND_VALUE, KEY) ?? NONE;
    return of === undefined ? undefined : { type: 'find_value', request_id, key: of };
  }

  nodesFound(): FindNodeReplyPayload | undefined {
    const request_id = this.#is(FIND_NODE_REPLY) ? this.#copy(ID_BYTES) : undefined;
    const nodes = request_id !== undefined && this.#is(NODES) ? this.#contacts() : undefined;
    return request_id === undefined || nodes === undefined ? undefined : { request_id, nodes };
  }

  valueFound(): FindValueReplyPayload | undefined {
    const pairs = this.#bytes[this.#at++];
    const request_id = this.#is(REQUEST_ID) ? this.#copy(ID_BYTES) : undefined;
    const key = request_id !== undefined && this.#is(KEY) ? this.#copy(KEY_BYTES) : undefined;
    if (request_id === undefined || key === undefined) return undefined;
    if (pairs === map(4)) {
      const nodes = this.#is(NODES_FOUND) ? this.#contacts() : undefined;
      return nodes === undefined ? undefined : { request_id, key, result: 'nodes', nodes };
    }
    const value = pairs === map(5) && this.#is(VALUE_FOUND) ? this.#records() : undefined;
    const nodes = value !== undefined && this.#is(NODES) ? this.#contacts() : undefined;
    return value === undefined || nodes === undefined
      ? undefined
      : { request_id, key, result: 'value', value, nodes };
  }

  #question(front: Uint8Array, field: Uint8Array): Question | undefined {
    const request_id = this.#is(front) ? this.#copy(ID_BYTES) : undefined;
    const of = request_id !== undefined && this.#is(field) ? this.#copy(KEY_BYTES) : undefined;
    return request_id === undefined || of === undefined || this.#left > 0 ? undefined : { request_id, of };
  }

  /** Nothing comes after them. */
  #contacts(): readonly ContactPayload[] | undefined {
    const count = this.#head(LIST);
    if (count < 0 || count > MAX_CONTACTS) return undefined;
    const nodes: ContactPayload[] = [];
    for (let index = 0; index < count; index++) {
      const node_id = this.#is(CONTACT) ? this.#copy(KEY_BYTES) : undefined;
      const address = node_id !== undefined && this.#is(ADDRESS) ? this.#text() : undefined;
      if (node_id === undefined || address === undefined) return undefined;
      nodes.push({ node_id, address });
    }
    return this.#left === 0 ? nodes : undefined;
  }

  #records(): readonly SignedRecordPayload[] | undefined {
    const count = this.#head(LIST);
    if (count < 0 || count > MAX_RECORDS) return undefined;
    const records: SignedRecordPayload[] = [];
    for (let index = 0; index < count; index++) {
      const length = this.#is(RECORD) ? this.#head(BYTES) : 0;
      const record = length > 0 && length <= RECORD_BYTES ? this.#copy(length) : undefined;
      const sig = record !== undefined && this.#is(SIGNATURE) ? this.#copy(SIGNATURE_BYTES) : undefined;
      if (record === undefined || sig === undefined) return undefined;
      records.push({ record, sig });
    }
    return records;
  }

  get #left(): number {
    return this.#bytes.length - this.#at;
  }

  #is(part: Uint8Array): boolean {
    const bytes = this.#bytes;
    const from = this.#at;
    if (bytes.length - from < part.length) return false;
    for (let index = 0; index < part.length; index++) if (bytes[from + index] !== part[index]) return false;
    this.#at = from + part.length;
    return true;
  }

  /** The argument of a head, the shortest one for it; negative when it is none of that major type. */
  #head(major: number): number {
    const bytes = this.#bytes;
    const first = (bytes[this.#at++] ?? 0) ^ major;
    if (first < ONE_BYTE) return first;
    if (first === ONE_BYTE) {
      const argument = bytes[this.#at++] ?? 0;
      return argument < ONE_BYTE ? -1 : argument;
    }
    if (first !== TWO_BYTES || this.#left < 2) return -1;
    const argument = (bytes[this.#at++]! << 8) | bytes[this.#at++]!;
    return argument < 256 ? -1 : argument;
  }

  /** By hand: so few bytes are copied before a native call has begun. */
  #copy(length: number): Uint8Array | undefined {
    if (this.#left < length) return undefined;
    const copy = new Uint8Array(length);
    const bytes = this.#bytes;
    const from = this.#at;
    if (length > SIGNATURE_BYTES) copy.set(bytes.subarray(from, from + length));
    else for (let index = 0; index < length; index++) copy[index] = bytes[from + index]!;
    this.#at = from + length;
    return copy;
  }

  #text(): string | undefined {
    const length = this.#head(TEXT);
    if (length <= 0 || length > NAME_BYTES || this.#left < length) return undefined;
    const bytes = this.#bytes;
    const from = this.#at;
    const end = from + length;
    for (let index = from; index < end; index++) if (bytes[index]! > 0x7f) return undefined;
    this.#at = end;
    this.#texts ??= Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return this.#texts.toString('latin1', from, end);
  }
}

interface Question {
  readonly request_id: Uint8Array;
  readonly of: Uint8Array;
}

const NONE: { readonly request_id: Uint8Array; readonly of: undefined } = {
  request_id: new Uint8Array(0),
  of: undefined,
};
