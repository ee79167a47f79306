/**
 * Writes the frames of a lookup: the very bytes that `encodeFrame` makes of the same payload, without going over any
 * value. A node answers with twenty contacts each time it is asked.
 *
 * Pure. Throws nothing: what this spelling cannot say is undefined, and goes the general way. Source: SPEC §4.3.
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
import {
  ADDRESS,
  BYTES,
  CONTACT,
  FIND_NODE,
  FIND_NODE_REPLY,
  FIND_VALUE,
  KEY,
  LIST,
  map,
  NODES,
  NODES_FOUND,
  ONE_BYTE,
  RECORD,
  REQUEST_ID,
  SIGNATURE,
  TARGET,
  TEXT,
  TWO_BYTES,
  VALUE_FOUND,
} from './find-spelling.ts';
import { FRAME_TYPE_IDS, type FrameType } from './frame-type.ts';
import { FRAME_VERSION, HEADER_BYTES } from './header.ts';
import { CONTROL_FRAME_CAP } from './limits.ts';
import type { SignedRecordPayload } from './payloads.ts';

/** What is told of a node. */
export interface Named {
  /** 32 bytes. */
  readonly id: Uint8Array;
  readonly address: string;
}

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
