/**
 * What `espalier doctor` says of flags, variables and the config file: all that is wrong with them at once.
 */
import type { Command } from 'commander';
import { effectiveOf, problemsIn, type Effective, type Problem } from '../config/effective.ts';
import { strangersIn } from '../config/environment.ts';
import { ConfigError, readConfig, type ConfigFile } from '../config/file.ts';
import type { Check } from './checks.ts';

export interface Configuration {
  readonly file: string | undefined;
  readonly checks: readonly Check[];
  readonly options: readonly Effective[];
}

/** Entries of the file that are told: of one that was meant for something else all are wrong. */
const TOLD = 32;

/**
 * @param file as `--config` or its variable names it.
 * @param own what is wrong with the options of the command that asks.
 */
export function configuration(
  program: Command,
  env: NodeJS.ProcessEnv,
  file: string | undefined,
  own: readonly Problem[] = [],
): Configuration {
  const wrong: string[] = [];
  let config: ConfigFile | undefined;
  try {
    if (file !== undefined)
      config = readConfig(file, program, (error) => {
        wrong.push(error.message);
      });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    wrong.push(error.message);
  }
  // a variable may be wrong for several commands
  const values = new Set([...own, ...problemsIn(program, env, config)].map(textOf));
  if (wrong.length > TOLD) wrong.push(`config file ${file}: ${wrong.splice(TOLD).length} more are wrong`);
  const checks: Check[] = [...values, ...wrong].map((detail) => ({ name: 'config', status: 'fail', detail }));
  if (checks.length === 0) {
    checks.push({ name: 'config', status: 'ok', detail: file ?? 'no config file' });
  }
  for (const { name, meant } of strangersIn(env, program)) {
    const detail = `${name} is no variable of ours`;
    checks.push({
      name: 'config',
      status: 'warn',
      detail,
      ...(meant === undefined ? {} : { hint: `${meant} may be meant` }),
    });
  }
  return { file, checks, options: effectiveOf(program, env, config) };
}

export const textOf = ({ place, detail }: Problem): string => `${place}: ${detail}`;
