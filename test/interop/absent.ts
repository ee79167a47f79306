/** In place of the tests with a real Erlang where there is none (`vitest.config.ts` chooses). */
import { expect, test } from 'vitest';

const WHY = 'there is no erl and epmd on the path (Debian: apt-get install erlang-base)';

test(`skipped, all of it: ${WHY}`, () => {
  console.log(`skipped: the tests with a real Erlang: ${WHY}`);
  expect(process.env['PATH']).toBeDefined();
});
