/**
 * relayClient (restForOne, 5 in 10 s)
 * ├── endpoint   its UDP socket; without it no relay is reached
 * ├── relays     (oneForOne, 5 in 10 s) one actor per relay: dials it, and dials it again
 * └── tunnels    (dynamic, oneForOne, 1 in 5 s) one temporary child per tunnel
 *
 * restForOne: a new socket has new connections, and new connections have no old tunnels. A relay that is not there costs no restart:
 * its actor dials after its start. Tunnels are never restarted: OTP's 1 in 5 s is stated, and never used.
 */
import { dynamicSupervisor } from '../src/otp/dynamic-supervisor.ts';
import { supervisor, worker, type SupervisorSpec } from '../src/otp/supervisor.ts';
import { MOST_TUNNELS } from '../src/dist/relay/client/bounds.ts';
import type { RelayClientParts } from '../src/dist/relay/client/make-client.ts';
import { relaySessionServer } from '../src/dist/relay/client/relay-session.ts';
import { endpointServer } from '../src/transport/endpoint-server.ts';
import { seconds } from '../src/actor/clock.ts';

export const relayClient = ({ context, endpoint }: RelayClientParts): SupervisorSpec => ({
  strategy: 'restForOne',
  intensity: 5,
  period: seconds(10),
  children: [
    worker('endpoint', endpointServer, endpoint, { scope: context.scope }),
    supervisor('relays', {
      strategy: 'oneForOne',
      intensity: 5,
      period: seconds(10),
      children: context.relays.map((relay) => worker(relay.url, relaySessionServer, { context, relay })),
    }),
    dynamicSupervisor(
      'tunnels',
      { intensity: 1, period: seconds(5), maxChildren: MOST_TUNNELS },
      { scope: context.scope },
    ),
  ],
});
