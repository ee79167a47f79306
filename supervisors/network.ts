/**
 * network (restForOne, 5 in 10 s)
 * ├── discovery   (restForOne) nodes of the DHT only: who is where in the id space, and keeps what
 * └── peers       (restForOne) who is connected
 *
 * restForOne: connections are looked for by what discovery finds.
 */
import { supervisor, type SupervisorSpec } from '../src/otp/supervisor.ts';
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { seconds } from '../src/actor/clock.ts';
import { discovery } from './discovery.ts';
import type { ClientParts, NodeParts } from './parts.ts';
import { clientPeers, peers } from './peers.ts';

export const network = (parts: NodeParts): SupervisorSpec =>
  above([
    ...(parts.dht === undefined ? [] : [supervisor('discovery', discovery(parts.dht))]),
    supervisor('peers', peers(parts)),
  ]);

export const clientNetwork = (parts: ClientParts): SupervisorSpec =>
  above([supervisor('peers', clientPeers(parts))]);

const above = (children: readonly ChildSpec[]): SupervisorSpec => ({
  strategy: 'restForOne',
  intensity: 5,
  period: seconds(10),
  children,
});
