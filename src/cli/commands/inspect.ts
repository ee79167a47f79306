/**
 * `espalier inspect`: the tree of actors of a running node, once or live.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { systemClock } from '../../actor/clock.ts';
import { conclude } from '../conclude.ts';
import { configOption } from '../config/commands.ts';
import { untilCutOff } from '../cut-off.ts';
import { usageError } from '../error-document.ts';
import type { ExitCode } from '../exit-code.ts';
import type { TargetFlags } from '../inspect/target.ts';
import { SORTS, type Sort } from '../inspect/view.ts';
import { Interrupts } from '../interrupts.ts';
import { jsonOption, milliseconds, ndjsonOption } from '../options.ts';

interface InspectFlags extends TargetFlags {
  readonly depth?: number;
  readonly sort?: Sort;
  readonly watch?: boolean;
  readonly interval?: number;
  readonly json?: boolean;
  readonly ndjson?: boolean;
}

/** Milliseconds between two looks, at least: what the inspector itself allows. */
const LEAST_INTERVAL = 100;
const DEEPEST = 256;

const KEYS = `
Keys of --watch: q quit, m r s n sort by mailbox, rate, restarts or name (again: as started), t tree or list, p pause,
arrows, j k, page up and down, g G scroll, / filter (Esc clears it)`;

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .description('show the tree of actors of a running node')
    .argument('[path]', 'the actor to begin at: names with / between, as handlers/users.manage, or its id')
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
    .addOption(
      new Option('--interval <ms>', 'between two looks (default: 500; 1000 with --watch)')
        .argParser(interval)
        .env('ESPALIER_INSPECTOR_INTERVAL'),
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
    )
    .addOption(
      new Option('--pid <pid>', 'the process, when several have an inspector')
        .argParser(pid)
        .env('ESPALIER_INSPECTOR_PID'),
    )
    .addOption(configOption())
    .addOption(jsonOption('print one document'))
    .addOption(ndjsonOption('print every actor, or with --watch every event, as a line of JSON'))
    .addHelpText('after', KEYS)
    .action((path: string | undefined, flags: InspectFlags) => {
      const json = flags.json === true || flags.ndjson === true;
      return conclude(json, () =>
        flags.watch === true ? runWatch(path, flags) : runOnce(path, flags, json),
      );
    });
}

const runOnce = (path: string | undefined, flags: InspectFlags, json: boolean): Promise<ExitCode> =>
  untilCutOff(json, async ({ signal }) => {
    const { targetOf } = await import('../inspect/target.ts');
    const { once } = await import('../inspect/once.ts');
    return once(targetOf(flags, systemClock.wall()), path, flags, signal);
  });

/** A signal is one of the ways to end it. */
async function runWatch(path: string | undefined, flags: InspectFlags): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const { targetOf } = await import('../inspect/target.ts');
  const { watch, watchLines } = await import('../inspect/watch.ts');
  const target = (): ReturnType<typeof targetOf> => targetOf(flags, systemClock.wall());
  if (flags.ndjson !== true) return watch(target, path, flags, interrupts);
  if (path !== undefined)
    throw usageError('path', 'is not for --watch --ndjson, which tells of the whole tree');
  return watchLines(target(), flags, interrupts);
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
