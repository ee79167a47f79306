/** Contacts that are nobody, and what the routing table of a node is told of contacts. */
import { actor } from '../../../src/mesh/context.ts';
import type { Contact } from '../../../src/mesh/dht/contact.ts';
import type { RoutingTableCasts } from '../../../src/mesh/dht/routing-table-server.ts';
import type { Node } from '../../../src/node.ts';
import { Request } from '../../../src/otp/server-ref.ts';
import { contextOf } from '../../mesh-world.ts';
import { idOf, tableOf } from './dht-mesh.ts';

/** Contacts in the far half of the id space, each in a network of its own, where nobody is. */
export function strangers(node: Node, count: number): Contact[] {
  return Array.from({ length: count }, (_, i) => {
    const id = idOf(node).slice();
    id[0]! ^= 0x80;
    id[31] = i;
    id[30] = i >> 8;
    return { id, nodeId: Buffer.from(id).toString('hex'), address: `203.${i >> 8}.${i & 255}.1:9443` };
  });
}

/** As the peer pool says of whom it has reached. */
export function see(node: Node, contact: Contact): void {
  tell(node, 'seen', { contact });
}

/** As a lookup says of whom it has asked in vain. */
export function doubt(node: Node, nodeId: string): void {
  tell(node, 'failed', { nodeId });
}

function tell<Tag extends keyof RoutingTableCasts>(
  node: Node,
  tag: Tag,
  what: Parameters<RoutingTableCasts[Tag]>[0],
): void {
  const context = contextOf(node);
  const table = actor(context, 'routingTable');
  if (table === undefined) throw new Error('no table');
  context.runtime.cast(table, new Request(tag, what));
}

export const has = (node: Node, contact: Contact | Node): boolean =>
  tableOf(node).find('nodeId' in contact ? contact.nodeId : contact.id) !== undefined;
