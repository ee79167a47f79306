/**
 * `espalier peers`: who is connected to a running node.
 */
import type { Command } from 'commander';
import type { PeerInfo } from '../../mesh/peer/pool-view.ts';
import { askAt, strange, type AskFlags } from '../ask.ts';
import { columns } from '../columns.ts';
import { conclude } from '../conclude.ts';
import { untilCutOff } from '../cut-off.ts';
import { duration, millis } from '../duration.ts';
import { ExitCode } from '../exit-code.ts';
import { pathText, shortId } from '../explain-text.ts';
import type { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import { addCommonOptions, jsonOption, nodeIdOption, waitOption } from '../options.ts';
import { clean, note, paint, print } from '../terminal.ts';

const HEADING = ['id', 'address', 'kind', 'path', 'dialed', 'rtt', 'in flight', 'since', 'state'];

export function addPeers(program: Command): void {
  const command = program
    .command('peers')
    .description('list who is connected to a running node')
    .argument('<url>', 'the node, as https://127.0.0.1:9443')
    .addOption(waitOption('for everything: connecting and the answer'))
    .addOption(nodeIdOption());
  addCommonOptions(command)
    .addOption(jsonOption('print one document'))
    .action((url: string, flags: AskFlags) => {
      const json = flags.json === true;
      return conclude(json, () => untilCutOff(json, (interrupts) => run(url, flags, interrupts)));
    });
}

async function run(url: string, flags: AskFlags, interrupts: Interrupts): Promise<ExitCode> {
  const { PEERS } = await import('../../mesh/system/system-procedures.ts');
  const { decodePeers } = await import('../../mesh/system/peer-list.ts');
  const list = decodePeers(await askAt(url, PEERS, {}, flags, interrupts));
  if (list === undefined) throw strange();
  const { peers, total } = list;
  if (flags.json === true) {
    print(documentText({ ok: true, total, peers }));
    return ExitCode.ok;
  }
  const [heading = '', ...rows] = peerTable(peers);
  if (peers.length > 0) print(paint('dim', heading));
  for (const row of rows) print(clean(row));
  note(summary(peers, total));
  return ExitCode.ok;
}

/** The heading, then a line for each. */
export const peerTable = (peers: readonly PeerInfo[]): readonly string[] =>
  columns([HEADING, ...peers.map(rowOf)]);

function rowOf(peer: PeerInfo): readonly string[] {
  const { nodeId, address, direction, kind, dht, path, via, tls, rtt, inFlight, age, suspect } = peer;
  return [
    shortId(nodeId),
    address,
    dht ? `${kind}, dht` : kind,
    tls ? `${pathText({ path, via })}, TLS` : pathText({ path, via }),
    direction === 'out' ? 'by it' : 'by peer',
    rtt === 0 ? '-' : millis(rtt),
    String(inFlight),
    duration(age),
    suspect ? 'suspect' : 'ok',
  ];
}

const summary = (peers: readonly PeerInfo[], total: number): string =>
  total === 0
    ? 'nobody is connected to it'
    : `${total} connected${peers.length < total ? `, the first ${peers.length} shown` : ''}`;
