/**
 * transport (restForOne, 5 in 10 s)
 * ├── endpoint      the UDP socket; without it no connection can live
 * └── connections   (dynamic, oneForOne, 1 in 5 s) one temporary child per connection
 *
 * restForOne: a new socket has new connections, but losing the list of connections leaves the socket alone.
 * A connection is never restarted, whoever dialed dials again: OTP's 1 in 5 s is stated, and never used.
 * A port that cannot be bound again is tried 5 times, then the node goes down rather than pretend.
 */
import type { SupervisorSpec } from '../src/otp/supervisor.ts';
import { worker } from '../src/otp/supervisor.ts';
import { dynamicSupervisor } from '../src/otp/dynamic-supervisor.ts';
import { endpointServer } from '../src/transport/endpoint-server.ts';
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
    dynamicSupervisor(
      'connections',
      { intensity: 1, period: seconds(5), maxChildren: MAX_CONNECTIONS },
      { scope: context.scope },
    ),
  ],
});
