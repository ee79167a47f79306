/**
 * Schemas of the rare messages: hello and farewell, registration, NAT probes, punching, relaying.
 *
 * One effect Schema per field, compiled to a guard when first used, so that a violation names its field. The
 * type of each table is tied to the payload's interface: a field without a schema does not compile. Unknown
 * fields are ignored. Pure. Source: DESIGN D1 and §8 "Hello", SPEC §4.3.
 */
import * as Schema from 'effect/Schema';
import {
  ID_BYTES,
  isAbsent,
  isBytes,
  isIntegerIn,
  isName,
  isText,
  isTime,
  KEY_BYTES,
  MESSAGE_BYTES,
  NAME_BYTES,
} from './field.ts';
import type { Validator } from './hot-messages.ts';
import type { AnswerPayload, ConnectPayload, Payloads, ProcedurePayload } from './payloads.ts';
import { isValueMap, type Value, type ValueMap } from './value.ts';

/** Capabilities in a hello; a few today. */
const MAX_CAPABILITIES = 64;
/** Candidate ports in one punch; the predictor never makes more. */
const MAX_PUNCH_PORTS = 64;
/** Milliseconds until a punch begins. */
const MAX_PUNCH_DELAY = 10_000;
/** Addresses in one offer, and bytes of one: an IPv6 address in brackets with its port. */
const MAX_OFFERED = 8;
const ADDRESS_BYTES = 64;
/** `pd/unknown/pp`, and room for a newer peer's words. */
const NAT_BYTES = 64;

/** Hosts that one NAT check names as known; a node has few stations and observers. */
const MAX_AVOIDED = 64;
/** Kinds of echoes in one answer; a newer peer may know more than our three. */
const ECHO_KINDS = 8;

/** A schema per field, `undefined` left out of optional ones. */
type Fields<P> = { readonly [K in keyof P]-?: Schema.Schema<Exclude<P[K], undefined>> };

const bytes = (length: number) =>
  Schema.declare((value): value is Uint8Array => isBytes(value, length), { identifier: `Bytes${length}` });
const text = (longest: number) =>
  Schema.declare((value): value is string => isText(value, longest), { identifier: `Text${longest}` });

const Id = bytes(ID_BYTES);
const Key = bytes(KEY_BYTES);
const Name = Schema.declare(isName, { identifier: 'Name' });
const Message = text(MESSAGE_BYTES);
const Time = Schema.declare(isTime, { identifier: 'Time' });
const Port = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 }));
/** Zero: the prober does not say. */
const LocalPort = Schema.declare((value): value is number => isIntegerIn(value, 0, 65_535));
const Ports = Schema.Array(Port).check(Schema.isMaxLength(MAX_PUNCH_PORTS));
const EchoKind = Schema.declare((value): value is number => isIntegerIn(value, 0, 255));
const Any = Schema.declare((value): value is Value => value !== undefined);
const Proof = Schema.declare(
  (value): value is Uint8Array | ValueMap => value instanceof Uint8Array || isValueMap(value as Value),
);
const ValueMapField = Schema.declare((value): value is ValueMap => isValueMap(value as Value), {
  identifier: 'Map',
});
const Failure = Schema.Struct({ code: Name, message: Message, details: Schema.optionalKey(Any) });

const connect: Fields<ConnectPayload> = {
  version: Name,
  node_id: Key,
  realm: Name,
  capabilities: Schema.Array(Name).check(Schema.isMaxLength(MAX_CAPABILITIES)),
  epoch: Id,
  have: Schema.Boolean,
  seed: Key,
  holds: Schema.Boolean,
  realm_proof: Proof,
};
const connected: Fields<Payloads['connected']> = {
  node_id: Key,
  realm: Name,
  version: Name,
  seed: Key,
  capabilities: Schema.Array(Name).check(Schema.isMaxLength(MAX_CAPABILITIES)),
  holds: Schema.Boolean,
  realm_proof: Proof,
};
const refused: Fields<Payloads['refused']> = { code: Name, message: Message };
const disconnect: Fields<Payloads['disconnect']> = { reason: text(NAME_BYTES), message: Message };
const procedure: Fields<ProcedurePayload> = {
  request_id: Id,
  procedure: Name,
  exclusive: Schema.Boolean,
  ttl: Schema.Int,
  metadata: ValueMapField,
  description: text(NAME_BYTES * 4),
};
const registered: Fields<AnswerPayload> = { request_id: Id, error: Failure };
const natProbe: Fields<Payloads['nat_probe']> = {
  request_id: Id,
  node_id: Key,
  local_port: LocalPort,
  nonce: Id,
  avoid: Schema.Array(text(ADDRESS_BYTES)).check(Schema.isMaxLength(MAX_AVOIDED)),
};
const natProbeReply: Fields<Payloads['nat_probe_reply']> = {
  request_id: Id,
  node_id: Key,
  reflexive_ip: Name,
  reflexive_port: Port,
  server_time: Time,
  sent: Schema.Array(EchoKind).check(Schema.isMaxLength(ECHO_KINDS)),
};
const punchRequest: Fields<Payloads['punch_request']> = {
  session_id: Id,
  requester_id: Key,
  target_id: Key,
  ports: Ports,
};
const punchCoordinate: Fields<Payloads['punch_coordinate']> = {
  session_id: Id,
  peer_id: Key,
  peer_host: Name,
  peer_ports: Ports,
  punch_time: Time,
  role: Schema.Literals(['initiator', 'target']),
  delay: Schema.declare((value): value is number => isIntegerIn(value, 0, MAX_PUNCH_DELAY)),
};
const punchExecute: Fields<Payloads['punch_execute']> = { session_id: Id, ports: Ports };
const punchResult: Fields<Payloads['punch_result']> = {
  session_id: Id,
  success: Schema.Boolean,
  connected_port: Port,
  reason: text(NAME_BYTES),
};
const relayRequest: Fields<Payloads['relay_request']> = {
  session_id: Id,
  target_id: Key,
  reason: text(NAME_BYTES),
  source_id: Key,
};
const relayData: Fields<Payloads['relay_data']> = {
  session_id: Id,
  payload: Schema.Uint8Array,
};
const relayReady: Fields<Payloads['relay_ready']> = { session_id: Id, error: Failure };
const relayClose: Fields<Payloads['relay_close']> = { session_id: Id, reason: text(NAME_BYTES) };
const pathOffer: Fields<Payloads['path_offer']> = {
  addresses: Schema.Array(text(ADDRESS_BYTES)).check(Schema.isMaxLength(MAX_OFFERED)),
  nat: text(NAT_BYTES),
};
const dialBack: Fields<Payloads['dial_back']> = {
  request_id: Id,
  nonce: Id,
  host: text(ADDRESS_BYTES),
  port: Port,
};

/** What a provider may leave unsaid. */
const OFFER = ['exclusive', 'ttl', 'metadata', 'description'] as const;

/** The type of a message with a schema here. */
export type RareType =
  | 'connect'
  | 'connected'
  | 'refused'
  | 'disconnect'
  | 'register_procedure'
  | 'unregister_procedure'
  | 'registered'
  | 'nat_probe'
  | 'nat_probe_reply'
  | 'punch_request'
  | 'punch_coordinate'
  | 'punch_execute'
  | 'punch_result'
  | 'relay_request'
  | 'relay_data'
  | 'relay_ready'
  | 'relay_close'
  | 'path_offer'
  | 'dial_back';

export const rareValidators: Readonly<Record<RareType, Validator>> = {
  connect: validator(connect, ['holds', 'realm_proof']),
  connected: validator(connected, ['capabilities', 'holds', 'realm_proof']),
  refused: validator(refused),
  disconnect: validator(disconnect),
  register_procedure: validator(procedure, OFFER),
  unregister_procedure: validator(procedure, OFFER),
  registered: validator(registered, ['error']),
  nat_probe: validator(natProbe, ['nonce', 'avoid']),
  nat_probe_reply: validator(natProbeReply, ['sent']),
  punch_request: validator(punchRequest, ['ports']),
  punch_coordinate: validator(punchCoordinate, ['delay']),
  punch_execute: validator(punchExecute, ['ports']),
  punch_result: validator(punchResult, ['connected_port', 'reason']),
  relay_request: validator(relayRequest, ['reason', 'source_id']),
  relay_data: validator(relayData),
  relay_ready: validator(relayReady, ['error']),
  relay_close: validator(relayClose),
  path_offer: validator(pathOffer, ['nat']),
  dial_back: validator(dialBack),
};

/** What is missing is named before what is wrong. */
function validator<P>(fields: Fields<P>, optional: readonly string[] = []): Validator {
  let guards: readonly (readonly [string, (value: unknown) => boolean])[] | undefined;
  const required = Object.keys(fields).filter((name) => !optional.includes(name));
  return (payload) => {
    for (const name of required) if (!Object.hasOwn(payload, name)) return name;
    guards ??= Object.entries<Schema.Schema<unknown>>(fields as Record<string, Schema.Schema<unknown>>).map(
      ([name, schema]) => [name, Schema.is(schema)],
    );
    for (const [name, holds] of guards) {
      const value = payload[name];
      if (isAbsent(value) && optional.includes(name)) continue;
      if (!holds(value)) return name;
    }
    return undefined;
  };
}
