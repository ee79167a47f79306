/**
 * What a NAT check means for whoever runs a node behind it. Pure.
 *
 * Each verdict is about what was measured; what was not is a warning that says why. What is possible is told by the
 * matrix of SPEC §8.3 and BASELINES §4: a punch needs an outside port that others can be told, or a peer that
 * answers to wherever packets come from.
 */
import type { NatReport } from '../../mesh/nat/detection/report.ts';
import { canReceiveUnsolicited } from '../../mesh/nat/taxonomy.ts';
import type { Check } from './checks.ts';

/** What of it was not measured is a warning; the last one says what is possible. */
export function natVerdicts(report: NatReport): readonly Check[] {
  const { behindNat, reflexive, observers } = report;
  if (behindNat === undefined) return [{ name: 'nat', status: 'warn', detail: reasonOf(report, 'mapping') }];
  const seen = reflexive.join(' and ');
  const nat: Check = {
    name: 'nat',
    status: 'ok',
    detail: behindNat
      ? `behind a NAT: ${peers(observers)} this socket as ${seen}`
      : `no NAT: ${peers(observers)} this socket as it is, ${seen}`,
  };
  return [nat, ...(behindNat ? [mapping(report)] : []), filtering(report), reach(report)];
}

const peers = (count: number): string => (count === 1 ? 'one station sees' : `${count} stations see`);

const reasonOf = ({ unmeasured }: NatReport, what: string): string =>
  `not measured: ${unmeasured.find((one) => one.what === what)?.why ?? 'nobody was asked'}`;

const PORTS = {
  pp: 'the port of the socket is kept',
  pc: 'ports lie close together and can be guessed',
  rd: 'ports are random',
  unknown: 'how it picks ports is not known',
} as const;

function mapping(report: NatReport): Check {
  const name = 'mapping';
  const ports = PORTS[report.allocation];
  switch (report.mapping) {
    case 'ei':
      return { name, status: 'ok', detail: `one outside address for everybody; ${ports}` };
    case 'hd':
    case 'pd':
      return {
        name,
        status: report.allocation === 'rd' ? 'warn' : 'ok',
        detail: `another outside ${report.mapping === 'hd' ? 'port' : 'address'} for each peer (symmetric); ${ports}`,
      };
    case 'unknown':
      return {
        name,
        status: 'warn',
        detail: reasonOf(report, 'mapping'),
        hint: 'name two stations at different hosts: --nat URL,URL',
      };
  }
}

function filtering(report: NatReport): Check {
  const name = 'filtering';
  switch (report.filtering) {
    case 'ei':
      return { name, status: 'ok', detail: 'anybody gets in' };
    case 'hd':
      return { name, status: 'ok', detail: 'hosts that were sent to get in, from any of their ports' };
    case 'pd':
      return { name, status: 'ok', detail: 'only addresses and ports that were sent to get in' };
    case 'unknown':
      return {
        name,
        status: 'warn',
        detail: reasonOf(report, 'filtering'),
        hint: 'it takes a station that is peered with another one at a host of its own',
      };
  }
}

/** What is possible: direct, punched, or by a relay only. */
function reach(report: NatReport): Check {
  const name = 'reach';
  const { mapping: maps, filtering: lets, allocation, behindNat, reflexive } = report;
  if (lets !== 'unknown' && maps !== 'unknown' && canReceiveUnsolicited({ mapping: maps, filtering: lets })) {
    const hint = behindNat === true ? { hint: `announce ${reflexive[0] ?? ''}: others can dial it` } : {};
    return { name, status: 'ok', detail: 'direct: anybody can dial this machine', ...hint };
  }
  if (maps === 'unknown')
    return { name, status: 'warn', detail: 'not known: it depends on what was not measured; a relay works' };
  if (behindNat === false) {
    const detail =
      lets === 'unknown'
        ? 'direct, unless a firewall keeps strangers out, which was not measured'
        : 'punched: a firewall keeps strangers out, and lets in who is sent to';
    return { name, status: 'ok', detail };
  }
  if (maps === 'ei') {
    const all = lets === 'hd' || lets === 'ei';
    return {
      name,
      status: 'ok',
      detail: all
        ? 'punched: direct paths to peers behind any NAT'
        : 'punched: direct paths to peers behind most NATs; a relay to those behind a symmetric one',
    };
  }
  return {
    name,
    status: 'warn',
    detail:
      allocation === 'rd'
        ? 'direct paths only to peers that let in a known host from any port; a relay to all others'
        : 'punched with some luck, as the next port can be guessed; else a relay',
    hint: 'attach this node to a station (stations: [URL]), so that others reach it',
  };
}
