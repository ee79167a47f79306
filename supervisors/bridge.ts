/**
 * bridge (restForOne, 5 in 10 s)
 * ├── relayClient   known at the relays by the name of the local node
 * ├── doors         (dynamic, oneForOne, 1 in 5 s) one temporary child per node elsewhere that was looked for
 * └── epmd          where local nodes register, and ask for others
 *
 * restForOne: doors ask the relay client for tunnels, and EPMD opens doors. Losing EPMD leaves connections alone: its successor remembers
 * who was registered. A door is opened when somebody asks for its node: OTP's 1 in 5 s is stated, and never used.
 */
import { dynamicSupervisor } from '../src/otp/dynamic-supervisor.ts';
import { supervisor, type SupervisorSpec } from '../src/otp/supervisor.ts';
import { MOST_DOORS, type BridgeContext } from '../src/dist/bridge/bridge.ts';
import type { EpmdServer } from '../src/dist/bridge/epmd-server.ts';
import type { RelayClientParts } from '../src/dist/relay/client/make-client.ts';
import { seconds } from '../src/actor/clock.ts';
import { relayClient } from './relay-client.ts';

export interface BridgeParts {
  readonly context: BridgeContext;
  readonly relayClient: RelayClientParts;
  readonly epmd: EpmdServer;
}

export const bridge = (parts: BridgeParts): SupervisorSpec => ({
  strategy: 'restForOne',
  intensity: 5,
  period: seconds(10),
  children: [
    supervisor('relayClient', relayClient(parts.relayClient)),
    dynamicSupervisor(
      'doors',
      { intensity: 1, period: seconds(5), maxChildren: MOST_DOORS },
      { scope: parts.context.scope },
    ),
    parts.epmd.childSpec(),
  ],
});
