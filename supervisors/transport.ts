/**
 * transport (restForOne, 5 in 10 s)
 * ├── endpoint      the UDP socket; without it no connection can live
 * └── connections   dynamic; one temporary child per connection
 *
 * restForOne: a new socket has new connections, but losing the list of connections leaves the socket alone.
 * A port that cannot be bound again is tried 5 times, then the node goes down rather than pretend.
 */
import type { SupervisorSpec } from '../src/otp/supervisor.ts';
import { worker } from '../src/otp/supervisor.ts';
import { dynamicSupervisor } from '../src/otp/dynamic-supervisor.ts';
import { endpointServer } from '../src/mesh/endpoint/endpoint-server.ts';
import { seconds } from '../src/actor/clock.ts';
import type { NodeParts } from './parts.ts';

/** Connections at once, as many as links (SECURITY §13). */
const MAX_CONNECTIONS = 10_000;

export const transport = ({ context, endpoint }: NodeParts): SupervisorSpec => ({
  strategy: 'restForOne',
  intensity: 5,
  period: seconds(10),
  children: [
    worker('endpoint', endpointServer, endpoint, { scope: context.scope }),
    dynamicSupervisor('connections', { maxChildren: MAX_CONNECTIONS }, { scope: context.scope }),
  ],
});
