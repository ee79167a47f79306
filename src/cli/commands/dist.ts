/**
 * `espalier dist`: pings, asks and uses nodes of the distribution, Espalier's and Erlang's, from outside.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { conclude } from '../conclude.ts';
import { untilCutOff } from '../cut-off.ts';
import { addBridge } from '../dist/bridge.ts';
import { cookieFileOption } from '../dist/cookie-file.ts';
import type * as Questions from '../dist/questions.ts';
import { isVisited, type VisitFlags } from '../dist/visit.ts';
import type { ExitCode } from '../exit-code.ts';
import type { Interrupts } from '../interrupts.ts';
import { jsonOption, waitOption } from '../options.ts';

const NODE = 'as 4433@10.0.0.1 (QUIC), or name@host (TCP, for Erlang nodes)';
const TERM = 'JSON, or as Erlang writes it: {add, 1}; - reads it from stdin';
const ARGS = 'a list, in JSON or as Erlang writes it: [1, {a, 2}] (default: [])';

export function addDist(program: Command): void {
  const dist = program
    .command('dist')
    .description('speak to nodes of the distribution, Erlang nodes among them');
  const command = (name: string, description: string): Command =>
    dist.command(name).description(description).argument('<node>', NODE, nodeName);

  withOptions(command('ping', 'find out whether a node can be connected to: pong, or pang')).action(
    (node: string, flags: VisitFlags) => run(flags, (ask, cut) => ask.ping(node, flags, cut)),
  );
  withOptions(command('nodes', 'list the nodes that a node is connected to')).action(
    (node: string, flags: VisitFlags) => run(flags, (ask, cut) => ask.nodes(node, flags, cut)),
  );
  withOptions(
    command('call', 'ask a registered process, as gen_server:call does')
      .argument('<name>', 'by which it is registered there')
      .argument('<term>', TERM),
  ).action((node: string, name: string, term: string, flags: VisitFlags) =>
    run(flags, (ask, cut) => ask.call({ node, name, term }, flags, cut)),
  );
  withOptions(
    command('spawn', 'start a function in a process of its own, and print its pid')
      .argument('<module>', 'in which the function is')
      .argument('<function>', 'that is exported')
      .argument('[args]', ARGS)
      .addOption(new Option('--wait', 'wait for what the function gives, and print that')),
  ).action(
    (node: string, module: string, name: string, args: string | undefined, flags: Questions.SpawnFlags) =>
      run(flags, (ask, cut) => ask.spawn({ node, module, name, args }, flags, cut)),
  );
  addBridge(dist);
}

const withOptions = (command: Command): Command =>
  command
    .addOption(cookieFileOption('the cookie of that node, in a file (default: ~/.erlang.cookie)'))
    .addOption(
      new Option('--port <port>', 'where name@host listens (default: what EPMD says)').argParser(port),
    )
    .addOption(waitOption('for everything: connecting and the answer'))
    .addOption(jsonOption('print one document'));

/** All that answers a question loads when it is asked. */
const run = (
  { json = false }: VisitFlags,
  ask: (questions: typeof Questions, interrupts: Interrupts) => Promise<ExitCode>,
): Promise<void> =>
  conclude(json, () =>
    untilCutOff(json, async (interrupts) => ask(await import('../dist/questions.ts'), interrupts)),
  );

function nodeName(text: string): string {
  if (!isVisited(text)) throw new InvalidArgumentError('It must be port@host, or name@host.');
  return text;
}

function port(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('It must be a port from 1 to 65535.');
  return value;
}
