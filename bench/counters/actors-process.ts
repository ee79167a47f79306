/** `actors-process.js WORKLOAD OPERATIONS`: a workload of the bench `actors`, after a little of everything. */
import { SIZES, type WorkloadName } from '../actors/cases.ts';
import { workloads } from '../actors/espalier.ts';

/** The part of each workload that is run before the measured one. */
const A_LITTLE = 0.02;

const [name, operations] = process.argv.slice(2);
for (const [other, run] of Object.entries(workloads))
  (await run(Math.max(1, Math.round(SIZES[other as WorkloadName] * A_LITTLE))))?.();
await workloads[name as WorkloadName]?.(Number(operations));
const { user, system } = process.cpuUsage();
process.stdout.write(String(user + system), () => process.exit(0));
