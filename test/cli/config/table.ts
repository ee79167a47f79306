/** The table of all options, as docs/operations.md has it: one row for what is the same in several commands. */
import type { Command, Option } from 'commander';
import {
  CONFIGURED,
  commandIn,
  defaultOf,
  isRepeating,
  isSecret,
  isSwitch,
  optionsOf,
} from '../../../src/cli/config/commands.ts';

export function optionRows(program: Command): readonly string[] {
  const rows = new Map<string, string[]>();
  for (const name of CONFIGURED) {
    const command = commandIn(program, name);
    for (const option of command === undefined ? [] : optionsOf(command)) {
      const key = isSecret(option) ? 'none: a secret' : `\`${option.attributeName()}\``;
      const kind = kindOf(option);
      const cells = [
        `\`${option.flags.replaceAll('|', '\\|')}\``,
        `\`${option.envVar ?? ''}\``,
        key,
        kind,
        defaultOf(option),
      ];
      const text = cells.join(' | ');
      rows.set(text, [...(rows.get(text) ?? []), `\`${name}\``]);
    }
  }
  return [...rows].map(([cells, commands]) => `| ${cells} | ${commands.join(', ')} |`);
}

function kindOf(option: Option): string {
  if (isSwitch(option)) return 'boolean';
  if (option.optional) return 'boolean or string';
  return isRepeating(option) ? 'string or list' : 'string';
}
