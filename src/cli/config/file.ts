/**
 * A config file: JSON with a section for each command, whose keys are its options in camelCase.
 *
 * Shell: reads one file, bounded. Keys are checked here for all commands, values where they are used. Throws `ConfigError`.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { CONFIGURED, commandIn, isSecret, keysOf, optionsOf } from './commands.ts';
import { didYouMean } from './nearest.ts';

/** By option, as it stands in the file. */
export type Section = ReadonlyMap<string, unknown>;

export interface ConfigFile {
  readonly file: string;
  readonly sections: ReadonlyMap<string, Section>;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly failure: { readonly tag: 'config'; readonly file: string; readonly detail: string };
  constructor(file: string, detail: string, options?: ErrorOptions) {
    super(`config file ${file}: ${detail}`, options);
    this.failure = { tag: 'config', file, detail };
  }
}

/** Bytes; all options there are take 4 kB. */
const MAX_FILE = 262_144;
/** Who can write it decides which keys and peers we trust. */
const OTHERS_WRITE = 0o022;

/** What is done with something that is wrong: told, and left out. */
export type Refuse = (error: ConfigError) => void;

const refuseAll: Refuse = (error) => {
  throw error;
};

/** @param refuse default: the first thing that is wrong is thrown. A file that cannot be read as JSON is thrown in any case. */
export function readConfig(file: string, program: Command, refuse: Refuse = refuseAll): ConfigFile {
  const text = textIn(file);
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(file, `is not JSON: ${cause instanceof Error ? cause.message : ''}`, { cause });
  }
  return { file, sections: sectionsIn(read, file, program, refuse) };
}

/** @param read the JSON of the file. */
function sectionsIn(read: unknown, file: string, program: Command, refuse: Refuse): ConfigFile['sections'] {
  const sections = new Map<string, Section>();
  for (const [name, given] of entriesIn(read, file, 'it', refuseAll)) {
    const command = (CONFIGURED as readonly string[]).includes(name) ? commandIn(program, name) : undefined;
    if (command === undefined) {
      refuse(new ConfigError(file, `there is no section ${quoted(name)}${didYouMean(name, CONFIGURED)}`));
      continue;
    }
    const section = new Map<string, unknown>();
    const keys = keysOf(command);
    for (const [key, value] of entriesIn(given, file, quoted(name), refuse)) {
      if (!keys.includes(key))
        refuse(new ConfigError(file, `${name} has no option ${quoted(key)}${didYouMean(key, keys)}`));
      else if (optionsOf(command).some((option) => option.attributeName() === key && isSecret(option)))
        refuse(new ConfigError(file, `${name}.${key} is a secret: name a file that holds it, by ${key}File`));
      else section.set(key, value);
    }
    sections.set(name, section);
  }
  return sections;
}

function entriesIn(
  value: unknown,
  file: string,
  what: string,
  refuse: Refuse,
): readonly (readonly [string, unknown])[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  refuse(new ConfigError(file, `${what} must be a JSON object`));
  return [];
}

function textIn(file: string): string {
  let opened: number;
  try {
    // a named pipe must not hold us up
    opened = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    throw new ConfigError(file, `cannot be read: ${(cause as NodeJS.ErrnoException).code ?? ''}`, { cause });
  }
  try {
    const stats = fstatSync(opened);
    if (!stats.isFile()) throw new ConfigError(file, 'is not a file');
    if (stats.size > MAX_FILE) throw new ConfigError(file, `is longer than ${MAX_FILE} bytes`);
    // Windows has no such bits
    if (process.platform !== 'win32' && (stats.mode & OTHERS_WRITE) !== 0)
      throw new ConfigError(file, 'can be changed by others (chmod go-w)');
    return readFileSync(opened, 'utf8');
  } finally {
    closeSync(opened);
  }
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 64));
