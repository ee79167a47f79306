/** What `worker-pool.mjs` has done in other threads. */

/** How many primes there are below `limit`. */
export function primesBelow(limit) {
  const composite = new Uint8Array(limit);
  let count = 0;
  for (let candidate = 2; candidate < limit; candidate++) {
    if (composite[candidate] === 1) continue;
    count++;
    for (let multiple = candidate * candidate; multiple < limit; multiple += candidate)
      composite[multiple] = 1;
  }
  return count;
}

export function forever() {
  for (;;);
}
