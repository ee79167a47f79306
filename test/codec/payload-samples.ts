/** One good payload per message of this round, with every optional field. */
import type { Payloads } from '../../src/codec/payloads.ts';

const id = Uint8Array.from({ length: 16 }, (_, i) => i);
const key = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
const other = new Uint8Array(32).fill(7);
const error = { code: 'overloaded', message: 'busy', details: { bound: 'mailbox' } };
const signed = { record: Uint8Array.of(0xa0), sig: new Uint8Array(64) };
const contact = { node_id: other, address: '203.0.113.7:9443' };

export const samples: { readonly [T in keyof Payloads]: Payloads[T] } = {
  connect: {
    version: '1.0',
    node_id: key,
    realm: 'default',
    capabilities: ['rpc'],
    epoch: id,
    have: false,
    seed: other,
    realm_proof: { cert: Uint8Array.of(1) },
  },
  connected: { node_id: key, realm: 'default', version: '1.0', seed: other },
  refused: { code: 'unauthorized', message: 'realm' },
  disconnect: { reason: 'normal', message: '' },
  ping: { request_id: id, timestamp: 1 },
  pong: { request_id: id, timestamp: 1, server_time: 2.5 },
  call: {
    call_id: id,
    procedure: 'myapp.user.get',
    args: { id: 42 },
    timeout: 5_000,
    realm: 'default',
    trace: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=1' },
    idempotency_key: 'order-17',
    idempotent: true,
    target: key,
  },
  reply: { call_id: id, result: { name: 'Ada' }, load: 3 },
  cancel: { call_id: id, reason: 'canceled' },
  register_procedure: { request_id: id, procedure: 'myapp.user.get' },
  unregister_procedure: { request_id: id, procedure: 'myapp.user.get' },
  registered: { request_id: id, error },
  find_node: { type: 'find_node', request_id: id, target: key },
  find_node_reply: { request_id: id, nodes: [contact, contact] },
  find_value: { type: 'find_value', request_id: id, key },
  find_value_reply: { request_id: id, key, result: 'value', value: [signed] },
  store: { type: 'store', request_id: id, key, value: signed },
  store_reply: { request_id: id, error },
  nat_probe: { request_id: id, node_id: key, local_port: 9_443 },
  nat_probe_reply: {
    request_id: id,
    node_id: key,
    reflexive_ip: '203.0.113.7',
    reflexive_port: 40_000,
    server_time: 1_700_000_000_000,
  },
  punch_request: { session_id: id, requester_id: key, target_id: other },
  punch_coordinate: {
    session_id: id,
    peer_id: key,
    peer_host: '203.0.113.7',
    peer_ports: [40_000, 40_001],
    punch_time: 1_700_000_000_000,
    role: 'initiator',
  },
  punch_execute: { session_id: id },
  punch_result: { session_id: id, success: true, connected_port: 40_000 },
  relay_request: { session_id: id, target_id: key, reason: 'symmetric' },
  relay_data: { session_id: id, payload: new Uint8Array(3) },
  relay_ready: { session_id: id, error },
  relay_close: { session_id: id, reason: 'idle' },
  path_offer: { addresses: ['192.168.1.7:9443', '[2001:db8::1]:9443'] },
  dial_back: { request_id: id, nonce: new Uint8Array(16), host: '203.0.113.7', port: 40_000 },
};
