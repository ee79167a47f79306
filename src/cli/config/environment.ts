/**
 * Variables of the environment as options. Pure.
 */
import type { Command } from 'commander';
import { nearest } from './nearest.ts';

const PREFIX = 'ESPALIER_';
const ON: ReadonlySet<string> = new Set(['1', 'true', 'yes', 'on']);
const OFF: ReadonlySet<string> = new Set(['0', 'false', 'no', 'off']);

type Environment = Record<string, string | undefined>;

/** Empty is the same as absent: it is all that some files of variables can say. */
export function dropEmpty(env: Environment): void {
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith(PREFIX) && value === '') delete env[name];
  }
}

/** Undefined: neither on nor off. */
export function switchOf(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (ON.has(word)) return true;
  return OFF.has(word) ? false : undefined;
}

export const SWITCH_RULE = 'It must be 1 or 0, true or false.';

/** Variables that look as if they were ours and are not, each with the one that may be meant. */
export function strangersIn(
  env: Environment,
  program: Command,
): readonly { readonly name: string; readonly meant: string | undefined }[] {
  const known = variablesOf(program);
  const words = [...known].map((name) => name.slice(PREFIX.length));
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.has(name))
    .sort()
    .map((name) => {
      // what all have in common makes nothing more alike
      const meant = nearest(name.slice(PREFIX.length), words);
      return { name, meant: meant === undefined ? undefined : `${PREFIX}${meant}` };
    });
}

function variablesOf(command: Command): ReadonlySet<string> {
  const own = command.options.flatMap(({ envVar }) => (envVar === undefined ? [] : [envVar]));
  return new Set([...own, ...command.commands.flatMap((below) => [...variablesOf(below)])]);
}
