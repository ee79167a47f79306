/**
 * `espalier dist bridge`: a stock Erlang node of this host in a cluster through dist relays, until SIGINT or SIGTERM.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { conclude } from '../conclude.ts';
import { configOption, repeating, required } from '../config/commands.ts';
import type { ExitCode } from '../exit-code.ts';
import { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import { jsonOption, listOf, ndjsonOption, trustOf, type TrustFlags } from '../options.ts';
import { note, print } from '../terminal.ts';
import { cookieFileOption, readCookie } from './cookie-file.ts';
import { addServingOptions, expectRight } from './serving.ts';
import { untilEnded } from './until-ended.ts';

interface BridgeFlags extends TrustFlags {
  readonly relay: readonly string[];
  readonly name: string;
  readonly epmdPort: number;
  readonly host?: string;
  readonly peer?: readonly string[];
  readonly cookieFile?: string;
  readonly key?: Readonly<Record<string, string>>;
  /** True unless `--no-encryption`. */
  readonly encryption: boolean;
}

const HELP = `
The node itself needs no code for it:
  espalier dist bridge --relay quic://127.0.0.1:4434 --name a@127.0.0.1 --epmd-port 7701
  ERL_EPMD_PORT=7701 erl -start_epmd false -name a@127.0.0.1 -setcookie C`;

const keyOf = repeating(
  (text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => {
    const match = /^([^=]+)=([0-9a-fA-F]{64})$/.exec(text);
    if (match === null) throw new InvalidArgumentError('It must be name@host=64 hex digits.');
    return { ...before, [match[1] as string]: (match[2] as string).toLowerCase() };
  },
);

export function addBridge(dist: Command): void {
  const command = dist
    .command('bridge')
    .description('connect a stock Erlang node of this host to others through dist relays')
    .addOption(
      required(
        new Option('--relay <urls>', 'dist relays, best first; repeatable, or with commas')
          .argParser(listOf)
          .env('ESPALIER_BRIDGE_RELAY'),
      ),
    )
    .addOption(required(new Option('--name <name@host>', 'of the Erlang node').env('ESPALIER_BRIDGE_NAME')))
    .addOption(
      required(
        new Option('--epmd-port <port>', 'its ERL_EPMD_PORT; 0 takes a free one')
          .argParser(port)
          .env('ESPALIER_BRIDGE_EPMD_PORT'),
      ),
    )
    .addOption(
      new Option('--host <address>', 'loopback address at which all listens (default: 127.0.0.1)').env(
        'ESPALIER_BRIDGE_HOST',
      ),
    )
    .addOption(
      new Option(
        '--peer <names>',
        'nodes elsewhere whose host is not called as ours, as b@beta.mesh; repeatable, or with commas',
      )
        .argParser(listOf)
        .env('ESPALIER_BRIDGE_PEER'),
    )
    .addOption(
      cookieFileOption(
        'a secret that all bridges and nodes know: then no relay can stand between them (default: none)',
      ),
    )
    .addOption(
      new Option('--key <name=id>', 'the key that the bridge of a node has to prove; repeatable')
        .argParser(keyOf)
        .env('ESPALIER_BRIDGE_KEY'),
    )
    .addOption(
      new Option('--no-encryption', 'for nodes of other makes behind the same relay: it reads all').env(
        'ESPALIER_BRIDGE_ENCRYPTION',
      ),
    );
  addServingOptions(command)
    .addOption(configOption())
    .addOption(jsonOption('print the ready line as JSON'))
    .addOption(ndjsonOption('print every event as a line of JSON'))
    .addHelpText('after', HELP)
    .action((flags: BridgeFlags) => conclude(flags.json === true || flags.ndjson === true, () => run(flags)));
}

async function run(flags: BridgeFlags): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const secret = flags.cookieFile === undefined ? undefined : readCookie(flags.cookieFile);
  const { startDistBridge } = await import('../../dist-relay.ts');
  const { wrongDistBridge } = await import('../../dist/relay/check-options.ts');
  const { tellEvents } = await import('./tell-events.ts');
  const { relay, name, epmdPort, host, peer, key, encryption } = flags;
  const options = {
    ...trustOf(flags),
    relays: relay,
    name,
    epmdPort,
    encryption,
    ...(host === undefined ? {} : { host }),
    ...(peer === undefined ? {} : { peers: peer }),
    ...(secret === undefined ? {} : { secret }),
    ...(key === undefined ? {} : { keys: key }),
  };
  expectRight(wrongDistBridge(options));
  const bridge = await startDistBridge(options);
  const { epmdPort: bound } = bridge;
  const machine = flags.json === true || flags.ndjson === true;
  const event = { event: 'ready', name, epmdPort: bound, id: bridge.id };
  if (machine) print(documentText(event));
  else print(`ready: bridge ${name} epmd-port ${bound} id ${bridge.id}`);
  if (flags.ndjson === true) tellEvents(bridge);
  bridge.ready({ timeout: 5_000 }).catch((error: unknown) => {
    note(`warning: ${error instanceof Error ? error.message : String(error)}; it goes on trying`);
  });
  return untilEnded(flags, interrupts, bridge);
}

function port(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value > 65_535) throw new InvalidArgumentError('It must be a port, or 0.');
  return value;
}
