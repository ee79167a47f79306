/**
 * roles (oneForOne, 5 in 10 s)
 * └── station   (oneForOne) stations only: what it does for its peers
 *
 * oneForOne: a role needs the node below it and no other role. Only a node that has one has this part.
 */
import { supervisor, type SupervisorSpec } from '../src/otp/supervisor.ts';
import { seconds } from '../src/actor/clock.ts';
import { station, type StationParts } from './station.ts';

export interface RolesParts {
  readonly station: StationParts;
}

export const roles = (parts: RolesParts): SupervisorSpec => ({
  strategy: 'oneForOne',
  intensity: 5,
  period: seconds(10),
  children: [supervisor('station', station(parts.station))],
});
