/**
 * The command line as a whole. Only definitions: each subcommand loads what it needs when it runs.
 */
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { applyConfig } from './config/apply.ts';
import { addAdvertise } from './commands/advertise.ts';
import { addCall } from './commands/call.ts';
import { addDemo } from './commands/demo.ts';
import { addDht } from './commands/dht.ts';
import { addDist } from './commands/dist.ts';
import { addDoctor } from './commands/doctor.ts';
import { addInspect } from './commands/inspect.ts';
import { addNode } from './commands/node.ts';
import { addPeers } from './commands/peers.ts';
import { addRealm } from './commands/realm.ts';
import { addRelay } from './commands/relay.ts';

const EXAMPLES = `
Three terminals:
  espalier node
  espalier advertise https://127.0.0.1:9443 ./calculator.mjs
  espalier call https://127.0.0.1:9443 calculator.compute '{"operation":"add","a":2,"b":3}'

Another node, and how it finds the same procedure:
  espalier node --listen 127.0.0.1:9444 --bootstrap https://127.0.0.1:9443
  espalier call https://127.0.0.1:9444 calculator.compute '{"operation":"add","a":2,"b":3}' --explain
  espalier dht lookup calculator.compute --node https://127.0.0.1:9444
  espalier peers https://127.0.0.1:9444

Actors across nodes, Erlang nodes among them (each has the cookie that is in the file):
  espalier node --name 4433@127.0.0.1 --cookie-file ~/.erlang.cookie --erlang
  espalier dist ping 4433@127.0.0.1
  espalier dist call erl@127.0.0.1 counter '{add, 1}'

Nodes that cannot reach each other, stock Erlang nodes among them:
  espalier relay --listen 127.0.0.1:4434
  espalier dist bridge --relay quic://127.0.0.1:4434 --name a@127.0.0.1 --epmd-port 7701
  ERL_EPMD_PORT=7701 erl -start_epmd false -name a@127.0.0.1 -setcookie C

What goes on in a node:
  espalier node --inspector 9911
  espalier inspect --watch

Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 timeout, 5 handler failed, 130 interrupted`;

export function createProgram(): Command {
  const program = new Command('espalier')
    .description('OTP-style actors and an RPC mesh over QUIC')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showHelpAfterError('(espalier --help shows how it is used)')
    .exitOverride()
    .hook('preAction', (_program, command) => applyConfig(command, process.env))
    .addHelpText('after', EXAMPLES);
  addNode(program);
  addAdvertise(program);
  addCall(program);
  addInspect(program);
  addPeers(program);
  addDht(program);
  addDist(program);
  addRelay(program);
  addRealm(program);
  addDoctor(program);
  addDemo(program);
  return program;
}

/** Resolved as users resolve it, so that it works from `src` and from `dist`. */
function version(): string {
  const found: unknown = createRequire(import.meta.url)('espalier/package.json');
  const text = (found as { readonly version?: unknown }).version;
  return typeof text === 'string' ? text : 'unknown';
}
