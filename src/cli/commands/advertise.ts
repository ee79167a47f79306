/**
 * `espalier advertise`: serves the procedures of a module at a node until SIGINT or SIGTERM.
 *
 * A lost node is dialed again for as long as it takes, and the procedures registered there again.
 */
import { Option, type Command } from 'commander';
import { systemClock } from '../../actor/clock.ts';
import { conclude } from '../conclude.ts';
import { configOption } from '../config/commands.ts';
import { ExitCode } from '../exit-code.ts';
import { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import {
  addCommonOptions,
  crashDetailsOption,
  jsonOption,
  listOf,
  milliseconds,
  ndjsonOption,
  nodeIdOption,
  settingsOf,
  tracingOption,
  type CommonFlags,
} from '../options.ts';
import { note, print } from '../terminal.ts';
import { drainOption, machine, untilInterrupted } from './node.ts';

interface AdvertiseFlags extends CommonFlags {
  readonly drain: number;
  readonly timeout: number;
  readonly loadTimeout: number;
  readonly nodeId?: string;
}

export function addAdvertise(program: Command): void {
  const command = program
    .command('advertise')
    .description('serve the procedures of a module')
    .argument('<url>', 'a node, as https://127.0.0.1:9443; several stations with commas', listOf)
    .argument('<module>', 'default export: procedure → handler or { handler, ...options }')
    .addOption(
      new Option('--timeout <ms>', 'until the node must have accepted us')
        .argParser(milliseconds)
        .default(5_000)
        .env('ESPALIER_TIMEOUT'),
    )
    .addOption(
      new Option('--load-timeout <ms>', 'until the module must have been loaded')
        .argParser(milliseconds)
        .default(10_000)
        .env('ESPALIER_LOAD_TIMEOUT'),
    )
    .addOption(nodeIdOption());
  addCommonOptions(command)
    .addOption(crashDetailsOption())
    .addOption(tracingOption())
    .addOption(drainOption())
    .addOption(configOption())
    .addOption(jsonOption('print the ready line as JSON'))
    .addOption(ndjsonOption('print each step from ready to stopped as a line of JSON'))
    .action((urls: readonly string[], module: string, flags: AdvertiseFlags) =>
      conclude(machine(flags), () => run(urls, module, flags)),
    );
}

async function run(urls: readonly string[], module: string, flags: AdvertiseFlags): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const { loadServices, ModuleError, otherCopy } = await import('../service-module.ts');
  const late = (): Error =>
    new ModuleError(module, new Error(`not within ${flags.loadTimeout} ms (--load-timeout)`));
  // a module may take its time, or for ever
  const services = await Promise.race([
    loadedInTime(loadServices(module, flags.names ?? 'default'), late, flags.loadTimeout),
    interrupts.first.then(() => undefined),
  ]);
  if (services === undefined) return ExitCode.ok;
  const stranger = otherCopy(module);
  if (stranger !== undefined) {
    note(
      `warning: ${module} uses another copy of espalier (${stranger}): its err(…) and server(…) mean nothing here`,
    );
  }
  const { connect } = await import('../../node.ts');
  const dialing = connect(urls, {
    ...settingsOf(flags),
    timeout: flags.timeout,
    signal: interrupts.signal,
    ...(flags.nodeId === undefined ? {} : { nodeId: flags.nodeId }),
  });
  const client = await dialing.catch((error: unknown) => {
    if (interrupts.received !== undefined) return undefined;
    throw error;
  });
  // asked to end before there was anything to serve
  if (client === undefined) return ExitCode.ok;
  try {
    for (const { procedure, handler, options } of services) {
      await client.advertise(procedure, handler, { ...options, signal: interrupts.signal });
    }
  } catch (error) {
    await client.disconnect({ timeout: 1 });
    if (interrupts.received !== undefined) return ExitCode.ok;
    throw error;
  }
  const procedures = services.map(({ procedure }) => procedure);
  const url = urls.join(',');
  if (machine(flags)) print(documentText({ event: 'ready', url, id: client.id, procedures }));
  else print(`ready: client of ${url} id ${client.id} serves ${procedures.join(', ')}`);
  return untilInterrupted(flags, interrupts, client);
}

/** The timer also keeps the process alive while nothing of the module does. */
function loadedInTime<T>(loading: Promise<T>, late: () => Error, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = systemClock.setTimer(timeout, () => reject(late()));
    loading.finally(() => systemClock.clear(timer)).then(resolve, reject);
  });
}
