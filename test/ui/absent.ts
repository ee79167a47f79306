/** In place of the tests of the inspector's page where there is no Chromium (`vitest.config.ts` chooses). */
import { expect, test } from 'vitest';

const WHY = 'there is no /usr/bin/chromium (Debian: apt-get install --no-install-recommends chromium)';

test(`skipped, all of it: ${WHY}`, () => {
  console.log(`skipped: the tests of the inspector's page: ${WHY}`);
  expect(process.platform).toBeDefined();
});
