/**
 * `espalier doctor`: what of this machine works for Espalier, and what to do about the rest.
 */
import type { Command } from 'commander';
import { conclude } from '../conclude.ts';
import type { Check } from '../doctor/checks.ts';
import { ExitCode } from '../exit-code.ts';
import { documentText } from '../json-value.ts';
import { jsonOption } from '../options.ts';
import { paint, print } from '../terminal.ts';

interface DoctorFlags {
  readonly json?: boolean;
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check whether this machine can run a node')
    .addOption(jsonOption('print one document'))
    .action((flags: DoctorFlags) => conclude(flags.json === true, () => run(flags)));
}

async function run(flags: DoctorFlags): Promise<ExitCode> {
  const { CHECKS } = await import('../doctor/checks.ts');
  const checks: Check[] = [];
  for (const check of CHECKS) {
    const done = await check();
    checks.push(done);
    if (flags.json !== true) print(lineOf(done));
  }
  const ok = checks.every(({ status }) => status !== 'fail');
  if (flags.json === true) print(documentText({ ok, checks }));
  return ok ? ExitCode.ok : ExitCode.failure;
}

function lineOf({ name, status, detail, hint }: Check): string {
  const line = `${paint(status, status.padEnd(4))}  ${name.padEnd(11)}  ${detail}`;
  return hint === undefined ? line : `${line}\n${' '.repeat(19)}${paint('dim', `→ ${hint}`)}`;
}
