/**
 * What a user may send to a node by name: a message type and its content, as a question. Pure; never throws.
 *
 * Types are those that nodes answer; the names of seed 002 (`dht_store`) are understood too. A key is 32 bytes, or a
 * text, which is hashed as everything that is looked up in the DHT.
 */
import { RECORD_BYTES, SIGNATURE_BYTES } from '../../codec/field.ts';
import type { SignedRecordPayload } from '../../codec/payloads.ts';
import { guarded, invalid, type Checked } from '../client/check.ts';
import { fromHex, ID_BYTES } from '../dht/node-id.ts';
import { procedureKey } from '../dht/record.ts';
import type { PeerQuestion } from './peer-request.ts';

const TYPES: Readonly<Record<string, PeerQuestion['type']>> = {
  ping: 'ping',
  find_node: 'find_node',
  find_value: 'find_value',
  store: 'store',
  dht_find_node: 'find_node',
  dht_find_value: 'find_value',
  dht_store: 'store',
};

export function questionOf(type: unknown, message: unknown): Checked<PeerQuestion> {
  const known = typeof type === 'string' && Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (known === undefined) return invalid('type', "must be 'ping', 'find_node', 'find_value' or 'store'");
  if (known === 'ping') return ok({ type: 'ping' });
  return guarded('message', () => {
    if (typeof message !== 'object' || message === null) return invalid('message', 'must be an object');
    const { target, key, value } = message as Record<string, unknown>;
    if (known === 'find_node') {
      const id = typeof target === 'string' ? fromHex(target) : bytesOf(target, ID_BYTES);
      return id === undefined
        ? invalid('message.target', 'must be a node id: 32 bytes, or 64 hex digits')
        : ok({ type: known, target: id });
    }
    const at = typeof key === 'string' && key !== '' ? procedureKey(key) : bytesOf(key, ID_BYTES);
    if (at === undefined) return invalid('message.key', 'must be 32 bytes or a name');
    if (known === 'find_value') return ok({ type: known, key: at });
    const record = recordOf(value);
    return record === undefined
      ? invalid('message.value', 'must be a signed record: { record, sig }, both of bytes')
      : ok({ type: known, key: at, value: record });
  });
}

const ok = (value: PeerQuestion): Checked<PeerQuestion> => ({ ok: true, value });

/** A copy, so that nobody changes what waits to be sent. */
const bytesOf = (value: unknown, length: number): Uint8Array | undefined =>
  value instanceof Uint8Array && value.length === length ? new Uint8Array(value) : undefined;

function recordOf(value: unknown): SignedRecordPayload | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { record, sig } = value as Record<string, unknown>;
  const signature = bytesOf(sig, SIGNATURE_BYTES);
  if (!(record instanceof Uint8Array) || record.length < 1 || record.length > RECORD_BYTES) return undefined;
  return signature === undefined ? undefined : { record: new Uint8Array(record), sig: signature };
}
