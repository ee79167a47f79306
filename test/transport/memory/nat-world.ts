/**
 * The test bed of BASELINES §4 on the simulated network: a public machine, and two machines behind a NAT each.
 *
 * Addresses as in `test/nat/natlab.sh`. Everything follows from the seed.
 */
import { seededRandom } from '../../../src/actor/random.ts';
import type { Random } from '../../../src/actor/random.ts';
import { createIdentity, type Identity } from '../../../src/identity/identity.ts';
import { virtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';
import type { MemoryNat, NatOptions, NatType } from '../../../src/transport/memory/nat-types.ts';
import {
  memoryNetwork,
  type MemoryNetwork,
  type MemoryNetworkOptions,
} from '../../../src/transport/memory/network.ts';
import type { Endpoint, EndpointOptions, Link, LinkEvents } from '../../../src/transport/transport.ts';
import { LinkRecorder } from '../recorder.ts';

export const TYPES: readonly NatType[] = ['none', 'fullcone', 'addr', 'port', 'sym', 'symport', 'blocked'];

/** One socket, and recorders of the links that reached it. */
export interface Node {
  readonly endpoint: Endpoint;
  readonly identity: Identity;
  readonly inbound: LinkRecorder[];
  dial(to: Endpoint['local']): LinkRecorder;
}

export interface World {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly natA: MemoryNat;
  readonly natB: MemoryNat;
  readonly station: Node;
  readonly a: Node;
  readonly b: Node;
  node(host: string, nat?: MemoryNat, more?: Partial<EndpointOptions>): Promise<Node>;
}

/** Making one costs more than most tests that need one. */
const identities: Identity[] = [];
function identity(index: number, now: number): Identity {
  return (identities[index] ??= createIdentity(seededRandom(`identity ${index}`), now));
}

export async function natWorld(
  seed: string,
  [typeA, typeB]: readonly [NatOptions['type'], NatOptions['type']],
  options: Partial<MemoryNetworkOptions> & { readonly nat?: Partial<NatOptions> } = {},
): Promise<World> {
  const { nat, ...rest } = options;
  const clock = virtualClock();
  const random = seededRandom(seed);
  const network = memoryNetwork({ clock, random: random.fork('network'), poison: true, delay: 10, ...rest });
  const nodes = random.fork('nodes');
  let count = 0;
  const node = async (
    host: string,
    behind?: MemoryNat,
    more: Partial<EndpointOptions> = {},
  ): Promise<Node> => {
    const own = identity(count++, clock.wall());
    const inbound: LinkRecorder[] = [];
    const onLink = (link: Link): LinkEvents => {
      const recorder = new LinkRecorder();
      recorder.link = link;
      inbound.push(recorder);
      return recorder;
    };
    const transport = network.transport(host, behind === undefined ? {} : { nat: behind });
    const endpoint = await transport.open({
      clock,
      random: nodes,
      identity: own,
      bind: { host, port: 9_443 },
      accept: ['macula'],
      onLink,
      ...more,
    });
    const dial = (address: Endpoint['local']): LinkRecorder => {
      const recorder = new LinkRecorder();
      recorder.link = endpoint.dial({ address, protocol: 'macula' }, recorder);
      return recorder;
    };
    return { endpoint, identity: own, inbound, dial };
  };
  const natA = network.nat({ host: '203.0.113.2', type: typeA, ...nat });
  const natB = network.nat({ host: '203.0.113.3', type: typeB, ...nat });
  return {
    clock,
    random,
    network,
    natA,
    natB,
    station: await node('203.0.113.1'),
    a: await node('10.1.0.2', natA),
    b: await node('10.2.0.2', natB),
    node,
  };
}
