/**
 * A few nodes that know each other: the first is whom the others begin with.
 */
import type { NodeOptions } from '../../../src/mesh/client/options.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, type MeshWorld } from '../../mesh-world.ts';

export async function nodesOf(world: MeshWorld, count: number, options: NodeOptions = {}): Promise<Node[]> {
  const nodes: Node[] = [];
  for (let n = 0; n < count; n++) nodes.push(await joinAnother(world, nodes[0], options));
  return nodes;
}

export async function joinAnother(
  world: MeshWorld,
  first: Node | undefined,
  options: NodeOptions = {},
): Promise<Node> {
  const node = await world.node({ ...(first === undefined ? {} : { bootstrap: [first.url] }), ...options });
  closeAtEnd(world, node);
  await world.settle(node.ready());
  return node;
}
