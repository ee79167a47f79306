/** A simulated mesh whose log is kept, line by line, for each node and client of it. */
import { seededRandom } from '../../../src/actor/random.ts';
import type { LogFields, Logger, LogLevel } from '../../../src/actor/logger.ts';
import { Runtime } from '../../../src/actor/runtime.ts';
import { meshWorld, type MeshWorld } from '../../mesh-world.ts';

export interface Line {
  readonly level: string;
  readonly message: string;
  readonly event: string;
  readonly fields: LogFields;
}

export interface Log {
  readonly runtime: Runtime;
  readonly lines: Line[];
  of(event: string): Line[];
}

export interface LoggedWorld extends MeshWorld {
  /** A runtime of its own, with what it logs. */
  log(level?: LogLevel, crashDetails?: boolean): Log;
}

export function keepingLogger(lines: Line[], level: LogLevel = 'trace'): Logger {
  const at =
    (name: string) =>
    ({ event, ...fields }: LogFields, message: string): void =>
      void lines.push({ level: name, message, event: String(event), fields });
  return {
    level,
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
  };
}

export function loggedWorld(seed = 'events'): LoggedWorld {
  const world = meshWorld({ seed });
  let count = 0;
  return {
    ...world,
    log: (level = 'trace', crashDetails = false) => {
      const lines: Line[] = [];
      const runtime = new Runtime({
        clock: world.clock,
        random: seededRandom(`${seed}-log-${++count}`),
        logger: keepingLogger(lines, level),
        budget: { milliseconds: Infinity },
        crashDetails,
      });
      return { runtime, lines, of: (event) => lines.filter((line) => line.event === event) };
    },
  };
}
