import { describe, expect, test } from 'vitest';
import { natVerdicts } from '../../src/cli/doctor/nat-verdicts.ts';
import { reportOf, type NatReport } from '../../src/mesh/nat/detection/report.ts';
import type { Filtering } from '../../src/mesh/nat/taxonomy.ts';

/** What two observers behind a NAT saw: one port each. */
function seen(ports: readonly number[], filtering: Filtering, local = 9_443): NatReport {
  return reportOf({
    observations: ports.map((reflexivePort, index) => ({
      observer: `o${index}`,
      reflexiveIp: '203.0.113.7',
      reflexivePort,
      localPort: local,
    })),
    filtering,
    whyNot: undefined,
    local: ['10.0.0.2'],
    asked: 2,
    measuredAt: 1,
  });
}
const reachOf = (report: NatReport): string =>
  natVerdicts(report).find(({ name }) => name === 'reach')!.detail;

describe('verdicts of doctor --nat', () => {
  test.each<readonly [string, readonly number[], Filtering, string]>([
    ['fullcone', [9_443, 9_443], 'ei', 'direct: anybody'],
    ['addr', [9_443, 9_443], 'hd', 'direct paths to peers behind any NAT'],
    ['port', [9_443, 9_443], 'pd', 'a relay to those behind a symmetric one'],
    ['sym', [41_000, 52_000], 'pd', 'a relay to all others'],
    ['counting', [41_000, 41_001], 'pd', 'with some luck'],
    ['one observer', [9_443], 'unknown', 'not known'],
  ])('%s: says what is possible', (_name, ports, filtering, expected) => {
    expect(reachOf(seen(ports, filtering))).toContain(expected);
  });

  test('what was not measured is a warning with its reason, never a guess', () => {
    const verdicts = natVerdicts(seen([50_000], 'unknown'));
    expect(verdicts.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'nat ok',
      'mapping warn',
      'filtering warn',
      'reach warn',
    ]);
    expect(verdicts[1]?.detail).toBe(
      'not measured: only one host beyond the NAT has answered, and it takes two to compare',
    );
    expect(verdicts[2]?.detail).toBe('not measured: no station was there to send something back');
  });

  test('nobody has answered: that is all there is to say', () => {
    expect(natVerdicts(seen([], 'unknown'))).toEqual([
      { name: 'nat', status: 'warn', detail: 'not measured: none of the peers that were asked has answered' },
    ]);
  });

  test('without a NAT a firewall may still keep strangers out', () => {
    const open = (filtering: Filtering): NatReport => ({
      ...seen([9_443], filtering),
      behindNat: false,
      mapping: 'ei',
    });
    expect(reachOf(open('ei'))).toBe('direct: anybody can dial this machine');
    expect(reachOf(open('unknown'))).toContain('which was not measured');
    expect(reachOf(open('pd'))).toContain('a firewall keeps strangers out');
  });

  test('whoever may be dialed through a NAT is told what to announce', () => {
    const reach = natVerdicts(seen([9_443, 9_443], 'ei')).at(-1);
    expect(reach?.hint).toBe('announce 203.0.113.7:9443: others can dial it');
  });
});
