/**
 * Runs one workload with seed after seed, in a process of its own, until a run violates an invariant:
 * `node seeds.js FIRST LAST WORKLOAD`, the workload as JSON.
 *
 * Says on standard output `seed N` before each run, then `violated` with the number of the invariant and what was seen,
 * or `sound`. A run that rejects shows no invariant violated: it ends this with 1.
 */
import { simulate } from '../../src/testing/simulation/simulate.ts';
import type { AimedWorkload } from './mutant.ts';

const [first, last, json] = process.argv.slice(2) as [string, string, string];
const workload = JSON.parse(json) as AimedWorkload;

async function violated(seed: number): Promise<string | undefined> {
  const [violation] = (await simulate({ ...workload, seed })).violations;
  return violation === undefined ? undefined : `${violation.invariant}: ${violation.detail}`;
}

let found: string | undefined;
for (let seed = Number(first); seed <= Number(last) && found === undefined; seed++) {
  console.log(`seed ${seed}`);
  found = await violated(seed);
}
console.log(found === undefined ? 'sound' : `violated ${found.replaceAll('\n', ' ')}`);
// what a fault left behind must not keep it here
process.exit(0);
