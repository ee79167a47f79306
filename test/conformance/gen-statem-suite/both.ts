/** Cases of the groups that run once per callback mode. */
import type { ConformanceSuite } from '../suite.ts';
import { bench, connection, MODES, type Bench, type Connection } from './connection.ts';

export type BothModes = (
  name: string | readonly string[],
  run: (machine: Connection, all: Bench) => Promise<void>,
) => void;

/** Each run has a world of its own. */
export const inBothModes =
  ({ ported }: ConformanceSuite): BothModes =>
  (name, run) => {
    ported(name, async () => {
      for (const mode of MODES) await run(connection[mode], bench());
    });
  };
