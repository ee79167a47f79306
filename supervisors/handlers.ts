/**
 * handlers (dynamic, oneForOne, 100 in 5 s)
 * ├── procedure "calculator.compute"   transient; its invocations are temporary children
 * ├── keeper (oneForOne, 3 in 5 s)     transient; one per advertisement with a server of its own
 * │   └── the user's server
 * └── …
 *
 * A handler's crash ends an invocation and is nobody's restart. What counts here is the death of a procedure
 * itself, which only a kill or a fault of ours causes: many at once are survivable, so the limit is generous.
 * A server that crashes without end costs its keeper, never this supervisor: the keeper gives up with
 * `shutdown`, and the registry starts it again when it has rested. 3 in 5 s: a server that has crashed a few times
 * in a row will crash again, and its callers should hear so rather than wait (`SERVER_INTENSITY` in
 * `src/mesh/registry/serving.ts`, which starts keepers as servers come).
 */
import { dynamicSupervisor } from '../src/otp/dynamic-supervisor.ts';
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { seconds } from '../src/actor/clock.ts';
import type { NodeParts } from './parts.ts';

export const handlers = ({ context }: NodeParts): ChildSpec =>
  dynamicSupervisor('handlers', { intensity: 100, period: seconds(5) }, { scope: context.scope });
