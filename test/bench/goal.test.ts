/**
 * What a bench says of a goal.
 */
import { describe, expect, test } from 'vitest';
import { judge } from '../../bench/harness/goal.ts';

describe('judge', () => {
  test('divides figures of the same round and takes the median: 2, 4, 8 against 1 are 4', () => {
    expect(judge({ than: 'peer', atMost: 2 }, [2, 4, 8], [1, 1, 1])).toMatchObject({
      met: false,
      distance: 2,
    });
    expect(judge({ than: 'peer', atLeast: 2 }, [2, 4, 8], [1, 1, 1])).toMatchObject({
      met: true,
      distance: 0.5,
    });
  });

  test('a round in which one side is missing counts for nothing', () => {
    const judged = judge({ than: 'peer', atMost: 2 }, [undefined, 2, 9], [1, 1, undefined]);
    expect(judged).toMatchObject({ met: true, distance: 1 });
  });

  test('an allowance is taken off our figure first', () => {
    const goal = { than: 'peer', atMost: 1, allowance: 60 };
    expect(judge(goal, [80], [20]).met).toBe(true);
    expect(judge(goal, [81], [20]).met).toBe(false);
  });

  test('what must never happen is missed by one round of three', () => {
    expect(judge({ atMost: 0 }, [0, 0, 0], undefined).met).toBe(true);
    expect(judge({ atMost: 0 }, [0, 1, 0], undefined).met).toBe(false);
  });

  test('a peer outside the run, a figure never taken and a thing not built leave a goal open', () => {
    expect(judge({ than: 'peer', atMost: 1 }, [1], undefined).met).toBeNull();
    expect(judge({ atMost: 1 }, [undefined], undefined).met).toBeNull();
    expect(judge({ atMost: 1, notBuilt: 'no cache' }, [0.5], undefined).met).toBeNull();
  });
});
