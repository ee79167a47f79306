/**
 * `npm run bench -- NAME [options]`: finds a bench by its name and runs it.
 *
 * Runs compiled code under plain node; a test runner's module loader would distort the ratios (TOOLS §5).
 * Exit codes: 0 measured, 1 our own side could not be measured, 2 wrong usage.
 */
import type { Bench } from './harness/bench.ts';

const BENCHES: ReadonlyMap<string, () => Promise<Bench>> = new Map([
  ['rpc', async () => (await import('./rpc/bench.ts')).rpc],
]);

async function main(name: string | undefined, options: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') {
    console.log(await usage());
    return 0;
  }
  const load = name === undefined ? undefined : BENCHES.get(name);
  if (load === undefined) {
    console.error(name === undefined ? 'Which bench?' : `There is no bench called "${name}".`);
    console.error(await usage());
    return 2;
  }
  return (await load()).run(options);
}

async function usage(): Promise<string> {
  const lines = ['usage: npm run bench -- NAME [options]   (NAME --help tells its options)', ''];
  for (const [name, load] of BENCHES) lines.push(`  ${name.padEnd(8)} ${(await load()).question}`);
  return lines.join('\n');
}

process.exitCode = await main(process.argv[2], process.argv.slice(3));
