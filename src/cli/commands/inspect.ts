/**
 * `espalier inspect`: the tree of actors of a running node, once or live; one actor closely; crashes.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { conclude } from '../conclude.ts';
import { configOption } from '../config/commands.ts';
import { untilCutOff } from '../cut-off.ts';
import { usageError } from '../error-document.ts';
import type { ExitCode } from '../exit-code.ts';
import type { ReachFlags, SourceOf } from '../inspect/reach.ts';
import { SORTS, type Sort } from '../inspect/view.ts';
import { Interrupts } from '../interrupts.ts';
import { addTrustOptions, jsonOption, milliseconds, ndjsonOption, nodeId, waitOption } from '../options.ts';

interface InspectFlags extends ReachFlags {
  readonly depth?: number;
  readonly sort?: Sort;
  readonly watch?: boolean;
  readonly details?: boolean;
  readonly crashes?: boolean;
  readonly interval?: number;
}

/** Milliseconds between two looks, at least: what the inspector itself allows. */
const LEAST_INTERVAL = 100;
const DEEPEST = 256;

const MORE = `
Keys of --watch:
  q        quit
  m r s n  sort by mailbox, rate, restarts, name; again: as started
  t        tree or list
  p        pause, go on
  /        filter by part of a name, path or id; Esc clears it
  arrows, j k, page up and down, g G scroll

Examples:
  espalier inspect                         the tree of the node on this machine
  espalier inspect network --depth 2       a part of it
  espalier inspect --watch --sort rate     as it changes
  espalier inspect app/orders --details    one actor
  espalier inspect --crashes               who crashed, and why

A node elsewhere, started with --inspector-allow ID, the id of me.key:
  espalier inspect --connect https://10.0.0.1:9443 --identity me.key --watch`;

export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('show the tree of actors of a running node')
    .argument('[path]', 'the actor to begin at: names with / between, as handlers/users.manage, or its id')
    .optionsGroup('What to show:')
    .addOption(
      new Option('--depth <n>', 'levels below it (default: all)')
        .argParser(depth)
        .env('ESPALIER_INSPECTOR_DEPTH'),
    )
    .addOption(
      new Option(
        '--sort <by>',
        'order of siblings, and of the list (default: as started; mailbox with --watch)',
      )
        .choices(SORTS)
        .env('ESPALIER_INSPECTOR_SORT'),
    )
    .addOption(new Option('--watch', 'show it live, until q').conflicts('json'))
    .addOption(new Option('--details', 'all there is to know of the actor at PATH').conflicts('watch'))
    .addOption(
      new Option('--crashes', 'who crashed lately, at PATH or anywhere, newest first').conflicts([
        'watch',
        'details',
      ]),
    )
    .addOption(
      new Option('--interval <ms>', 'between two looks (default: 500; 1000 with --watch)')
        .argParser(interval)
        .env('ESPALIER_INSPECTOR_INTERVAL'),
    )
    .addOption(jsonOption('print one document'))
    .addOption(ndjsonOption('print every actor or crash, or with --watch every event, as a line of JSON'))
    .addOption(configOption())
    .helpOption('-h, --help', 'print help');
  command
    .optionsGroup('Whose inspector (default: the one on this machine):')
    .addOption(
      new Option('--pid <pid>', 'the process, when several have an inspector')
        .argParser(pid)
        .env('ESPALIER_INSPECTOR_PID'),
    )
    .addOption(
      new Option(
        '--url <url>',
        'the inspector, as http://127.0.0.1:9911 (default: the one on this machine)',
      ).env('ESPALIER_INSPECTOR_URL'),
    )
    .addOption(
      new Option('--token <token>', 'what it asks for; others on this machine can read it here').env(
        'ESPALIER_INSPECTOR_TOKEN',
      ),
    )
    .addOption(
      new Option('--token-file <file>', 'the token, in a file that is accessible by its owner only').env(
        'ESPALIER_INSPECTOR_TOKEN_FILE',
      ),
    );
  command
    .optionsGroup('A node elsewhere, through the mesh:')
    .addOption(
      new Option('--connect <url>', 'the node, or one by which it is found, as https://10.0.0.1:9443').env(
        'ESPALIER_INSPECTOR_CONNECT',
      ),
    )
    .addOption(
      new Option(
        '--node-id <hex>',
        'the node that is meant, when it is not the one at the URL; no other is asked',
      )
        .argParser(nodeId)
        .env('ESPALIER_NODE_ID'),
    )
    .addOption(waitOption('to connect, and for each answer'));
  addTrustOptions(command, 'trust domain; required beyond loopback')
    .addHelpText('after', MORE)
    .action((path: string | undefined, flags: InspectFlags, self: Command) => {
      const json = flags.json === true || flags.ndjson === true;
      const sourceOf: SourceOf = (key) => self.getOptionValueSource(key);
      return conclude(json, () =>
        flags.watch === true ? runWatch(path, flags, sourceOf) : runOnce(path, flags, sourceOf, json),
      );
    });
}

const runOnce = (
  path: string | undefined,
  flags: InspectFlags,
  sourceOf: SourceOf,
  json: boolean,
): Promise<ExitCode> =>
  untilCutOff(json, async (interrupts) => {
    const { signal } = interrupts;
    if (flags.details === true && path === undefined)
      throw usageError('path', 'is missing: --details are those of one actor');
    const { reaching } = await import('../inspect/reach.ts');
    return reaching(flags, sourceOf, interrupts, async (reach) => {
      const inspection = await reach();
      const { showCrashes, showDetails } = await import('../inspect/closer.ts');
      if (flags.details === true) return showDetails(inspection, path ?? '', flags, signal);
      if (flags.crashes === true) return showCrashes(inspection, path, flags, signal);
      const { once } = await import('../inspect/once.ts');
      return once(inspection, path, flags, signal);
    });
  });

/** A signal is one of the ways to end it. */
async function runWatch(
  path: string | undefined,
  flags: InspectFlags,
  sourceOf: SourceOf,
): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const { reaching } = await import('../inspect/reach.ts');
  const { expectTerminal, watch, watchLines } = await import('../inspect/watch.ts');
  const lines = flags.ndjson === true;
  if (!lines) expectTerminal();
  else if (path !== undefined)
    throw usageError('path', 'is not for --watch --ndjson, which tells of the whole tree');
  // lines of the log would stand in the middle of the screen
  const quiet: InspectFlags = lines ? flags : { ...flags, logLevel: 'silent' };
  return reaching(quiet, sourceOf, interrupts, (reach) =>
    lines ? watchLines(reach, flags, interrupts) : watch(reach, path, flags, interrupts),
  );
}

function interval(text: string): number {
  const value = milliseconds(text);
  if (value < LEAST_INTERVAL) throw new InvalidArgumentError(`It must be ${LEAST_INTERVAL} ms at least.`);
  return value;
}

function depth(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value > DEEPEST)
    throw new InvalidArgumentError(`It must be levels, 0 to ${DEEPEST}.`);
  return value;
}

function pid(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be the number of a process.');
  return value;
}
