/**
 * What was found out about the NAT in front of this node, and what it means. Pure.
 *
 * A fact is stated only when it was measured: the mapping needs two observers at different hosts, the filtering a
 * dial-back. `assumed` is what SPEC §8.2 makes of the same reports for the choice of a strategy; it may be wrong.
 */
import { addressText } from '../../peer/endpoint-text.ts';
import { classify, newestPerObserver, type Observation } from './classification.ts';
import type { Allocation, Filtering, Mapping, NatClass } from '../taxonomy.ts';

export interface NatReport {
  readonly mapping: Mapping | 'unknown';
  readonly filtering: Filtering;
  readonly allocation: Allocation | 'unknown';
  /** Whether observers see another address than this node's own; undefined: nobody could be asked. */
  readonly behindNat: boolean | undefined;
  /** `host:port` as observers see this node's socket, each once, the newest first. */
  readonly reflexive: readonly string[];
  /** Hosts that answered. */
  readonly observers: number;
  /** Unix ms. */
  readonly measuredAt: number;
  /** What the choice of a strategy takes it for; undefined: nothing is known. */
  readonly assumed: NatClass | undefined;
  /** What could not be measured, and why. */
  readonly unmeasured: readonly Unmeasured[];
  /** In plain words, a sentence each. */
  readonly explanation: readonly string[];
}

export interface Unmeasured {
  readonly what: 'mapping' | 'filtering' | 'allocation';
  readonly why: string;
}

export interface Findings {
  /** One per host that answered, the newest last. */
  readonly observations: readonly Observation[];
  readonly filtering: Filtering;
  /** Why it is `unknown`; undefined when it is not. */
  readonly whyNot: string | undefined;
  /** Addresses of this machine at which the socket listens. */
  readonly local: readonly string[];
  /** Hosts that were asked. */
  readonly asked: number;
  /** Unix ms. */
  readonly measuredAt: number;
}

export function reportOf(findings: Findings): NatReport {
  const { filtering, measuredAt, whyNot } = findings;
  const answered = newestPerObserver(findings.observations);
  const translated = answered.filter((one) => isTranslated(one, findings.local));
  const behindNat = answered.length === 0 ? undefined : translated.length > 0;
  // who is on this side of the NAT says nothing of it
  const seen = behindNat === true ? translated : answered;
  // without a NAT on the way to whoever was asked there is nothing left to tell apart
  const measured = behindNat === false || seen.length > 1;
  const assumed = seen.length === 0 ? undefined : { ...classify(seen), filtering };
  const base = {
    mapping: measured && assumed !== undefined ? assumed.mapping : ('unknown' as const),
    filtering,
    allocation: measured && assumed !== undefined ? assumed.allocation : ('unknown' as const),
    behindNat,
    reflexive: reflexiveOf(seen),
    observers: answered.length,
    measuredAt,
    assumed,
    unmeasured: unmeasuredOf(measured, findings, answered.length, whyNot),
  };
  return { ...base, explanation: explain(base) };
}

const isTranslated = (
  { reflexiveIp, reflexivePort, localPort }: Observation,
  local: readonly string[],
): boolean => reflexivePort !== localPort || !local.includes(reflexiveIp);

const reflexiveOf = (seen: readonly Observation[]): readonly string[] => [
  ...new Set(
    seen.toReversed().map(({ reflexiveIp: host, reflexivePort: port }) => addressText({ host, port })),
  ),
];

function unmeasuredOf(
  measured: boolean,
  { asked, filtering }: Findings,
  answered: number,
  whyNot: string | undefined,
): readonly Unmeasured[] {
  const why =
    asked === 0
      ? 'no peer at an address of its own is connected'
      : answered === 0
        ? 'none of the peers that were asked has answered'
        : 'only one host beyond the NAT has answered, and it takes two to compare';
  const open: Unmeasured[] = [];
  if (!measured) open.push({ what: 'mapping', why }, { what: 'allocation', why });
  if (filtering === 'unknown')
    open.push({ what: 'filtering', why: whyNot ?? 'no station was there to send something back' });
  return open;
}

type Base = Omit<NatReport, 'explanation'>;

function explain(report: Base): readonly string[] {
  const { behindNat, reflexive } = report;
  if (behindNat === undefined)
    return [`Nothing was measured: ${report.unmeasured[0]?.why ?? 'nobody was asked'}.`];
  const seen = reflexive.join(' and ');
  const where = behindNat
    ? `Behind a NAT: others see this socket as ${seen}.`
    : `No NAT on the way to the peers that were asked: they see this socket as it is, ${seen}.`;
  return [
    where,
    ...(behindNat ? mappingText(report) : []),
    ...filteringText(report),
    ...report.unmeasured.map(({ what, why }) => `Not measured: ${what}; ${why}.`),
  ];
}

function mappingText({ mapping, allocation }: Base): readonly string[] {
  const ports = {
    pp: ' It keeps the port of the socket.',
    pc: ' Its ports lie close together and can be guessed.',
    rd: ' Its ports cannot be guessed.',
    unknown: '',
  }[allocation];
  switch (mapping) {
    case 'ei':
      return [`It gives this socket one outside address for everybody, which others can be told.${ports}`];
    case 'hd':
      return [`It gives this socket another outside port for each peer (a symmetric NAT).${ports}`];
    case 'pd':
      return [`It gives this socket another outside address for each peer (a symmetric NAT).${ports}`];
    case 'unknown':
      return [];
  }
}

function filteringText({ filtering, behindNat }: Base): readonly string[] {
  const who = behindNat === true ? 'The NAT' : 'The way here';
  switch (filtering) {
    case 'ei':
      return [`${who} lets in anybody.`];
    case 'hd':
      return [`${who} lets in the hosts that were sent to, from any of their ports.`];
    case 'pd':
      return [`${who} lets in only those addresses and ports that were sent to.`];
    case 'unknown':
      return [];
  }
}
