/** docs/cli.md tells of every command and option that there is, with its variable of the environment. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';

const TEXT = readFileSync('docs/cli.md', 'utf8');

/** Those that do something; `demo-worker` is not for people. */
const leavesOf = (command: Command, path: readonly string[] = []): readonly (readonly [string, Command])[] =>
  command.commands
    .filter((each) => each.name() !== 'demo-worker')
    .flatMap((each) => {
      const name = [...path, each.name()];
      return each.commands.length === 0 ? [[name.join(' '), each] as const] : leavesOf(each, name);
    });

const LEAVES = leavesOf(createProgram());
const COMMON = TEXT.slice(TEXT.indexOf('**Common options**'), TEXT.indexOf('\n## node'));

/** From its heading to the next one: `## node`, `## dht lookup`, `## realm`. */
function sectionOf(command: string): string {
  const [group = ''] = command.split(' ');
  const found = TEXT.split(/\n(?=## )/).find((section) =>
    [`## ${command}\n`, `## ${group}\n`].some((heading) => section.startsWith(heading)),
  );
  return found ?? '';
}

test('there are some', () => {
  expect(LEAVES.map(([name]) => name)).toContain('dist spawn');
});

describe.each(LEAVES)('%s', (name, command) => {
  test('has a section, and each of its options stands there or among the common ones', () => {
    const section = sectionOf(name);
    expect(section).not.toBe('');
    const missing = command.options.filter(
      ({ long, envVar }) =>
        ![section, COMMON].some(
          (text) => text.includes(long ?? '') && (envVar === undefined || TEXT.includes(envVar)),
        ),
    );
    expect(missing.map(({ long }) => long)).toEqual([]);
  });
});
