/**
 * node (restForOne, 3 in 5 s)
 * ├── identity    key and certificate
 * ├── intent      what users asked for; replayed into whatever restarts
 * ├── events      counters and the last crashes
 * ├── handlers    (dynamic) one procedure per advertisement, invocations below it
 * ├── transport   (restForOne) socket and connections
 * ├── network     (restForOne) peers
 * ├── services    (restForOne) registry and router
 * ├── app         (oneForOne) the user's own children
 * └── roles       (oneForOne) what some nodes do beside: stations, distribution
 *
 * restForOne: each depends on those before it and on none after it. A part that exhausts its own intensity is
 * restarted here three times within five seconds; more than that is a fault no restart repairs.
 * A client is the same tree with an uplink among its peers and a socket that only dials.
 */
import { supervisor, worker, type SupervisorSpec } from '../src/otp/supervisor.ts';
import { eventsServer } from '../src/mesh/events/events-server.ts';
import { identityServer } from '../src/mesh/identity/identity-server.ts';
import { intentServer } from '../src/mesh/intent/intent.ts';
import { seconds } from '../src/actor/clock.ts';
import { app } from './app.ts';
import { handlers } from './handlers.ts';
import { clientNetwork, network } from './network.ts';
import type { ClientParts, NodeParts } from './parts.ts';
import { roles } from './roles.ts';
import { services } from './services.ts';
import { transport } from './transport.ts';

export const node = (parts: NodeParts): SupervisorSpec => tree(parts, network(parts));

export const client = (parts: ClientParts): SupervisorSpec => tree(parts, clientNetwork(parts));

function tree(parts: NodeParts, net: SupervisorSpec): SupervisorSpec {
  const { context, identity } = parts;
  const { scope } = context;
  return {
    strategy: 'restForOne',
    intensity: 3,
    period: seconds(5),
    children: [
      worker('identity', identityServer, { scope, identity }, { scope }),
      worker('intent', intentServer, context, { scope }),
      worker('events', eventsServer, context, { scope }),
      handlers(parts),
      supervisor('transport', transport(parts)),
      supervisor('network', net),
      supervisor('services', services(parts)),
      supervisor('app', app(parts), { scope }),
      ...(parts.roles === undefined ? [] : [supervisor('roles', roles(parts.roles), { scope })]),
    ],
  };
}
