/**
 * discovery (restForOne, 5 in 10 s)
 * ├── routingTable   the contacts, and this node's place among them
 * ├── recordStore    keeps records by closeness in the table; misplaced without it
 * └── lookups        (dynamic, oneForOne, 1 in 5 s) one temporary child per lookup
 *
 * restForOne: lookups read the table and the records. What is in both tables outlives their actors; a lookup is
 * never restarted, whoever wanted it asks again: OTP's 1 in 5 s is stated, and never used. Only nodes have it.
 */
import { dynamicSupervisor } from '../src/otp/dynamic-supervisor.ts';
import { worker, type SupervisorSpec } from '../src/otp/supervisor.ts';
import { recordStoreServer } from '../src/mesh/dht/record-store-server.ts';
import { routingTableServer, type RoutingTableArgs } from '../src/mesh/dht/routing-table-server.ts';
import { seconds } from '../src/actor/clock.ts';

/**
 * Lookups at once, each of which holds three questions: 192 are for names that are called (`mesh/registry/lookup-places.ts`),
 * the rest for records, dials and our place in the DHT.
 */
const MAX_LOOKUPS = 256;

export const discovery = (args: RoutingTableArgs): SupervisorSpec => {
  const { context } = args;
  const { scope } = context;
  return {
    strategy: 'restForOne',
    intensity: 5,
    period: seconds(10),
    children: [
      worker('routingTable', routingTableServer, args, { scope }),
      worker('recordStore', recordStoreServer, context, { scope }),
      dynamicSupervisor('lookups', { intensity: 1, period: seconds(5), maxChildren: MAX_LOOKUPS }, { scope }),
    ],
  };
};
