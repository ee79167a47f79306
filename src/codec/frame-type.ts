/**
 * Message type ids and their names, as they stand in the second byte of a frame.
 *
 * Pure. Ids of 0x60 and above, 0x10-0x13, 0x22-0x25, 0x27-0x2b and 0x30-0x32 are reserved: known by name, not
 * used in this round. Source: SPEC §4.3, DESIGN §8 "New frame ids".
 */

export const FRAME_TYPE_IDS = {
  connect: 0x01,
  disconnect: 0x02,
  ping: 0x03,
  pong: 0x04,
  connected: 0x05,
  refused: 0x06,
  publish: 0x10,
  subscribe: 0x11,
  unsubscribe: 0x12,
  pubsub_route: 0x13,
  call: 0x20,
  reply: 0x21,
  cast: 0x22,
  rpc_route: 0x23,
  rpc_request: 0x24,
  rpc_reply: 0x25,
  register_procedure: 0x26,
  stream_open: 0x27,
  stream_data: 0x28,
  stream_end: 0x29,
  stream_error: 0x2a,
  stream_reply: 0x2b,
  cancel: 0x2c,
  unregister_procedure: 0x2d,
  registered: 0x2e,
  swim_ping: 0x30,
  swim_ack: 0x31,
  swim_ping_req: 0x32,
  find_node: 0x40,
  find_node_reply: 0x41,
  store: 0x42,
  find_value: 0x43,
  find_value_reply: 0x44,
  store_reply: 0x45,
  nat_probe: 0x50,
  nat_probe_reply: 0x51,
  punch_request: 0x52,
  punch_coordinate: 0x53,
  punch_execute: 0x54,
  punch_result: 0x55,
  relay_request: 0x56,
  relay_data: 0x57,
  relay_ready: 0x58,
  relay_close: 0x59,
  path_offer: 0x5a,
  dial_back: 0x5b,
  bridge_rpc: 0x60,
  bridge_data: 0x61,
  gossip_push: 0x70,
  gossip_pull: 0x71,
  gossip_pull_reply: 0x72,
  gossip_sync: 0x73,
  gossip_sync_reply: 0x74,
  registry_publish: 0x80,
  registry_publish_ack: 0x81,
  registry_fetch: 0x82,
  registry_fetch_reply: 0x83,
  registry_query: 0x84,
  registry_query_reply: 0x85,
  registry_verify: 0x86,
  registry_verify_reply: 0x87,
  registry_sync: 0x88,
  registry_sync_reply: 0x89,
  content_want: 0x90,
  content_have: 0x91,
  content_block: 0x92,
  content_manifest_req: 0x93,
  content_manifest_res: 0x94,
  content_cancel: 0x95,
} as const;

export type FrameType = keyof typeof FRAME_TYPE_IDS;

const BY_ID = new Array<FrameType | undefined>(256).fill(undefined);
for (const [name, id] of Object.entries(FRAME_TYPE_IDS)) BY_ID[id] = name as FrameType;

/** The name of `id` (one byte), or undefined when no type has it. */
export const frameTypeOf = (id: number): FrameType | undefined => BY_ID[id];

/** The id of a type, or undefined when `name` is none (it may come from a caller without types). */
export const frameTypeId = (name: string): number | undefined =>
  Object.hasOwn(FRAME_TYPE_IDS, name) ? FRAME_TYPE_IDS[name as FrameType] : undefined;
