/**
 * A command that takes wrong values of its options as if they had not been given, and remembers them: for one that tells of all
 * that is wrong.
 */
import type { EventEmitter } from 'node:events';
import { InvalidArgumentError, type Command } from 'commander';
import type { Problem } from './effective.ts';

/** To be called when the command has all its options. What it gives tells what is wrong with them, once they are read. */
export function lenient(command: Command): () => readonly Problem[] {
  const problems = new Map<string, Problem>();
  for (const option of command.options) {
    const { parseArg, long } = option;
    if (parseArg === undefined) continue;
    // commander tells before it parses whether the command line or the environment has it
    let typed = false;
    const emitter = command as unknown as EventEmitter;
    emitter.prependListener(`option:${option.name()}`, () => {
      typed = true;
    });
    emitter.prependListener(`optionEnv:${option.name()}`, () => {
      typed = false;
    });
    option.argParser((text: string, before: unknown) => {
      try {
        return parseArg(text, before);
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error;
        const flag = `${long ?? option.flags} of the command line`;
        const place = typed ? flag : (option.envVar ?? flag);
        problems.set(place, { place, detail: error.message });
        return before;
      }
    });
  }
  return () => [...problems.values()];
}
