/**
 * services (restForOne, 5 in 10 s)
 * ├── serviceRegistry   who serves what here; reads the intent again when it restarts
 * └── router            gives calls to providers; reads the registry's table
 *
 * restForOne: the router depends on the registry, not the other way round. A router crash loses only calls that
 * were not yet routed.
 */
import { worker, type SupervisorSpec } from '../src/otp/supervisor.ts';
import { serviceRegistryServer } from '../src/mesh/registry/service-registry.ts';
import { routerServer } from '../src/mesh/router/router.ts';
import { seconds } from '../src/actor/clock.ts';
import type { NodeParts } from './parts.ts';

export const services = ({ context }: NodeParts): SupervisorSpec => ({
  strategy: 'restForOne',
  intensity: 5,
  period: seconds(10),
  children: [
    worker('serviceRegistry', serviceRegistryServer, context, { scope: context.scope }),
    worker('router', routerServer, context, { scope: context.scope }),
  ],
});
