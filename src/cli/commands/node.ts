/**
 * `espalier node`: listens and serves until SIGINT or SIGTERM.
 */
import { Option, type Command } from 'commander';
import { conclude } from '../conclude.ts';
import { ExitCode } from '../exit-code.ts';
import { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import {
  addCommonOptions,
  crashDetailsOption,
  jsonOption,
  milliseconds,
  ndjsonOption,
  settingsOf,
  type CommonFlags,
} from '../options.ts';
import { describeReason } from '../../actor/exit-reason.ts';
import { note, print } from '../terminal.ts';

interface NodeFlags extends CommonFlags {
  readonly listen: string;
  readonly drain: number;
}

/** Milliseconds that calls in flight may take after the signal. */
const DRAIN = 5_000;

export function addNode(program: Command): void {
  const command = program
    .command('node')
    .description('start a node that routes calls between its clients')
    .addOption(
      new Option('--listen <host:port>', 'where to listen; port 0 takes a free one')
        .default('127.0.0.1:9443')
        .env('ESPALIER_LISTEN'),
    );
  addCommonOptions(command)
    .addOption(crashDetailsOption())
    .addOption(drainOption())
    .addOption(jsonOption('print the ready line as JSON'))
    .addOption(ndjsonOption('print every event as a line of JSON'))
    .action((flags: NodeFlags) => conclude(machine(flags), () => run(flags)));
}

export const drainOption = (): Option =>
  new Option('--drain <ms>', 'how long calls in flight may take after a signal')
    .argParser(milliseconds)
    .default(DRAIN);

/** Whether a program reads the output. */
export const machine = (flags: CommonFlags): boolean => flags.json === true || flags.ndjson === true;

async function run(flags: NodeFlags): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const { startNode } = await import('../../node.ts');
  const starting = startNode({ ...settingsOf(flags), listen: flags.listen, signal: interrupts.signal });
  const node = await starting.catch((error: unknown) => {
    if (interrupts.received !== undefined) return undefined;
    throw error;
  });
  // asked to end before it was up
  if (node === undefined) return ExitCode.ok;
  if (machine(flags)) print(documentText({ event: 'ready', url: node.url, id: node.id }));
  else print(`ready: node ${node.url} id ${node.id}`);
  return untilInterrupted(flags, interrupts, node);
}

/** Waits for a signal, then lets what runs finish; 1 when the tree ended by itself. */
export async function untilInterrupted(
  flags: CommonFlags & { readonly drain: number },
  interrupts: Interrupts,
  served: {
    readonly ended: Promise<unknown>;
    disconnect(options: { readonly timeout: number }): Promise<void>;
  },
): Promise<ExitCode> {
  const event = (document: object, text: string): void => {
    if (flags.ndjson === true) print(documentText(document));
    else note(text);
  };
  const why = await Promise.race([
    interrupts.first.then((signal) => ({ signal, reason: undefined })),
    served.ended.then((reason) => ({ signal: undefined, reason })),
  ]);
  if (why.signal === undefined) {
    const reason = describeReason(why.reason);
    event({ event: 'failed', reason }, `error: the tree of actors ended: ${reason}`);
    return ExitCode.failure;
  }
  event(
    { event: 'draining', signal: why.signal, timeout: flags.drain },
    `${why.signal}: finishing calls in flight (at most ${flags.drain} ms; again to stop at once)`,
  );
  await served.disconnect({ timeout: flags.drain });
  if (flags.ndjson === true) print(documentText({ event: 'stopped' }));
  return ExitCode.ok;
}
