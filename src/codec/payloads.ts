/**
 * The payload of every message of this round, as it stands on the wire: text keys in snake_case.
 *
 * Ids named `call_id`, `request_id`, `session_id` and `epoch` are 16 random bytes; node ids, DHT keys and seeds
 * are 32 bytes. Fields that are not listed are ignored on receive; an optional field that is null is absent.
 * Times are milliseconds. Source: SPEC §4.3, DESIGN §8 "Hello", "New frame ids", "CALL fields".
 */
import type { FrameType } from './frame-type.ts';
import type { Value, ValueMap } from './value.ts';

/** A failure as it travels; `code` is one of `wire-error.ts` or a newer peer's. */
export interface ErrorPayload {
  readonly code: string;
  readonly message: string;
  /** What belongs to the tag: a declared reason, `{ id, reason }` of a crash, the bound that was hit. */
  readonly details?: Value;
}

/** W3C trace context. */
export interface TracePayload {
  readonly traceparent: string;
  readonly tracestate?: string;
}

export interface ConnectPayload {
  readonly version: string;
  readonly node_id: Uint8Array;
  readonly realm: string;
  readonly capabilities: readonly string[];
  /** Random per process. */
  readonly epoch: Uint8Array;
  /** Whether the dialer still holds a live connection to this peer. */
  readonly have: boolean;
  /** Keys the path probes. */
  readonly seed: Uint8Array;
  /** There is an older connection, doubtful or not: what is in flight on it may still be answered. */
  readonly holds?: boolean;
  /** A certificate of the realm key over the node id; its form is the realm's business. */
  readonly realm_proof?: Uint8Array | ValueMap;
}
export interface ConnectedPayload {
  readonly node_id: Uint8Array;
  readonly realm: string;
  readonly version: string;
  readonly seed: Uint8Array;
  readonly capabilities?: readonly string[];
  /** As in CONNECT. */
  readonly holds?: boolean;
  /** As in CONNECT: both sides of a closed realm prove that they are members. */
  readonly realm_proof?: Uint8Array | ValueMap;
}
export interface RefusedPayload {
  readonly code: string;
  readonly message: string;
}
export interface DisconnectPayload {
  /** `normal`, `error` or `timeout`; a newer peer may know others. */
  readonly reason: string;
  readonly message: string;
}
export interface PingPayload {
  readonly request_id: Uint8Array;
  readonly timestamp: number;
}
export interface PongPayload {
  readonly request_id: Uint8Array;
  /** The ping's. */
  readonly timestamp: number;
  readonly server_time: number;
}

export interface CallPayload {
  readonly call_id: Uint8Array;
  readonly procedure: string;
  readonly args: ValueMap;
  /** Milliseconds left of the caller's budget: 1 … 2^31 - 1. */
  readonly timeout: number;
  readonly realm: string;
  readonly trace?: TracePayload;
  readonly idempotency_key?: string;
  readonly idempotent?: boolean;
  /** Only this node may serve the call. */
  readonly target?: Uint8Array;
  /** How the node that resolves the call is to do that: `refresh` asks the DHT whatever the cache says. */
  readonly refresh?: boolean;
  /** The name of a strategy; one that is not known is ignored. */
  readonly strategy?: string;
  /** Providers tried at most. */
  readonly max_attempts?: number;
  /** The reply shall tell how the provider was found. */
  readonly explain?: boolean;
  /** Who asked, when a node passes a call on to its client. Believed from the client's own node only. */
  readonly caller?: Uint8Array;
  /** Between stations: how often it was passed on, and the search it belongs to (16 random bytes). */
  readonly hop_count?: number;
  readonly search_id?: Uint8Array;
}
/** Exactly one of `result` and `error`. */
export interface ReplyPayload {
  readonly call_id: Uint8Array;
  readonly result?: Value;
  readonly error?: ErrorPayload;
  /** Calls the provider is running, for the caller's choice among providers. */
  readonly load?: number;
  /** How the provider was found; only when the call asked. */
  readonly explanation?: ValueMap;
  /** To a client, of a call that was answered elsewhere: where its node found the provider, and that node's id. */
  readonly route?: string;
  readonly node?: Uint8Array;
}
export interface CancelPayload {
  readonly call_id: Uint8Array;
  readonly reason: string;
}
/** `register_procedure` and `unregister_procedure`. */
export interface ProcedurePayload {
  readonly request_id: Uint8Array;
  readonly procedure: string;
  /** In `register_procedure`: nobody else may serve the name at this node. */
  readonly exclusive?: boolean;
  /** In `register_procedure`, for the node's record of it: seconds to live, and what the provider says of itself. */
  readonly ttl?: number;
  readonly metadata?: ValueMap;
  readonly description?: string;
}
/** `registered` and `store_reply`: accepted when there is no error. */
export interface AnswerPayload {
  readonly request_id: Uint8Array;
  readonly error?: ErrorPayload;
}

/** A node as found in the DHT. */
export interface ContactPayload {
  readonly node_id: Uint8Array;
  /** `host:port`, a hint. */
  readonly address: string;
}
/** A record as signed: the received bytes are what is verified. */
export interface SignedRecordPayload {
  /** At most 4 KiB. */
  readonly record: Uint8Array;
  /** 64 bytes. */
  readonly sig: Uint8Array;
}
export interface FindNodePayload {
  readonly type: 'find_node';
  readonly request_id: Uint8Array;
  readonly target: Uint8Array;
}
export interface FindNodeReplyPayload {
  readonly request_id: Uint8Array;
  readonly nodes: readonly ContactPayload[];
}
export interface FindValuePayload {
  readonly type: 'find_value';
  readonly request_id: Uint8Array;
  readonly key: Uint8Array;
}
/** `result` says which of `value` and `nodes` is there; `nodes` may stand beside `value`. */
export interface FindValueReplyPayload {
  readonly request_id: Uint8Array;
  readonly key: Uint8Array;
  readonly result: 'value' | 'nodes';
  readonly value?: readonly SignedRecordPayload[];
  readonly nodes?: readonly ContactPayload[];
}
export interface StorePayload {
  readonly type: 'store';
  readonly request_id: Uint8Array;
  readonly key: Uint8Array;
  readonly value: SignedRecordPayload;
}

export interface NatProbePayload {
  readonly request_id: Uint8Array;
  readonly node_id: Uint8Array;
  readonly local_port: number;
  /** Asks a station for echoes from elsewhere, which carry it: 16 random bytes. */
  readonly nonce?: Uint8Array;
  /** Hosts that the asker has sent to: an echo from there would show nothing. */
  readonly avoid?: readonly string[];
}
export interface NatProbeReplyPayload {
  readonly request_id: Uint8Array;
  /** The observer's. */
  readonly node_id: Uint8Array;
  readonly reflexive_ip: string;
  readonly reflexive_port: number;
  readonly server_time: number;
  /** Kinds of echoes that were sent. */
  readonly sent?: readonly number[];
}
/** A station asks another to send one echo of a NAT check to where it observes the asker. */
export interface DialBackPayload {
  readonly request_id: Uint8Array;
  readonly nonce: Uint8Array;
  readonly host: string;
  readonly port: number;
}
export interface PunchRequestPayload {
  readonly session_id: Uint8Array;
  readonly requester_id: Uint8Array;
  readonly target_id: Uint8Array;
  /** Ports the requester expects its NAT to use next, besides the observed one. */
  readonly ports?: readonly number[];
}
export interface PunchCoordinatePayload {
  readonly session_id: Uint8Array;
  readonly peer_id: Uint8Array;
  readonly peer_host: string;
  readonly peer_ports: readonly number[];
  /** Milliseconds since 1970. Not looked at: clocks differ. */
  readonly punch_time: number;
  readonly role: 'initiator' | 'target';
  /** Milliseconds to wait after receipt, so that both begin together. */
  readonly delay?: number;
}
/** To the station: we begin, and our NAT may use these ports. */
export interface PunchExecutePayload {
  readonly session_id: Uint8Array;
  readonly ports?: readonly number[];
}
export interface PunchResultPayload {
  readonly session_id: Uint8Array;
  readonly success: boolean;
  readonly connected_port?: number;
  /** Why not: `udp_blocked`, `both_symmetric`, `timeout`, `refused`, … */
  readonly reason?: string;
}
export interface RelayRequestPayload {
  readonly session_id: Uint8Array;
  readonly target_id: Uint8Array;
  readonly reason?: string;
  /** From the station to the target: who asks. */
  readonly source_id?: Uint8Array;
}
/** The target's answer, passed on to the requester: accepted when there is no error. */
export interface RelayReadyPayload {
  readonly session_id: Uint8Array;
  readonly error?: ErrorPayload;
}
export interface RelayClosePayload {
  readonly session_id: Uint8Array;
  readonly reason: string;
}
/** Over the connection itself: where else the sender may be reached, `host:port`, numeric. */
export interface PathOfferPayload {
  readonly addresses: readonly string[];
  /** What its NAT does, as far as it knows: `mapping/filtering/allocation` as `ei/unknown/pp`. */
  readonly nat?: string;
}
export interface RelayDataPayload {
  readonly session_id: Uint8Array;
  readonly payload: Uint8Array;
}

/** The messages with a schema. All other types are reserved: their payload is any map. */
export interface Payloads {
  readonly connect: ConnectPayload;
  readonly connected: ConnectedPayload;
  readonly refused: RefusedPayload;
  readonly disconnect: DisconnectPayload;
  readonly ping: PingPayload;
  readonly pong: PongPayload;
  readonly call: CallPayload;
  readonly reply: ReplyPayload;
  readonly cancel: CancelPayload;
  readonly register_procedure: ProcedurePayload;
  readonly unregister_procedure: ProcedurePayload;
  readonly registered: AnswerPayload;
  readonly find_node: FindNodePayload;
  readonly find_node_reply: FindNodeReplyPayload;
  readonly find_value: FindValuePayload;
  readonly find_value_reply: FindValueReplyPayload;
  readonly store: StorePayload;
  readonly store_reply: AnswerPayload;
  readonly nat_probe: NatProbePayload;
  readonly nat_probe_reply: NatProbeReplyPayload;
  readonly punch_request: PunchRequestPayload;
  readonly punch_coordinate: PunchCoordinatePayload;
  readonly punch_execute: PunchExecutePayload;
  readonly punch_result: PunchResultPayload;
  readonly relay_request: RelayRequestPayload;
  readonly relay_data: RelayDataPayload;
  readonly relay_ready: RelayReadyPayload;
  readonly relay_close: RelayClosePayload;
  readonly path_offer: PathOfferPayload;
  readonly dial_back: DialBackPayload;
}

export type PayloadOf<T extends FrameType> = T extends keyof Payloads ? Payloads[T] : ValueMap;
