/**
 * `espalier doctor`: what of this machine works for Espalier, and what to do about the rest; with `--nat`, what is
 * possible through the NAT in front of it. Without it also which options are in force, and where they come from.
 */
import { Option, type Command } from 'commander';
import { listenFor } from '../ask.ts';
import { conclude } from '../conclude.ts';
import { configOption } from '../config/commands.ts';
import { optionTable } from '../config/option-table.ts';
import type { Effective, Problem } from '../config/effective.ts';
import { lenient } from '../config/lenient.ts';
import { untilCutOff } from '../cut-off.ts';
import type { Check } from '../doctor/checks.ts';
import { ExitCode } from '../exit-code.ts';
import type { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import {
  addCommonOptions,
  jsonOption,
  listOf,
  settingsOf,
  waitOption,
  type CommonFlags,
} from '../options.ts';
import { clean, paint, print } from '../terminal.ts';

interface DoctorFlags extends CommonFlags {
  readonly nat?: readonly string[];
  readonly config?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('check whether this machine can run a node')
    .addOption(
      new Option(
        '--nat <urls>',
        'check the NAT instead, with these stations; repeatable, or with commas',
      ).argParser(listOf),
    )
    .addOption(waitOption('with --nat: for each station, and for each measurement'));
  addCommonOptions(command)
    .addOption(configOption())
    .addOption(jsonOption('print one document'))
    .action((flags: DoctorFlags, self: Command) => {
      const json = flags.json === true;
      const { nat } = flags;
      return conclude(json, () =>
        nat === undefined
          ? run(flags, self.parent ?? self, wrong())
          : untilCutOff(json, (interrupts) => runNat(nat, flags, wrong(), interrupts)),
      );
    });
  // it tells of all that is wrong: what is wrong with its own options must not end it before
  const wrong = lenient(command);
}

async function run(flags: DoctorFlags, program: Command, wrong: readonly Problem[]): Promise<ExitCode> {
  const json = flags.json === true;
  const { CHECKS } = await import('../doctor/checks.ts');
  const checks: Check[] = [];
  for (const check of CHECKS) {
    const done = await check();
    checks.push(done);
    if (!json) print(lineOf(done));
  }
  const { configuration } = await import('../doctor/configuration.ts');
  const found = configuration(program, process.env, flags.config, wrong);
  for (const done of found.checks) {
    checks.push(done);
    if (!json) print(lineOf(done));
  }
  if (!json) tellOptions(found.options);
  const { file, options } = found;
  return end(json, checks, { configuration: { file: file ?? null, options } });
}

function tellOptions(options: readonly Effective[]): void {
  const [heading = '', ...rows] = optionTable(options);
  print(`\n${paint('dim', heading)}`);
  for (const row of rows) print(clean(row));
}

async function runNat(
  urls: readonly string[],
  flags: DoctorFlags,
  wrong: readonly Problem[],
  { signal }: Interrupts,
): Promise<ExitCode> {
  const { natCheck } = await import('../doctor/nat-check.ts');
  const { textOf } = await import('../doctor/configuration.ts');
  const json = flags.json === true;
  const listen = await listenFor(urls[0] ?? '', flags.realm);
  const checks: Check[] = [];
  const done = (check: Check): void => {
    checks.push(check);
    if (!json) print(lineOf(check));
  };
  for (const problem of wrong) done({ name: 'options', status: 'fail', detail: textOf(problem) });
  if (wrong.length > 0) return end(json, checks, {});
  const { timeout, logLevel } = flags;
  // what a node of a moment has to warn of is nobody's worry
  const settings = settingsOf({ ...flags, logLevel: logLevel === 'warn' ? 'error' : logLevel });
  const report = await natCheck(urls, { ...settings, listen }, { timeout, signal, done });
  return end(json, checks, report === undefined ? {} : { nat: report });
}

function end(json: boolean, checks: readonly Check[], besides: object): ExitCode {
  const ok = checks.every(({ status }) => status !== 'fail');
  if (json) print(documentText({ ok, checks, ...besides }));
  return ok ? ExitCode.ok : ExitCode.failure;
}

function lineOf({ name, status, detail, hint }: Check): string {
  const line = `${paint(status, status.padEnd(4))}  ${name.padEnd(11)}  ${clean(detail)}`;
  return hint === undefined ? line : `${line}\n${' '.repeat(19)}${paint('dim', `→ ${clean(hint)}`)}`;
}
