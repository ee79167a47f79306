/**
 * dist (restForOne, 5 in 10 s)
 * ├── spawned     what other nodes have started here; its children are temporary
 * ├── auth        `net_kernel` for other nodes: answers their pings
 * ├── rex         runs exported functions for them
 * ├── netKernel   which nodes there are connections to; each is a temporary child of it
 * ├── carriers    (oneForOne, 5 in 10 s) what listens for other nodes
 * ├── groups      (oneForOne, 5 in 10 s) a process for each scope of process groups that is shared
 * └── cluster     nodes with `cluster` only: keeps the connections to all its nodes
 *
 * restForOne: a connection needs those before it, and who listens needs a net kernel to give connections to. The net kernel's end is
 * the end of its connections: each node there was hears one nodedown, and what is sent next connects anew. A listener's end is that
 * of the connections of its carrier. Nobody needs the groups: their end takes the members of other nodes out of a scope, which asks for
 * them anew. Nor the cluster: its successor dials who is missing. Names, exported pids and listeners for nodes outlive all of them.
 */
import { supervisor, worker, type SupervisorSpec } from '../src/otp/supervisor.ts';
import { clusterServer } from '../src/dist/cluster/cluster.ts';
import { netKernelServer } from '../src/dist/kernel/net-kernel.ts';
import type { DistParts } from '../src/dist/make.ts';
import { groupsServer } from '../src/dist/groups/groups-server.ts';
import { spawnedServer } from '../src/dist/running.ts';
import { authServer, rexServer } from '../src/dist/services.ts';
import { seconds } from '../src/actor/clock.ts';

export const dist = ({
  context,
  carriers,
  outgoing,
  listening,
  scope,
  groups,
  cluster,
}: DistParts): SupervisorSpec => ({
  strategy: 'restForOne',
  intensity: 5,
  period: seconds(10),
  children: [
    worker('spawned', spawnedServer, context),
    worker('auth', authServer, context),
    worker('rex', rexServer, context),
    worker('netKernel', netKernelServer, { scope, context, carriers, outgoing }),
    supervisor('carriers', {
      strategy: 'oneForOne',
      intensity: 5,
      period: seconds(10),
      children: carriers.flatMap((carrier) => carrier.childSpecs(listening)),
    }),
    supervisor('groups', {
      strategy: 'oneForOne',
      intensity: 5,
      period: seconds(10),
      children: groups.map((shared) => worker(shared.scope, groupsServer, shared)),
    }),
    ...(cluster === undefined ? [] : [worker('cluster', clusterServer, cluster)]),
  ],
});
