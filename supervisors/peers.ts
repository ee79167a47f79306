/**
 * peers (restForOne, 5 in 10 s)
 * ├── peerPool   who is connected, one connection each
 * └── uplink     clients only: the connection to their node
 *
 * Both find what lives when they come back; connections are not theirs and survive them. What a connection is
 * (who dialed, since when it is ready, whether it is in doubt) it writes itself into `context.standings`, which
 * outlives all three.
 */
import { worker, type SupervisorSpec } from '../src/otp/supervisor.ts';
import { peerPoolServer } from '../src/mesh/peer/peer-pool.ts';
import { uplinkServer } from '../src/mesh/peer/uplink.ts';
import { seconds } from '../src/actor/clock.ts';
import type { ClientParts, NodeParts } from './parts.ts';

export const peers = ({ context }: NodeParts): SupervisorSpec => ({
  strategy: 'restForOne',
  intensity: 5,
  period: seconds(10),
  children: [worker('peerPool', peerPoolServer, context, { scope: context.scope })],
});

export const clientPeers = (parts: ClientParts): SupervisorSpec => ({
  ...peers(parts),
  children: [
    ...peers(parts).children,
    worker('uplink', uplinkServer, parts.uplink, { scope: parts.context.scope }),
  ],
});
