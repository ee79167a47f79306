/**
 * What `espalier doctor` says of variables and the config file.
 */
import type { Command } from 'commander';
import { effectiveOf, type Effective } from '../config/effective.ts';
import { strangersIn } from '../config/environment.ts';
import { ConfigError, readConfig, type ConfigFile } from '../config/file.ts';
import type { Check } from './checks.ts';

export interface Configuration {
  readonly file: string | undefined;
  readonly checks: readonly Check[];
  readonly options: readonly Effective[];
}

/** @param file as `--config` or its variable names it. */
export function configuration(
  program: Command,
  env: NodeJS.ProcessEnv,
  file: string | undefined,
): Configuration {
  let config: ConfigFile | undefined;
  let wrong: string | undefined;
  try {
    config = file === undefined ? undefined : readConfig(file, program);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    wrong = error.message;
  }
  const options = effectiveOf(program, env, config);
  const problems = new Set(
    options.flatMap((option) => (option.problem === undefined ? [] : [problemOf(option)])),
  );
  if (wrong !== undefined) problems.add(wrong);
  const checks: Check[] = [...problems].map((detail) => ({ name: 'config', status: 'fail', detail }));
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
  return { file, checks, options };
}

const problemOf = ({ command, key, variable, source, problem }: Effective): string =>
  `${source === 'environment' ? variable : `${command}.${key} of the config file`}: ${problem}`;
