/**
 * Nodes behind NATs of the simulated network, and a station that both reach.
 */
import type { NodeOptions } from '../../../src/mesh/client/options.ts';
import type { Node } from '../../../src/node.ts';
import type { MemoryNat, NatOptions } from '../../../src/transport/memory/nat-types.ts';
import type { Path } from '../../../src/transport/transport.ts';
import { closeAtEnd, contextOf, meshWorld, type MeshWorld } from '../../mesh-world.ts';

export type Type = NatOptions['type'];

export interface NatWorld {
  readonly world: MeshWorld;
  readonly station: Node;
  readonly nats: ReadonlyMap<string, MemoryNat>;
  /** A node behind a NAT of its own, attached to the station. */
  behind(name: string, type: Type, options?: NodeOptions): Promise<Node>;
}

/** One way from anywhere to anywhere, ms: a round trip through the station is 40. */
const DELAY = 10;

export async function natWorld(seed: string, options: NodeOptions = {}): Promise<NatWorld> {
  const world = meshWorld({ seed, delay: DELAY });
  const station = await world.node({ host: '203.0.113.1', station: true, ...options });
  closeAtEnd(world, station);
  const nats = new Map<string, MemoryNat>();
  let count = 0;
  return {
    world,
    station,
    nats,
    behind: async (name, type, rest = {}) => {
      const index = ++count;
      const nat = world.network.nat({ host: `203.0.113.${10 + index}`, type });
      nats.set(name, nat);
      const transport = world.network.transport(`10.${index}.0.2`, { nat });
      const node = await world.node({
        transport,
        stations: [station.url],
        bootstrap: [station.url],
        ...rest,
      });
      closeAtEnd(world, node);
      await world.clock.until(() => contextOf(node).relays.attached.length > 0);
      return node;
    },
  };
}

/** The path along which packets of `from` to `to` go now; undefined without a connection. */
export function pathTo(from: Node, to: Node): Path | undefined {
  const link = contextOf(from).standings.ready(to.id, false)?.link();
  return link?.paths.find(({ active }) => active);
}
