/** What the pages for operators name is there: flags, variables, metrics, events, options, other pages and their sections. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command, Option } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { METRICS, PREFIX } from '../../src/inspect/metrics/catalogue.ts';
import { isEventName } from '../../src/mesh/events/catalogue.ts';

const PAGES = ['docs/operations.md', 'docs/inspector.md', 'docs/cli.md'] as const;

/** Those of other programs, and of none. */
const FOREIGN: ReadonlySet<string> = new Set(['--import', '--version', '--help', '--no-x']);
/** A slip of the finger, for an example. */
const SLIPS: ReadonlySet<string> = new Set(['ESPALIER_LISTN']);
/** Series of a histogram. */
const SERIES = /_(?:bucket|sum|count)$/;

const optionsIn = (command: Command): readonly Option[] => [
  ...command.options,
  ...command.commands.flatMap(optionsIn),
];

const OPTIONS = optionsIn(createProgram());
const FLAGS = new Set(OPTIONS.map(({ long }) => long));
const VARIABLES = new Set(OPTIONS.map(({ envVar }) => envVar));

const found = (text: string, what: RegExp): readonly string[] => [
  ...new Set([...text.matchAll(what)].map((match) => match[1] ?? match[0])),
];

/** As GitHub names the place of a heading. */
const placeOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const placesIn = (text: string): ReadonlySet<string> => new Set(found(text, /^#+ (.+)$/gm).map(placeOf));

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  test('names flags that a command has, and variables', () => {
    expect(
      found(text, /(?<![\w-])--[a-z][a-z-]*[a-z]/g).filter((flag) => !FLAGS.has(flag) && !FOREIGN.has(flag)),
    ).toEqual([]);
    // as `ESPALIER_*`, that is all of them
    const variables = found(text, /\bESPALIER_[A-Z_]*[A-Z]\b/g);
    expect(variables.filter((name) => !VARIABLES.has(name) && !SLIPS.has(name))).toEqual([]);
  });

  test('names metrics and events that there are', () => {
    const metrics = found(text, /\bespalier_[a-z_]+[a-z]\b/g).filter(
      (name) => !name.startsWith('espalier_inspector'),
    );
    expect(
      metrics.filter(
        (name) =>
          !(name.replace(SERIES, '').slice(PREFIX.length) in METRICS) &&
          !(name.slice(PREFIX.length) in METRICS),
      ),
    ).toEqual([]);
    const areas =
      'actor|supervisor|runtime|drain|service|connection|uplink|peer|punch|dht|frame|overload|events|dist|bridge|inspector';
    const events = found(text, new RegExp('`((?:' + areas + ')\\.[a-z]+_?[a-z]*)`', 'g'));
    const options = [
      'inspector.allow',
      'inspector.token',
      'node.events',
      'runtime.onReport',
      'dist.functions',
    ];
    expect(events.filter((name) => !isEventName(name) && !options.includes(name))).toEqual([]);
  });

  test('leads to pages and sections that there are', () => {
    for (const link of found(text, /\]\(([^)]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [file = '', place = ''] = link.split('#');
      const target = file === '' ? page : join(dirname(page), file);
      expect([link, existsSync(target)]).toEqual([link, true]);
      if (place !== '')
        expect([link, placesIn(readFileSync(target, 'utf8')).has(place)]).toEqual([link, true]);
    }
  });
});
