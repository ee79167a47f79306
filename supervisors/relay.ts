/**
 * relay (restForOne, 5 in 10 s)
 * ├── endpoint   the UDP socket; without it no client is connected
 * ├── clients    (dynamic, oneForOne, 1 in 5 s) one temporary child per client
 * └── tunnels    (dynamic, oneForOne, 1 in 5 s) one temporary child per tunnel, with two forwarders below it
 *
 * restForOne: a new socket has new clients, and without clients there are no tunnels; losing the tunnels leaves the clients alone.
 * Neither is ever restarted: a client dials again, and its nodes ask for new tunnels. OTP's 1 in 5 s is stated, and never used.
 */
import { dynamicSupervisor } from '../src/otp/dynamic-supervisor.ts';
import { worker, type SupervisorSpec } from '../src/otp/supervisor.ts';
import type { RelayContext } from '../src/dist/relay/server/relay-context.ts';
import { endpointServer, type EndpointArgs } from '../src/transport/endpoint-server.ts';
import { seconds } from '../src/actor/clock.ts';

export interface RelayParts {
  readonly context: RelayContext;
  readonly endpoint: EndpointArgs;
}

export const relay = ({ context, endpoint }: RelayParts): SupervisorSpec => {
  const { scope, limits } = context;
  return {
    strategy: 'restForOne',
    intensity: 5,
    period: seconds(10),
    children: [
      worker('endpoint', endpointServer, endpoint, { scope }),
      dynamicSupervisor(
        'clients',
        { intensity: 1, period: seconds(5), maxChildren: 2 * limits.clients },
        { scope },
      ),
      dynamicSupervisor(
        'tunnels',
        { intensity: 1, period: seconds(5), maxChildren: limits.totalTunnels },
        { scope },
      ),
    ],
  };
};
