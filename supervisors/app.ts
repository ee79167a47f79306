/**
 * app (oneForOne, 3 in 5 s)
 * └── the user's own children, in the order given
 *
 * At the end they are stopped first, each within its own `shutdown`; what our part takes is counted after that.
 * They come after the mesh and stop before it, so that what they use of it is there as long as they are.
 * oneForOne because we know nothing of their dependencies: who has some puts a supervisor of his own here.
 */
import type { SupervisorSpec } from '../src/otp/supervisor.ts';
import { seconds } from '../src/actor/clock.ts';
import type { NodeParts } from './parts.ts';

export const app = ({ children }: NodeParts): SupervisorSpec => ({
  strategy: 'oneForOne',
  intensity: 3,
  period: seconds(5),
  children,
});
