/** Stations that answer the NAT checks of a node. */
import { contextOf, type MeshWorld } from '../../mesh-world.ts';
import type { NatOptions } from '../../../src/mesh/nat/detection/nat-profile.ts';
import { natReport } from '../../../src/mesh/nat/detection/nat-profile.ts';
import type { NatReport } from '../../../src/mesh/nat/detection/report.ts';
import type { Node } from '../../../src/node.ts';
import { addressOf } from '../peer/peer-world.ts';

/** The node is connected to each of these. */
export async function meet(world: MeshWorld, node: Node, ...others: readonly Node[]): Promise<void> {
  for (const other of others)
    await world.settle(
      node.peers.sendMessageAndWait(addressOf(other), 'ping', undefined, { timeout: 10_000 }),
    );
}

export const check = (world: MeshWorld, node: Node, options?: NatOptions): Promise<NatReport> =>
  world.settle(natReport(contextOf(node), options));
