/**
 * station (oneForOne, 5 in 10 s)
 * ├── relay      has the endpoint pass on what belongs to relay sessions, and ends those that nobody uses
 * └── peerings   keeps the connections to the stations that this one is peered with
 *
 * oneForOne: what a station does for one peer or client needs nothing of what it does for another. What they know
 * outlives them in `context.routing` and `context.relays`, and connections are not theirs: a death here costs no call.
 * Nobody looks for them, so they have no names; a successor never waits for one.
 */
import { worker, type SupervisorSpec } from '../src/otp/supervisor.ts';
import { relayServer } from '../src/mesh/relay/relay-server.ts';
import { peeringsServer, type PeeringsArgs } from '../src/mesh/station/peerings.ts';
import { seconds } from '../src/actor/clock.ts';

export interface StationParts {
  readonly peerings: PeeringsArgs;
}

export const station = ({ peerings }: StationParts): SupervisorSpec => ({
  strategy: 'oneForOne',
  intensity: 5,
  period: seconds(10),
  children: [worker('relay', relayServer, peerings.context), worker('peerings', peeringsServer, peerings)],
});
