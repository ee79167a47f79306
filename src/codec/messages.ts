/**
 * Which fields a message must have and whether a payload has them: one table over all frame types.
 *
 * Both ends validate: the sender before it encodes, the receiver before anybody acts. Reserved types have no
 * schema; of them only the presence of the fields the reference requires is checked. Pure. Throws nothing.
 * Source: SPEC §4.2 and §4.3.
 */
import type { FrameType } from './frame-type.ts';
import {
  answer,
  call,
  cancel,
  findNode,
  findNodeReply,
  findValue,
  findValueReply,
  ping,
  pong,
  reply,
  store,
  type Validator,
} from './hot-messages.ts';
import type { PayloadOf } from './payloads.ts';
import { rareValidators } from './rare-messages.ts';
import type { ValueMap } from './value.ts';

/** A field that is missing or wrong. */
export interface InvalidPayload {
  readonly tag: 'invalid_args';
  readonly field: string;
}

export type ValidateResult<T extends FrameType> =
  | { readonly ok: true; readonly payload: PayloadOf<T> }
  | { readonly ok: false; readonly error: InvalidPayload };

const REQUIRED: Readonly<Partial<Record<FrameType, readonly string[]>>> = {
  connect: ['capabilities', 'epoch', 'have', 'node_id', 'realm', 'seed', 'version'],
  disconnect: ['message', 'reason'],
  ping: ['request_id', 'timestamp'],
  pong: ['request_id', 'server_time', 'timestamp'],
  connected: ['node_id', 'realm', 'seed', 'version'],
  refused: ['code', 'message'],
  publish: ['payload', 'topic'],
  subscribe: ['qos', 'topics'],
  unsubscribe: ['topics'],
  pubsub_route: ['destination_node_id', 'hop_count', 'max_hops', 'payload', 'source_node_id', 'topic'],
  call: ['args', 'call_id', 'procedure', 'realm', 'timeout'],
  reply: ['call_id'],
  cast: ['args', 'procedure'],
  rpc_route: ['destination_node_id', 'hop_count', 'max_hops', 'payload', 'payload_type', 'source_node_id'],
  rpc_request: ['args', 'from_node', 'procedure', 'request_id'],
  rpc_reply: ['from_node', 'request_id'],
  register_procedure: ['procedure', 'request_id'],
  stream_open: ['args', 'mode', 'procedure', 'stream_id'],
  stream_data: ['body', 'encoding', 'seq', 'stream_id'],
  stream_end: ['role', 'stream_id'],
  stream_error: ['code', 'message', 'stream_id'],
  stream_reply: ['stream_id'],
  cancel: ['call_id', 'reason'],
  unregister_procedure: ['procedure', 'request_id'],
  registered: ['request_id'],
  find_node: ['request_id', 'target', 'type'],
  find_node_reply: ['nodes', 'request_id'],
  store: ['key', 'request_id', 'type', 'value'],
  find_value: ['key', 'request_id', 'type'],
  find_value_reply: ['key', 'request_id', 'result'],
  store_reply: ['request_id'],
  nat_probe: ['local_port', 'node_id', 'request_id'],
  nat_probe_reply: ['node_id', 'reflexive_ip', 'reflexive_port', 'request_id', 'server_time'],
  punch_request: ['requester_id', 'session_id', 'target_id'],
  punch_coordinate: ['peer_host', 'peer_id', 'peer_ports', 'punch_time', 'role', 'session_id'],
  punch_execute: ['session_id'],
  punch_result: ['session_id', 'success'],
  relay_request: ['session_id', 'target_id'],
  relay_data: ['payload', 'session_id'],
  relay_ready: ['session_id'],
  relay_close: ['reason', 'session_id'],
  path_offer: ['addresses'],
  dial_back: ['host', 'nonce', 'port', 'request_id'],
};

const VALIDATORS: Readonly<Partial<Record<FrameType, Validator>>> = {
  ...rareValidators,
  call,
  reply,
  cancel,
  ping,
  pong,
  find_node: findNode,
  find_node_reply: findNodeReply,
  find_value: findValue,
  find_value_reply: findValueReply,
  store,
  store_reply: answer,
};

/** The fields without which a message of this type cannot be understood or answered, sorted. */
export const requiredFields = (type: FrameType): readonly string[] => REQUIRED[type] ?? [];

/** Whether the type is used in this round; the others are known by name only. */
export const hasSchema = (type: FrameType): boolean => VALIDATORS[type] !== undefined;

/** The first field that is missing or wrong, or undefined. */
export function invalidField(type: FrameType, payload: ValueMap): string | undefined {
  const validator = VALIDATORS[type];
  if (validator !== undefined) return validator(payload);
  return requiredFields(type).find((name) => !Object.hasOwn(payload, name));
}

/** Gives a payload its type, or names what keeps it from having it. */
export function validate<T extends FrameType>(type: T, payload: ValueMap): ValidateResult<T> {
  const field = invalidField(type, payload);
  if (field !== undefined) return { ok: false, error: { tag: 'invalid_args', field } };
  return { ok: true, payload: payload as unknown as PayloadOf<T> };
}
