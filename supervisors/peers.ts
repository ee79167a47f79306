/**
 * peers (restForOne, 5 in 10 s)
 * ├── natProfile     nodes only: what is known of the NAT in front of this node
 * ├── natConnector   nodes only: has ways sought, and relayed connections won a direct path; attempts are its own children
 * ├── peerPool       who is connected, one connection each
 * ├── attachments    nodes with stations only: the connections to these
 * └── uplink         clients only: the connection to their node
 *
 * All of them find what lives when they come back;
 * connections are not theirs and survive them. What a connection is (who dialed, since when it is ready, whether it is in
 * doubt) it writes itself into `context.standings`, which outlives them all.
 */
import { worker, type SupervisorSpec } from '../src/otp/supervisor.ts';
import { natConnectorServer } from '../src/mesh/nat/traversal/connector.ts';
import { systemInterfaces } from '../src/mesh/nat/detection/interfaces.ts';
import { natProfileServer } from '../src/mesh/nat/detection/profile-server.ts';
import { peerPoolServer } from '../src/mesh/peer/peer-pool.ts';
import { peeringsServer } from '../src/mesh/station/peerings.ts';
import { uplinkServer } from '../src/mesh/peer/uplink.ts';
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { seconds } from '../src/actor/clock.ts';
import type { ClientParts, NodeParts } from './parts.ts';

const pool = (context: NodeParts['context']): ChildSpec =>
  worker('peerPool', peerPoolServer, context, { scope: context.scope });

export const peers = ({ context, attachments }: NodeParts): SupervisorSpec => ({
  strategy: 'restForOne',
  intensity: 5,
  period: seconds(10),
  children: [
    worker(
      'natProfile',
      natProfileServer,
      { context, interfaces: systemInterfaces },
      { scope: context.scope },
    ),
    worker('natConnector', natConnectorServer, context, { scope: context.scope }),
    pool(context),
    ...(attachments === undefined
      ? []
      : [worker('attachments', peeringsServer, attachments, { scope: context.scope })]),
  ],
});

export const clientPeers = (parts: ClientParts): SupervisorSpec => ({
  ...peers(parts),
  children: [
    pool(parts.context),
    worker('uplink', uplinkServer, parts.uplink, { scope: parts.context.scope }),
  ],
});
