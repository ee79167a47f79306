/**
 * `espalier relay`: a dist relay, through which nodes that cannot reach each other cluster; serves until SIGINT or SIGTERM.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { DistRelayLimits } from '../../dist/relay/server/limits.ts';
import { conclude } from '../conclude.ts';
import { configOption } from '../config/commands.ts';
import type { ExitCode } from '../exit-code.ts';
import { addInspectorOptions, inspectorOf, type InspectorFlags } from '../inspector-options.ts';
import { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import { jsonOption, milliseconds, ndjsonOption, trustOf, type TrustFlags } from '../options.ts';
import { addServingOptions, expectRight } from '../dist/serving.ts';
import { print } from '../terminal.ts';
import { untilEnded } from '../dist/until-ended.ts';

interface RelayFlags extends TrustFlags, InspectorFlags {
  readonly listen?: string;
  readonly foreign?: string;
  readonly maxClients?: number;
  readonly maxTunnels?: number;
  readonly rate?: number;
  readonly tunnelRate?: number;
  readonly idle?: number;
}

export function addRelay(program: Command): void {
  const command = program
    .command('relay')
    .description('relay tunnels between nodes of the distribution that cannot reach each other')
    .addOption(
      new Option(
        '--listen <host:port>',
        'where to listen; port 0 takes a free one (default: 127.0.0.1:4434)',
      ).env('ESPALIER_RELAY_LISTEN'),
    )
    .addOption(
      new Option(
        '--foreign <host:port>',
        'also listen here for clients of other makes, which prove no key (default: they are not served)',
      ).env('ESPALIER_RELAY_FOREIGN'),
    )
    .addOption(
      new Option('--max-clients <n>', 'clients at once (default: 1000)')
        .argParser(count)
        .env('ESPALIER_RELAY_MAX_CLIENTS'),
    )
    .addOption(
      new Option('--max-tunnels <n>', 'tunnels of one client at once (default: 64)')
        .argParser(count)
        .env('ESPALIER_RELAY_MAX_TUNNELS'),
    )
    .addOption(
      new Option('--rate <bytes>', 'bytes per second of one client, with k, m or g (default: 128m)')
        .argParser(rate)
        .env('ESPALIER_RELAY_RATE'),
    )
    .addOption(
      new Option(
        '--tunnel-rate <bytes>',
        'bytes per second of one direction of a tunnel, with k, m or g (default: 128m)',
      )
        .argParser(rate)
        .env('ESPALIER_RELAY_TUNNEL_RATE'),
    )
    .addOption(
      new Option('--idle <ms>', 'close a tunnel in which nothing moves for so long (default: 300000)')
        .argParser(milliseconds)
        .env('ESPALIER_RELAY_IDLE'),
    );
  addInspectorOptions(command, 'ESPALIER_RELAY_INSPECTOR_TOKEN_FILE');
  addServingOptions(command)
    .addOption(configOption())
    .addOption(jsonOption('print the ready line as JSON'))
    .addOption(ndjsonOption('print every event as a line of JSON'))
    .action((flags: RelayFlags) => conclude(flags.json === true || flags.ndjson === true, () => run(flags)));
}

async function run(flags: RelayFlags): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const { startDistRelay } = await import('../../dist-relay.ts');
  const { wrongDistRelay } = await import('../../dist/relay/check-options.ts');
  const { tellEvents } = await import('../dist/tell-events.ts');
  const { listen, foreign } = flags;
  const inspector = inspectorOf(flags);
  const options = {
    ...trustOf(flags),
    ...(listen === undefined ? {} : { listen }),
    ...(foreign === undefined ? {} : { foreign }),
    ...(inspector === undefined ? {} : { inspector }),
    limits: limitsOf(flags),
  };
  expectRight(wrongDistRelay(options));
  const relay = await startDistRelay(options);
  const { url, id, foreignUrl } = relay;
  const machine = flags.json === true || flags.ndjson === true;
  const page = relay.inspector?.url;
  const more = {
    ...(foreignUrl === undefined ? {} : { foreign: foreignUrl }),
    ...(page === undefined ? {} : { inspector: page }),
  };
  if (machine) print(documentText({ event: 'ready', url, id, ...more }));
  else {
    print(`ready: relay ${url} id ${id}${foreignUrl === undefined ? '' : ` foreign ${foreignUrl}`}`);
    if (page !== undefined) print(`inspector: ${page}`);
  }
  if (flags.ndjson === true) tellEvents(relay);
  return untilEnded(flags, interrupts, relay);
}

function limitsOf({
  maxClients,
  maxTunnels,
  rate: clientRate,
  tunnelRate,
  idle,
}: RelayFlags): DistRelayLimits {
  const given = { clients: maxClients, tunnels: maxTunnels, rate: clientRate, tunnelRate, idle };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function count(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('It must be a number from 1 to 65535.');
  return value;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1_024, m: 1_048_576, g: 1_073_741_824 };
/** Bytes per second, at least and at most. */
const [LEAST, MOST] = [1_024, 1_099_511_627_776];

function rate(text: string): number {
  const match = /^([0-9]+)([kmg]?)$/i.exec(text);
  const value = match === null ? NaN : Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? NaN);
  if (!(value >= LEAST && value <= MOST))
    throw new InvalidArgumentError('It must be bytes per second from 1k to 1024g, as 65536, 64k, 1m or 1g.');
  return value;
}
