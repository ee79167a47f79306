/**
 * Reads a control frame, without its length (SPEC §11.1). Pure; a frame that says nothing to us is `undefined`.
 *
 * A field that a message needs has to be as it should, else there is no message; one of the optional ones that is not is left out,
 * as are fields that nobody here knows. The message refers to nothing of the frame.
 */
import { isWellFormedUtf8 } from '../../../codec/utf8.ts';
import { bufferOf, readFlatMap, type FlatMap } from './flat-map.ts';
import type { ControlMessage, ControlStyle } from './messages.ts';
import { hasControls, LONGEST_NAME } from './name-text.ts';
import { cutReason } from './reasons.ts';
import { isTunnelId } from './tunnel-id.ts';

export interface DecodedControl {
  readonly message: ControlMessage;
  /** How it was written. */
  readonly style: ControlStyle;
}

/** Bytes that surely hold all characters of a reason that are read. */
const REASON_BYTES = 1_024;
const SEED_BYTES = 32;
const REQUEST_ID_BYTES = 16;
/** Bytes of a realm's proof, at most. */
const LARGEST_PROOF = 4_096;
const HIGHEST_VERSION = 0xffff;
const MOST_CREDIT = 0xffff_ffff;
const LONGEST_IDLE = 0xffff_ffff;

export function decodeControl(frame: Uint8Array): DecodedControl | undefined {
  const map = readFlatMap(frame);
  const message = map && messageOf(map);
  if (message === undefined) return undefined;
  const { encoding, keys } = map as FlatMap;
  return { message, style: { encoding, text: encoding === 'cbor' ? keys : 'text' } };
}

function messageOf(map: FlatMap): ControlMessage | undefined {
  switch (textOf(map, 't')) {
    case 'id': {
      const node_name = nameOf(map, 'n');
      if (node_name === undefined) return undefined;
      const realm = textOf(map, 'realm');
      const realm_proof = bytesOf(map, 'proof', 0, LARGEST_PROOF);
      return { type: 'identify', node_name, ...given({ ...introduction(map), realm, realm_proof }) };
    }
    case 'id_ok':
      return {
        type: 'identified',
        status: 'ok',
        ...given({ ...introduction(map), idle: uintOf(map, 'idle', 1, LONGEST_IDLE) }),
      };
    case 'id_err': {
      const reason = reasonOf(map);
      return reason === undefined ? undefined : { type: 'refused', reason };
    }
    case 'tun_req': {
      const target = nameOf(map, 'target');
      if (target === undefined) return undefined;
      return { type: 'tunnel_request', target, ...given({ request_id: requestIdOf(map) }) };
    }
    case 'tun_ok': {
      const tunnel_id = tunnelIdOf(map);
      if (tunnel_id === undefined) return undefined;
      const target = nameOf(map, 'target');
      return { type: 'tunnel_ok', tunnel_id, ...given({ request_id: requestIdOf(map), target }) };
    }
    case 'tun_err': {
      const reason = reasonOf(map);
      if (reason === undefined) return undefined;
      return { type: 'tunnel_error', reason, ...given({ request_id: requestIdOf(map) }) };
    }
    case 'tun_notify': {
      const [tunnel_id, source] = [tunnelIdOf(map), nameOf(map, 'src')];
      if (tunnel_id === undefined || source === undefined) return undefined;
      return { type: 'tunnel_notify', tunnel_id, source };
    }
    case 'tun_close': {
      const tunnel_id = tunnelIdOf(map);
      return tunnel_id === undefined ? undefined : { type: 'tunnel_close', tunnel_id };
    }
    case 'credit': {
      const [tunnel_id, bytes] = [tunnelIdOf(map), uintOf(map, 'bytes', 0, MOST_CREDIT)];
      if (tunnel_id === undefined || bytes === undefined) return undefined;
      return { type: 'tunnel_credit', tunnel_id, bytes };
    }
    default:
      return undefined;
  }
}

/** What our ends tell each other of themselves. */
const introduction = (map: FlatMap): { version: number | undefined; seed: Uint8Array | undefined } => ({
  version: uintOf(map, 'v', 1, HIGHEST_VERSION),
  seed: bytesOf(map, 'seed', SEED_BYTES, SEED_BYTES),
});

const requestIdOf = (map: FlatMap): Uint8Array | undefined =>
  bytesOf(map, 'rid', REQUEST_ID_BYTES, REQUEST_ID_BYTES);

function nameOf(map: FlatMap, key: string): string | undefined {
  const name = textOf(map, key);
  return name === undefined || hasControls(name) ? undefined : name;
}

function tunnelIdOf(map: FlatMap): string | undefined {
  const id = textOf(map, 'tid');
  return id !== undefined && isTunnelId(id) ? id : undefined;
}

/** Whatever its bytes are: without a reason nobody would know which request it answers. */
function reasonOf({ fields }: FlatMap): string | undefined {
  const item = fields.get('r');
  if (item?.tag !== 'text' && item?.tag !== 'bytes') return undefined;
  return cutReason(bufferOf(item.bytes.subarray(0, REASON_BYTES)).toString('utf8'));
}

/** Well-formed, not empty and not longer than a name; from a text or a byte string. */
function textOf({ fields }: FlatMap, key: string): string | undefined {
  const item = fields.get(key);
  if (item?.tag !== 'text' && item?.tag !== 'bytes') return undefined;
  const { bytes } = item;
  if (bytes.length === 0 || bytes.length > LONGEST_NAME) return undefined;
  return isWellFormedUtf8(bytes, 0, bytes.length) ? bufferOf(bytes).toString('utf8') : undefined;
}

/** A copy of a byte string of so many bytes, both borders included. */
function bytesOf({ fields }: FlatMap, key: string, least: number, most: number): Uint8Array | undefined {
  const item = fields.get(key);
  if (item?.tag !== 'bytes' || item.bytes.length < least || item.bytes.length > most) return undefined;
  return Uint8Array.from(item.bytes);
}

function uintOf({ fields }: FlatMap, key: string, least: number, most: number): number | undefined {
  const item = fields.get(key);
  return item?.tag === 'uint' && item.value >= least && item.value <= most ? item.value : undefined;
}

/** The fields that are there. */
const given = <T extends object>(fields: { readonly [Key in keyof T]: T[Key] | undefined }): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
