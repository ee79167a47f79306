/**
 * Flag, then environment, then config file, then default: completes what commander has read before a command runs.
 *
 * Commander knows flags, variables and defaults. What is added here: switches that a variable turns off, the config file,
 * and options that must be given somewhere. What is wrong ends the command as a wrong flag does.
 */
import type { Command, Option } from 'commander';
import { CONFIGURED, isRequired, isSwitch, nameOf, optionsOf } from './commands.ts';
import { ConfigError, readConfig, type Section } from './file.ts';
import { fromFile, fromVariable } from './value.ts';

/** Of who said it. */
const SAID: ReadonlySet<string | undefined> = new Set(['cli', 'env', 'config']);

/** @param command the one that runs. */
export function applyConfig(command: Command, env: NodeJS.ProcessEnv): void {
  const name = nameOf(command);
  for (const option of command.options) applyVariable(command, option, env);
  if ((CONFIGURED as readonly string[]).includes(name)) {
    const section = sectionOf(command, name);
    for (const option of optionsOf(command)) applyKey(command, option, section, name);
  }
  for (const option of command.options) {
    if (isRequired(option) && command.getOptionValue(option.attributeName()) === undefined)
      command.error(`error: required option '${option.flags}' not specified`);
  }
}

/** Commander takes any value of a variable for "on". */
function applyVariable(command: Command, option: Option, env: NodeJS.ProcessEnv): void {
  const key = option.attributeName();
  const text = option.envVar === undefined ? undefined : env[option.envVar];
  if (text === undefined || command.getOptionValueSource(key) !== 'env') return;
  if (!isSwitch(option) && !option.optional) return;
  const result = fromVariable(option, text);
  if (!result.ok)
    command.error(
      `error: option '${option.flags}' value '${text}' from env '${option.envVar}' is invalid. ${result.detail}`,
    );
  else command.setOptionValueWithSource(key, result.value, 'env');
}

function sectionOf(command: Command, name: string): Section {
  const file: unknown = command.getOptionValue('config');
  if (typeof file !== 'string') return new Map();
  let program = command;
  while (program.parent !== null) program = program.parent;
  try {
    return readConfig(file, program).sections.get(name) ?? new Map<string, unknown>();
  } catch (error) {
    if (error instanceof ConfigError) command.error(`error: ${error.message}`);
    throw error;
  }
}

function applyKey(command: Command, option: Option, section: Section, name: string): void {
  const key = option.attributeName();
  if (!section.has(key) || SAID.has(command.getOptionValueSource(key))) return;
  const result = fromFile(option, section.get(key));
  if (result.ok) command.setOptionValueWithSource(key, result.value, 'config');
  else
    command.error(
      `error: config file ${String(command.getOptionValue('config'))}: ${name}.${key}: ${result.detail}`,
    );
}
