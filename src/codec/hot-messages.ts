/**
 * Validators of the frequent messages, written by hand: calls, pings and the DHT.
 *
 * Each takes a payload map and returns the name of the first field that is missing or wrong, or undefined.
 * Unknown fields are ignored. Pure. Source: DESIGN D1, SPEC §4.3.
 */
import {
  ID_BYTES,
  isAbsent,
  isBytes,
  isIntegerIn,
  isName,
  isText,
  isTime,
  KEY_BYTES,
  MAX_CONTACTS,
  MAX_RECORDS,
  MAX_TIMEOUT,
  MESSAGE_BYTES,
  NAME_BYTES,
  RECORD_BYTES,
  SIGNATURE_BYTES,
  TRACESTATE_BYTES,
} from './field.ts';
import { isValueMap, type Value, type ValueMap } from './value.ts';

/** The first field that is missing or wrong. */
export type Validator = (payload: ValueMap) => string | undefined;

/** What fits a byte; stations pass a call on ten times at most. */
const MAX_HOPS = 255;

const isId = (value: Value | undefined): boolean => isBytes(value, ID_BYTES);
const isKey = (value: Value | undefined): boolean => isBytes(value, KEY_BYTES);

export const call: Validator = (payload) => {
  if (!isId(payload['call_id'])) return 'call_id';
  if (!isName(payload['procedure'])) return 'procedure';
  if (!isValueMap(payload['args'])) return 'args';
  if (!isIntegerIn(payload['timeout'], 1, MAX_TIMEOUT)) return 'timeout';
  if (!isName(payload['realm'])) return 'realm';
  const { trace, idempotency_key: key, idempotent, target, caller } = payload;
  const { hop_count: hops, search_id: search } = payload;
  if (!isAbsent(trace) && !isTrace(trace)) return 'trace';
  if (!isAbsent(key) && !isName(key)) return 'idempotency_key';
  if (!isAbsent(idempotent) && typeof idempotent !== 'boolean') return 'idempotent';
  if (!isAbsent(target) && !isKey(target)) return 'target';
  if (!isAbsent(caller) && !isKey(caller)) return 'caller';
  if (!isAbsent(hops) && !isIntegerIn(hops, 0, MAX_HOPS)) return 'hop_count';
  if (!isAbsent(search) && !isId(search)) return 'search_id';
  return planField(payload);
};

/** What the caller wants of the routing. */
function planField({ refresh, strategy, max_attempts: most, explain }: ValueMap): string | undefined {
  if (!isAbsent(refresh) && typeof refresh !== 'boolean') return 'refresh';
  if (!isAbsent(strategy) && !isName(strategy)) return 'strategy';
  if (!isAbsent(most) && !isIntegerIn(most, 1, Number.MAX_SAFE_INTEGER)) return 'max_attempts';
  return isAbsent(explain) || typeof explain === 'boolean' ? undefined : 'explain';
}

export const reply: Validator = (payload) => {
  if (!isId(payload['call_id'])) return 'call_id';
  const { error, load, explanation } = payload;
  if (!isAbsent(error)) {
    if (!isError(error) || Object.hasOwn(payload, 'result')) return 'error';
  } else if (!Object.hasOwn(payload, 'result')) return 'result';
  if (!isAbsent(load) && !isIntegerIn(load, 0, Number.MAX_SAFE_INTEGER)) return 'load';
  if (!isAbsent(explanation) && !isValueMap(explanation)) return 'explanation';
  const { route, node } = payload;
  if (!isAbsent(route) && !isName(route)) return 'route';
  return isAbsent(node) || isKey(node) ? undefined : 'node';
};

export const cancel: Validator = (payload) => {
  if (!isId(payload['call_id'])) return 'call_id';
  return isText(payload['reason'], NAME_BYTES) ? undefined : 'reason';
};

export const ping: Validator = (payload) => {
  if (!isId(payload['request_id'])) return 'request_id';
  return isTime(payload['timestamp']) ? undefined : 'timestamp';
};

export const pong: Validator = (payload) =>
  ping(payload) ?? (isTime(payload['server_time']) ? undefined : 'server_time');

export const findNode: Validator = (payload) => {
  if (payload['type'] !== 'find_node') return 'type';
  if (!isId(payload['request_id'])) return 'request_id';
  return isKey(payload['target']) ? undefined : 'target';
};

export const findNodeReply: Validator = (payload) => {
  if (!isId(payload['request_id'])) return 'request_id';
  return isListOf(payload['nodes'], MAX_CONTACTS, isContact) ? undefined : 'nodes';
};

export const findValue: Validator = (payload) => {
  if (payload['type'] !== 'find_value') return 'type';
  if (!isId(payload['request_id'])) return 'request_id';
  return isKey(payload['key']) ? undefined : 'key';
};

export const findValueReply: Validator = (payload) => {
  if (!isId(payload['request_id'])) return 'request_id';
  if (!isKey(payload['key'])) return 'key';
  switch (payload['result']) {
    case 'value':
      if (!isListOf(payload['value'], MAX_RECORDS, isSignedRecord)) return 'value';
      return isAbsent(payload['nodes']) || isListOf(payload['nodes'], MAX_CONTACTS, isContact)
        ? undefined
        : 'nodes';
    case 'nodes':
      return isListOf(payload['nodes'], MAX_CONTACTS, isContact) ? undefined : 'nodes';
    default:
      return 'result';
  }
};

export const store: Validator = (payload) => {
  if (payload['type'] !== 'store') return 'type';
  if (!isId(payload['request_id'])) return 'request_id';
  if (!isKey(payload['key'])) return 'key';
  return isSignedRecord(payload['value']) ? undefined : 'value';
};

/** `registered` and `store_reply`. */
export const answer: Validator = (payload) => {
  if (!isId(payload['request_id'])) return 'request_id';
  return isAbsent(payload['error']) || isError(payload['error']) ? undefined : 'error';
};

function isError(value: Value | undefined): boolean {
  return isValueMap(value) && isName(value['code']) && isText(value['message'], MESSAGE_BYTES);
}

/** Only the shape: what a traceparent says is the tracer's business, and a bad one must not fail a call. */
function isTrace(value: Value): boolean {
  if (!isValueMap(value) || !isText(value['traceparent'], NAME_BYTES)) return false;
  return isAbsent(value['tracestate']) || isText(value['tracestate'], TRACESTATE_BYTES);
}

function isContact(value: Value): boolean {
  return isValueMap(value) && isKey(value['node_id']) && isName(value['address']);
}

function isSignedRecord(value: Value | undefined): boolean {
  if (!isValueMap(value) || !isBytes(value['sig'], SIGNATURE_BYTES)) return false;
  const { record } = value;
  return record instanceof Uint8Array && record.length >= 1 && record.length <= RECORD_BYTES;
}

function isListOf(value: Value | undefined, longest: number, is: (item: Value) => boolean): boolean {
  if (!Array.isArray(value) || value.length > longest) return false;
  for (const item of value as readonly Value[]) if (!is(item)) return false;
  return true;
}
