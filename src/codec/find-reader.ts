/**
 * Reads the frames of a lookup in the one spelling in which we write them, by a forward scan that trusts no length.
 *
 * Whatever differs in a byte (another order of fields, a field more, a longer head, a text that is not ASCII, one
 * contact too many) is undefined here, and judged by the scan and the schemas as any other frame; that takes eight times
 * as long.
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
import type { FrameType } from './frame-type.ts';
import type {
  ContactPayload,
  FindNodePayload,
  FindNodeReplyPayload,
  FindValuePayload,
  FindValueReplyPayload,
  SignedRecordPayload,
} from './payloads.ts';

export type FindPayload = FindNodePayload | FindValuePayload | FindNodeReplyPayload | FindValueReplyPayload;

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
