/** A contact that answers what it likes when it is asked for nodes or records. */
import { expect } from 'vitest';
import type { Frame } from '../../../src/codec/frame.ts';
import type { ContactPayload, SignedRecordPayload } from '../../../src/codec/payloads.ts';
import { hex } from '../../../src/mesh/context.ts';
import type { Node } from '../../../src/node.ts';
import type { MeshWorld } from '../../mesh-world.ts';
import { rawPeer, type RawPeer } from '../raw-peer.ts';
import { tableOf } from './dht-mesh.ts';

export type Question = Extract<Frame, { type: 'find_node' | 'find_value' }>;

/** Without `nodes` it keeps silent; without `value` it has no record. */
export interface Lie {
  readonly nodes?: readonly ContactPayload[] | undefined;
  readonly value?: readonly SignedRecordPayload[];
}

/** Stands in the routing table of `node` when this is done. */
export async function lyingContact(
  world: MeshWorld,
  node: Node,
  lie: (peer: RawPeer, question: Question) => Lie,
): Promise<RawPeer> {
  const peer = await rawPeer(world, node, 'liar');
  const { dht } = peer.channels;
  const read = dht.onData.bind(dht);
  let seen = 0;
  dht.onData = (bytes) => {
    read(bytes);
    for (; seen < dht.frames.length; seen++) {
      const asked = dht.frames[seen]!;
      if (asked.type === 'find_node' || asked.type === 'find_value') answer(peer, asked, lie(peer, asked));
    }
  };
  await peer.greeted({ capabilities: ['rpc', 'node', 'dht'] });
  await world.clock.advance(100);
  expect(tableOf(node).find(hex(peer.identity.nodeId))).toBeDefined();
  return peer;
}

function answer({ channels: { dht } }: RawPeer, { type, payload }: Question, { nodes, value }: Lie): void {
  if (nodes === undefined) return;
  const { request_id } = payload;
  if (type === 'find_node') dht.send('find_node_reply', { request_id, nodes });
  else if (value === undefined)
    dht.send('find_value_reply', { request_id, key: payload.key, result: 'nodes', nodes });
  else dht.send('find_value_reply', { request_id, key: payload.key, result: 'value', value, nodes });
}
