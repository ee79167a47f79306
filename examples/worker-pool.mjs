/**
 * Work that could block everybody, in threads of their own: prime numbers by the million, an endless loop that is ended at
 * its deadline, and a main program that answers meanwhile.
 *
 *   node examples/worker-pool.mjs
 */
import { startWorkerPool } from 'espalier/isolation';
import { createRuntime, silentLogger } from 'espalier/otp';

const runtime = createRuntime({ logger: silentLogger });
const pool = await startWorkerPool(runtime, {
  module: new URL('./worker-pool-work.mjs', import.meta.url),
  size: 2,
  spare: 1,
});

let ticks = 0;
const ticking = setInterval(() => ticks++, 10);

const counts = await Promise.all(
  [100_000, 200_000, 300_000].map((limit) => pool.call('primesBelow', [limit])),
);
console.log(`primes: ${counts.join(', ')}`); // primes: 9592, 17984, 25997

const failure = await pool.call('forever', [], { timeout: 200 }).catch((error) => error);
console.log(`the endless loop: ${failure.failure.tag}`); // the endless loop: timeout

console.log(`after it: ${await pool.call('primesBelow', [100])}`); // after it: 25
console.log(`this thread was free: ${ticks > 10}`); // this thread was free: true

clearInterval(ticking);
await pool.stop();
