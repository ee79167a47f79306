/**
 * What is read off the scenarios, and what we want it to be (BASELINES §4, issue of part 5). Data.
 *
 * A figure is named `SCENARIO/FIGURE`.
 */
import type { Goal } from '../harness/goal.ts';
import type { Case } from '../harness/report.ts';
import { DIRECT, UDP } from './names.ts';

export interface PathCase extends Case {
  readonly figure: string;
  /** Name of a baseline → its figure. */
  readonly than: Readonly<Record<string, string>>;
}

/** Round trips of a first call: Retry, TLS and hello are three. */
const FIRST = 4;

const make = (
  name: string,
  unit: Case['unit'],
  figure: string,
  goals: readonly Goal[] = [],
  than: PathCase['than'] = {},
): PathCase => ({ name, unit, ours: 'relayed', figure, goals, than });

const firstCalls = (rtt: number): readonly PathCase[] => {
  const of = (figure: string): string => `first call ${rtt}/${figure}`;
  const where = `relay RTT ${rtt === 0 ? '~0' : rtt} ms`;
  const udp = { [UDP]: of('rtt') };
  return [
    make(`${where}: first call`, 'ms', of('first'), [{ than: UDP, atMost: FIRST, allowance: 50 }], udp),
    make(`${where}: first call, the slowest`, 'ms', of('first, worst')),
    make(
      `${where}: call when connected, p50`,
      'ms',
      of('connected'),
      [{ than: UDP, atMost: 1, allowance: 5 }],
      { ...udp, [DIRECT]: of('direct') },
    ),
    make(`${where}: call when connected, p95`, 'ms', of('connected p95')),
  ];
};

const never = (name: string, figure: string): PathCase => make(name, 'times', figure, [{ atMost: 0 }]);

const gap = (name: string, figure: string, atMost: number): readonly PathCase[] => [
  make(`${name}: gap`, 'ms', `${figure} gap`, [{ atMost }]),
  make(`${name}: gap, the longest`, 'ms', `${figure} gap, worst`, [{ atMost }]),
  never(`${name}: calls failed`, `${figure} failed`),
];

export const pathCases = (rtts: readonly number[]): readonly PathCase[] => [
  make('100 B, 64 in flight', 'calls/s', 'throughput/small relayed', [{ than: DIRECT, atLeast: 0.4 }], {
    [DIRECT]: 'throughput/small direct',
  }),
  make('100 B, CPU of the caller', 'µs', 'throughput/small relayed cpu', [], {
    [DIRECT]: 'throughput/small direct cpu',
  }),
  make('16 KiB, 64 in flight', 'calls/s', 'throughput/large relayed', [{ than: DIRECT, atLeast: 0.4 }], {
    [DIRECT]: 'throughput/large direct',
  }),
  make('16 KiB, CPU of the caller', 'µs', 'throughput/large relayed cpu', [], {
    [DIRECT]: 'throughput/large direct cpu',
  }),
  make("16 KiB, within the station's limits", 'calls/s', 'throughput/large limited', [], {
    [DIRECT]: 'throughput/large direct',
  }),
  never('throughput: calls failed', 'throughput/failed'),
  ...rtts.flatMap(firstCalls),
  make('to direct: from the first call on', 'ms', 'upgrade/upgrade after'),
  make('to direct: calls under way in that moment', 'calls', 'upgrade/upgrade over'),
  never('to direct: calls failed', 'upgrade/upgrade failed'),
  make('to direct: gap, 16 at a time', 'ms', 'upgrade/upgrade gap'),
  make('to direct: gap, 4,000 at a time', 'ms', 'upgrade/upgrade gap, crowd'),
  make('nothing happens: gap', 'ms', 'cuts/calm gap'),
  ...gap('direct goes dark, to relayed', 'cuts/hole', 500),
  ...gap('new port, direct', 'cuts/rebind', 2_000),
  ...gap('new ports, relayed', 'cuts/relayed rebind', 2_000),
  ...gap('new port of a client', 'rebound/client rebind', 2_000),
  make('station killed and back: clients', 'ms', 'restart/back'),
  make('station killed and back: clients, the slowest', 'ms', 'restart/back, worst', [{ atMost: 5_000 }]),
  make('station killed and back: attached node, the slowest', 'ms', 'restart/attached, worst', [
    { atMost: 5_000 },
  ]),
  never('station killed and back: runs over 5 s', 'restart/back late'),
  make('to the next station: gap', 'ms', 'failover/failover gap', [{ atMost: 2_000 }]),
  make('to the next station: gap, the longest', 'ms', 'failover/failover gap, worst'),
  never('to the next station: runs over 2 s', 'failover/failover late'),
  never('to the next station: calls failed', 'failover/failover failed'),
];
