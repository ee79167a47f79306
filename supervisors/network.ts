/**
 * network (restForOne, 5 in 10 s)
 * └── peers   (restForOne) who is connected
 *
 * Discovery stands before peers when it comes: connections are looked for by what it finds.
 */
import { supervisor, type SupervisorSpec } from '../src/otp/supervisor.ts';
import { seconds } from '../src/actor/clock.ts';
import type { ClientParts, NodeParts } from './parts.ts';
import { clientPeers, peers } from './peers.ts';

export const network = (parts: NodeParts): SupervisorSpec => above(peers(parts));

export const clientNetwork = (parts: ClientParts): SupervisorSpec => above(clientPeers(parts));

const above = (spec: SupervisorSpec): SupervisorSpec => ({
  strategy: 'restForOne',
  intensity: 5,
  period: seconds(10),
  children: [supervisor('peers', spec)],
});
