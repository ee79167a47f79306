/**
 * services (restForOne, 5 in 10 s)
 * ├── serviceRegistry   who serves what here; reads the intent again when it restarts; looks up what is elsewhere
 * ├── router            gives calls to providers; reads the registry's table
 * └── advertiser        nodes of the DHT only: has it know what is served here; reads the registry's table
 *
 * restForOne: router and advertiser depend on the registry, not the other way round. A router crash loses only calls
 * that were not yet routed. The advertiser stands last: its crash takes nobody along, and to be restarted with the
 * router costs it nothing, for what it said outlives it.
 */
import { worker, type SupervisorSpec } from '../src/otp/supervisor.ts';
import { serviceRegistryServer } from '../src/mesh/registry/service-registry.ts';
import { advertiserServer } from '../src/mesh/registry/advertiser.ts';
import { routerServer } from '../src/mesh/router/router.ts';
import { seconds } from '../src/actor/clock.ts';
import type { NodeParts } from './parts.ts';

export const services = ({ context, dht }: NodeParts): SupervisorSpec => ({
  strategy: 'restForOne',
  intensity: 5,
  period: seconds(10),
  children: [
    worker('serviceRegistry', serviceRegistryServer, context, { scope: context.scope }),
    worker('router', routerServer, context, { scope: context.scope }),
    ...(dht === undefined ? [] : [worker('advertiser', advertiserServer, context, { scope: context.scope })]),
  ],
});
