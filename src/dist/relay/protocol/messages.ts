/**
 * What a dist relay and its clients tell each other on the control stream (SPEC §11.1).
 *
 * The seven messages of the reference, with optional fields of ours that foreign ends neither send nor need, and two more messages
 * that only ends which have told a `version` get. Pure types.
 */

/** Version that our ends tell each other; undefined: a foreign end. */
export const RELAY_VERSION = 2;

/** The version from which on a relay passes on datagrams of the ends of a tunnel, whose session is its id. */
export const PASSES_DATAGRAMS = 2;

export interface Identify {
  readonly type: 'identify';
  readonly node_name: string;
  readonly version?: number;
  /** 32 bytes: the dialer's part of the keys of the path (TRANSPORT §12). */
  readonly seed?: Uint8Array;
  readonly realm?: string;
  /** What `mesh/identity/closed-realm.ts` judges. */
  readonly realm_proof?: Uint8Array;
}

export interface Identified {
  readonly type: 'identified';
  readonly status: 'ok';
  readonly version?: number;
  readonly seed?: Uint8Array;
  /** Ours: milliseconds without a byte in its streams after which a tunnel is closed. */
  readonly idle?: number;
}

/** Ours: the identification was refused. The relay closes after it. */
export interface Refused {
  readonly type: 'refused';
  readonly reason: string;
}

export interface TunnelRequest {
  readonly type: 'tunnel_request';
  readonly target: string;
  /** 16 bytes, echoed in the answer. Without: answers come in the order of the requests. */
  readonly request_id?: Uint8Array;
}

export interface TunnelOk {
  readonly type: 'tunnel_ok';
  readonly tunnel_id: string;
  readonly request_id?: Uint8Array;
  /** The name of the other end, whole. */
  readonly target?: string;
}

export interface TunnelRefused {
  readonly type: 'tunnel_error';
  readonly reason: string;
  readonly request_id?: Uint8Array;
}

export interface TunnelNotify {
  readonly type: 'tunnel_notify';
  readonly tunnel_id: string;
  readonly source: string;
}

export interface TunnelClose {
  readonly type: 'tunnel_close';
  readonly tunnel_id: string;
}

/**
 * Ours, each way: so many bytes more may be sent into a tunnel. Ends that have told a `version` send no more than `WINDOW` bytes behind
 * the prefix of a stream before that.
 */
export interface TunnelCredit {
  readonly type: 'tunnel_credit';
  readonly tunnel_id: string;
  readonly bytes: number;
}

export type ControlMessage =
  | Identify
  | Identified
  | Refused
  | TunnelRequest
  | TunnelOk
  | TunnelRefused
  | TunnelNotify
  | TunnelClose
  | TunnelCredit;

/** How an end writes its control frames: the other answers in kind. */
export interface ControlStyle {
  readonly encoding: 'cbor' | 'msgpack';
  /** Of keys and of text. MessagePack has text for both. */
  readonly text: 'text' | 'bytes';
}

/** What our own ends write. */
export const OUR_STYLE: ControlStyle = { encoding: 'cbor', text: 'text' };
