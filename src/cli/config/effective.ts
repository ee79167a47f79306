/**
 * What is in force when nothing is said on the command line, and where each value comes from. Pure.
 */
import type { Command, Option } from 'commander';
import { CONFIGURED, commandIn, defaultOf, isSecret, optionsOf } from './commands.ts';
import type { ConfigFile } from './file.ts';
import { fromFile, fromVariable, type OptionValue } from './value.ts';

export interface Effective {
  readonly command: string;
  /** Of a config file. */
  readonly key: string;
  readonly flag: string;
  readonly variable: string | null;
  /** As it was given; of a secret only that it is set. */
  readonly value: string;
  readonly source: 'environment' | 'config file' | 'default';
  /** What is wrong with it. */
  readonly problem?: string;
}

/** A value that a command would refuse, whether it is in force or another one is. */
export interface Problem {
  /** `ESPALIER_DRAIN`, or `node.drain of the config file`. */
  readonly place: string;
  /** A sentence. */
  readonly detail: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Values longer than this are cut: they are for people. */
const LONGEST = 200;

export function effectiveOf(
  program: Command,
  env: Environment,
  config: ConfigFile | undefined,
): readonly Effective[] {
  return CONFIGURED.flatMap((name) => {
    const command = commandIn(program, name);
    return command === undefined
      ? []
      : optionsOf(command).map((option) => effective(name, option, env, config?.sections.get(name)));
  });
}

/** Each once, also where several commands share it. */
export function problemsIn(
  program: Command,
  env: Environment,
  config: ConfigFile | undefined,
): readonly Problem[] {
  const problems = new Map<string, Problem>();
  const note = (place: string, result: OptionValue): void => {
    if (!result.ok) problems.set(place, { place, detail: result.detail });
  };
  for (const name of CONFIGURED) {
    const section = config?.sections.get(name);
    const command = commandIn(program, name);
    for (const option of command === undefined ? [] : optionsOf(command)) {
      const key = option.attributeName();
      const { envVar = '' } = option;
      const text = env[envVar];
      if (text !== undefined && text !== '') note(envVar, fromVariable(option, text));
      if (section?.has(key) === true)
        note(`${name}.${key} of the config file`, fromFile(option, section.get(key)));
    }
  }
  return [...problems.values()];
}

function effective(
  command: string,
  option: Option,
  env: Environment,
  section: ReadonlyMap<string, unknown> | undefined,
): Effective {
  const key = option.attributeName();
  const { envVar } = option;
  const named = { command, key, flag: option.long ?? option.flags, variable: envVar ?? null };
  const text = envVar === undefined ? undefined : env[envVar];
  if (text !== undefined && text !== '') {
    const result = fromVariable(option, text);
    const value = shown(option, isOn(result) ?? text);
    return { ...named, value, source: 'environment', ...(result.ok ? {} : { problem: result.detail }) };
  }
  if (section?.has(key) === true) {
    const given = section.get(key);
    const result = fromFile(option, given);
    const value = shown(option, typeof given === 'string' ? given : JSON.stringify(given));
    return { ...named, value, source: 'config file', ...(result.ok ? {} : { problem: result.detail }) };
  }
  return { ...named, value: isSecret(option) ? 'not set' : defaultOf(option), source: 'default' };
}

/** A switch is told by what it comes to, not by the word that was used. */
const isOn = (result: ReturnType<typeof fromVariable>): string | undefined =>
  result.ok && typeof result.value === 'boolean' ? String(result.value) : undefined;

/** A password may stand in a URL by mistake. */
const shown = (option: Option, text: string): string =>
  isSecret(option) ? 'set' : text.replace(/\/\/[^/@\s]*@/g, '//…@').slice(0, LONGEST);
