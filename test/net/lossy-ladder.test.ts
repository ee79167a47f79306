/**
 * Calls and bodies over bad links, the whole path: the two lowest rungs that differ, and a path that shrinks.
 * The whole ladder: test/stress/ladder.test.ts.
 */
import { beforeAll, describe, expect, test } from 'vitest';

import { asOnNetwork, climb, LADDER, patience, rig } from './ladder.ts';

const CLEAN = { failed: {}, wrong: 0, doubled: 0 };

describe.concurrent('a bad link', () => {
  beforeAll(asOnNetwork);

  for (const level of [0, 2]) {
    for (const side of ['toNode', 'toClient'] as const) {
      test(`level ${level} ${side}: 1 MiB and 200 calls without a wrong byte or a doubled message`, async () => {
        await using link = await rig({ seed: `level ${level}`, [side]: LADDER[level] ?? {} });
        expect(await climb(link, patience(level))).toMatchObject(CLEAN);
        const { lost, duplicated, reordered } =
          link.proxy[side === 'toNode' ? 'toTarget' : 'toSource'].stats();
        expect(Math.min(duplicated, reordered)).toBeGreaterThan(0);
        if (level > 0) expect(lost).toBeGreaterThan(0);
      });
    }
  }
});
