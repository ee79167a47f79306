/**
 * `espalier dht lookup`: who serves a procedure, as the DHT says, and what it took to find out.
 */
import { Option, type Command } from 'commander';
import type { ValueMap } from '../../codec/value.ts';
import { RpcError } from '../../mesh/errors/rpc-error.ts';
import type { Provider } from '../../mesh/registry/provider.ts';
import type { LookupAnswer } from '../../mesh/system/lookup-answer.ts';
import { askAmong, askAt, strange, type AskFlags } from '../ask.ts';
import { columns } from '../columns.ts';
import { conclude } from '../conclude.ts';
import { untilCutOff } from '../cut-off.ts';
import { millis } from '../duration.ts';
import { errorDocument, usageError } from '../error-document.ts';
import { ExitCode } from '../exit-code.ts';
import { shortId } from '../explain-text.ts';
import type { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import {
  addCommonOptions,
  bootstrapOption,
  jsonOption,
  ndjsonOption,
  nodeIdOption,
  waitOption,
} from '../options.ts';
import { clean, note, paint, print } from '../terminal.ts';
import { machine } from './node.ts';

interface LookupFlags extends AskFlags {
  readonly node?: string;
  readonly bootstrap?: readonly string[];
}

export function addDht(program: Command): void {
  const dht = program.command('dht').description('ask the distributed hash table');
  const command = dht
    .command('lookup')
    .description('find who serves a procedure')
    .argument('<name>', 'as calculator.compute')
    .addOption(new Option('--node <url>', 'a running node that looks it up').conflicts('bootstrap'))
    .addOption(bootstrapOption('join the mesh for this lookup, by any of these nodes'))
    .addOption(waitOption('for everything: connecting or joining, and the lookup'))
    .addOption(nodeIdOption());
  addCommonOptions(command)
    .addOption(jsonOption('print one document'))
    .addOption(ndjsonOption('print every provider as a line of JSON'))
    .action((name: string, flags: LookupFlags) => {
      const json = machine(flags);
      return conclude(json, () => untilCutOff(json, (interrupts) => run(name, flags, interrupts)));
    });
}

async function run(name: string, flags: LookupFlags, interrupts: Interrupts): Promise<ExitCode> {
  const { LOOKUP } = await import('../../mesh/system/system-procedures.ts');
  const { decodeLookup } = await import('../../mesh/system/lookup-answer.ts');
  const args: ValueMap = { procedure: name };
  const { node, bootstrap } = flags;
  if (node === undefined && bootstrap === undefined)
    throw usageError('node', 'is missing: name a running node (--node), or nodes to join by (--bootstrap)');
  const answer = decodeLookup(
    node === undefined
      ? await askAmong(bootstrap ?? [], LOOKUP, args, flags, interrupts)
      : await askAt(node, LOOKUP, args, flags, interrupts),
  );
  if (answer === undefined) throw strange();
  tell(name, answer, flags);
  return answer.providers.length === 0 ? ExitCode.notFound : ExitCode.ok;
}

function tell(procedure: string, answer: LookupAnswer, flags: LookupFlags): void {
  const { providers, ...took } = answer;
  if (machine(flags) && providers.length === 0) {
    const { details: _none, ...error } = errorDocument(new RpcError({ tag: 'service_not_found' }));
    print(documentText({ ok: false, error: { ...error, details: took } }));
  } else if (flags.ndjson === true) {
    for (const provider of providers) print(documentText({ event: 'provider', ...provider }));
    print(documentText({ event: 'done', ok: true, ...took }));
  } else if (flags.json === true) {
    print(documentText({ ok: true, procedure, providers, ...took }));
  } else {
    const [heading = '', ...rows] = columns([HEADING, ...providers.map(rowOf)]);
    if (rows.length > 0) print(paint('dim', heading));
    for (const row of rows) print(clean(row));
    note(summary(procedure, answer));
  }
}

const HEADING = ['id', 'endpoints', 'ttl', 'found'];

const rowOf = ({ nodeId, endpoints, ttl, route }: Provider): readonly string[] => [
  shortId(nodeId),
  endpoints.join(' '),
  `${ttl} s`,
  route,
];

function summary(procedure: string, { providers, asked, answered, hops, ms }: LookupAnswer): string {
  const who = providers.length === 0 ? `nobody serves ${procedure}` : `${providers.length} found`;
  return `${who}; nodes asked: ${asked}, answered: ${answered}, hops: ${hops}; ${millis(ms)}`;
}
