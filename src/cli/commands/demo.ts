/**
 * `espalier demo`: six nodes show calls, discovery, failures and supervision.
 */
import { Option, type Command } from 'commander';
import { conclude } from '../conclude.ts';
import type { DemoFlags } from '../demo/demo.ts';
import { jsonOption, ndjsonOption } from '../options.ts';

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('show calls, discovery, relaying, failover and supervision among six processes')
    .addOption(new Option('--once', 'end after the last step instead of staying up'))
    .addOption(
      new Option(
        '--transport <kind>',
        'memory: one process, no network (default: quic where it loads)',
      ).choices(['quic', 'memory']),
    )
    .addOption(jsonOption('print one document when the story is told'))
    .addOption(ndjsonOption('print every step as a line of JSON'))
    .action((flags: DemoFlags) =>
      conclude(flags.json === true, async () => {
        const { demo } = await import('../demo/demo.ts');
        return demo(flags);
      }),
    );
  program.command('demo-worker', { hidden: true }).action(() =>
    conclude(false, async () => {
      const { runWorker } = await import('../demo/worker.ts');
      return runWorker();
    }),
  );
}
