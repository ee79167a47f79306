/**
 * `espalier node`: listens and serves until SIGINT or SIGTERM.
 */
import { Option, type Command } from 'commander';
import { conclude } from '../conclude.ts';
import { configOption } from '../config/commands.ts';
import { expectEpmd } from '../dist/epmd.ts';
import { addDistOptions, distOf, type DistFlags } from '../dist/node-options.ts';
import { ExitCode } from '../exit-code.ts';
import {
  addInspectorOptions,
  inspectorAllowOption,
  inspectorOf,
  type InspectorFlags,
} from '../inspector-options.ts';
import { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import {
  addCommonOptions,
  bootstrapOption,
  crashDetailsOption,
  jsonOption,
  listOf,
  MAX_TIMEOUT,
  milliseconds,
  ndjsonOption,
  settingsOf,
  tracingOption,
  type CommonFlags,
} from '../options.ts';
import type { Node } from '../../node.ts';
import { describeReason } from '../../actor/exit-reason.ts';
import { note, print } from '../terminal.ts';

interface NodeFlags extends CommonFlags, DistFlags, InspectorFlags {
  readonly listen?: string;
  readonly bootstrap?: readonly string[];
  readonly announce?: readonly string[];
  /** True unless `--no-dht`. */
  readonly dht: boolean;
  readonly station?: boolean;
  readonly peer?: readonly string[];
  readonly attach?: readonly string[];
  readonly drain: number;
}

/** Milliseconds that calls in flight may take after the signal. */
const DRAIN = 5_000;

export function addNode(program: Command): void {
  const command = program
    .command('node')
    .description('start a node that routes calls between its clients, or a station')
    .addOption(
      new Option(
        '--listen <host:port>',
        'where to listen; port 0 takes a free one (default: 127.0.0.1:9443, or where --name says)',
      ).env('ESPALIER_LISTEN'),
    )
    .addOption(
      bootstrapOption('join the mesh by any of these nodes, as https://10.0.0.1:9443').env(
        'ESPALIER_BOOTSTRAP',
      ),
    )
    .addOption(
      new Option(
        '--announce <addresses>',
        'host:port that others dial, best first (default: where it listens); repeatable, or with commas',
      )
        .argParser(listOf)
        .env('ESPALIER_ANNOUNCE'),
    )
    .addOption(
      new Option('--no-dht', 'take no part in the DHT: ask only who is connected and the bootstraps').env(
        'ESPALIER_DHT',
      ),
    )
    .addOption(
      new Option('--station', 'be a station: ask other stations for what nobody else knows').env(
        'ESPALIER_STATION',
      ),
    )
    .addOption(
      new Option(
        '--peer <urls>',
        'stations to be peered with, in the order in which they are asked (makes it a station); repeatable, or with commas',
      )
        .argParser(listOf)
        .env('ESPALIER_PEER'),
    )
    .addOption(
      new Option('--attach <urls>', 'stations through which it is reached; repeatable, or with commas')
        .argParser(listOf)
        .env('ESPALIER_ATTACH'),
    );
  addInspectorOptions(command, 'ESPALIER_NODE_INSPECTOR_TOKEN_FILE').addOption(inspectorAllowOption());
  addDistOptions(command);
  addCommonOptions(command)
    .addOption(crashDetailsOption())
    .addOption(tracingOption())
    .addOption(drainOption())
    .addOption(configOption())
    .addOption(jsonOption('print the ready line as JSON'))
    .addOption(ndjsonOption('print each step from ready to stopped as a line of JSON'))
    .action((flags: NodeFlags) => conclude(machine(flags), () => run(flags)));
}

export const drainOption = (): Option =>
  new Option('--drain <ms>', 'how long calls in flight may take after a signal')
    .argParser(milliseconds)
    .default(DRAIN)
    .env('ESPALIER_DRAIN');

/** Whether a program reads the output. */
export const machine = (flags: CommonFlags): boolean => flags.json === true || flags.ndjson === true;

async function run(flags: NodeFlags): Promise<ExitCode> {
  const dist = distOf(flags);
  const interrupts = new Interrupts();
  if (flags.erlang === true) await expectEpmd(flags.name);
  const { startNode } = await import('../../node.ts');
  const { listen, bootstrap, announce, dht, station, peer, attach } = flags;
  const inspector = inspectorOf(flags);
  const starting = startNode({
    ...settingsOf(flags),
    dht,
    signal: interrupts.signal,
    ...(listen === undefined ? {} : { listen }),
    ...(dist === undefined ? {} : { dist }),
    ...(inspector === undefined ? {} : { inspector }),
    ...(bootstrap === undefined ? {} : { bootstrap }),
    ...(announce === undefined ? {} : { announce }),
    ...(station === true || peer !== undefined ? { station: { peers: peer ?? [] } } : {}),
    ...(attach === undefined ? {} : { stations: attach }),
  });
  const node = await starting.catch((error: unknown) => {
    if (interrupts.received !== undefined) return undefined;
    throw error;
  });
  // asked to end before it was up
  if (node === undefined) return ExitCode.ok;
  const { url, id } = node;
  const name = dist === undefined ? undefined : node.dist.name;
  const page = node.inspector?.url;
  if (machine(flags)) {
    const more = {
      ...(name === undefined ? {} : { name }),
      ...(page === undefined ? {} : { inspector: page }),
    };
    print(documentText({ event: 'ready', url, id, ...more }));
  } else {
    print(`ready: node ${url} id ${id}${name === undefined ? '' : ` name ${name}`}`);
    if (page !== undefined) print(`inspector: ${page}`);
  }
  if (flags.ndjson === true && bootstrap !== undefined && dht) tellJoined(node);
  return untilInterrupted(flags, interrupts, node);
}

/** Ready to serve comes first; its place among the others may take as long as it takes. */
function tellJoined(node: Node): void {
  node.ready({ timeout: MAX_TIMEOUT }).then(
    () => {
      print(documentText({ event: 'joined' }));
    },
    () => {
      // it has ended before
    },
  );
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
