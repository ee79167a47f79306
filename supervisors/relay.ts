/**
 * relay (restForOne, 5 in 10 s)
 * ├── endpoint   the UDP socket; without it no client is connected
 * ├── foreign    where asked for only: a second socket, for ends of other makes, which prove no key
 * ├── clients    (dynamic, oneForOne, 1 in 5 s) one temporary child per client
 * ├── tunnels    (dynamic, oneForOne, 1 in 5 s) one temporary child per tunnel, with two forwarders below it
 * └── roles      where asked for only (oneForOne, 5 in 10 s): the inspector, whose crash takes nothing else along
 *
 * restForOne: a new socket has new clients, and without clients there are no tunnels; losing the tunnels leaves the clients alone.
 * Neither is ever restarted: a client dials again, and its nodes ask for new tunnels. OTP's 1 in 5 s is stated, and never used.
 */
import { dynamicSupervisor } from '../src/otp/dynamic-supervisor.ts';
import { supervisor, worker, type SupervisorSpec } from '../src/otp/supervisor.ts';
import type { RelayContext } from '../src/dist/relay/server/relay-context.ts';
import { endpointServer, type EndpointArgs } from '../src/transport/endpoint-server.ts';
import { seconds } from '../src/actor/clock.ts';
import type { InspectorArgs } from '../src/inspect/inspector-server.ts';
import { roles } from './roles.ts';

export interface RelayParts {
  readonly context: RelayContext;
  readonly endpoint: EndpointArgs;
  /** Undefined: there is none. */
  readonly foreign: EndpointArgs | undefined;
  /** Undefined: there is none. */
  readonly inspector: InspectorArgs | undefined;
}

export const relay = ({ context, endpoint, foreign, inspector }: RelayParts): SupervisorSpec => {
  const { scope, limits } = context;
  return {
    strategy: 'restForOne',
    intensity: 5,
    period: seconds(10),
    children: [
      worker('endpoint', endpointServer, endpoint, { scope }),
      ...(foreign === undefined
        ? []
        : [worker('foreign', endpointServer, foreign, { name: 'endpoint', scope: foreign.scope })]),
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
      ...(inspector === undefined
        ? []
        : [supervisor('roles', roles({ station: undefined, dist: undefined, inspector }))]),
    ],
  };
};
