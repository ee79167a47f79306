/**
 * roles (oneForOne, 5 in 10 s)
 * ├── station   (oneForOne) stations only: what it does for its peers
 * ├── dist      (restForOne) actors across nodes
 * └── inspector page and API that show all of it
 *
 * oneForOne: a role needs the node below it and no other role. Only a node that has one has this part.
 */
import { supervisor, worker, type SupervisorSpec } from '../src/otp/supervisor.ts';
import type { DistParts } from '../src/dist/make.ts';
import { inspectorServer, type InspectorArgs } from '../src/inspect/inspector-server.ts';
import { seconds } from '../src/actor/clock.ts';
import { dist } from './dist.ts';
import { station, type StationParts } from './station.ts';

export interface RolesParts {
  readonly station: StationParts | undefined;
  readonly dist: DistParts | undefined;
  readonly inspector: InspectorArgs | undefined;
}

export const roles = (parts: RolesParts): SupervisorSpec => ({
  strategy: 'oneForOne',
  intensity: 5,
  period: seconds(10),
  children: [
    ...(parts.station === undefined ? [] : [supervisor('station', station(parts.station))]),
    ...(parts.dist === undefined ? [] : [supervisor('dist', dist(parts.dist))]),
    ...(parts.inspector === undefined
      ? []
      : [worker('inspector', inspectorServer, parts.inspector, { scope: parts.inspector.context.scope })]),
  ],
});
