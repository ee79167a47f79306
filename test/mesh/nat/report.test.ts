import { describe, expect, test } from 'vitest';
import { Contacts } from '../../../src/mesh/nat/detection/contacts.ts';
import { reportOf, type Findings } from '../../../src/mesh/nat/detection/report.ts';
import type { Link } from '../../../src/transport/transport.ts';

const seen = (observer: string, reflexiveIp: string, reflexivePort: number, localPort = 9_443) => ({
  observer,
  reflexiveIp,
  reflexivePort,
  localPort,
});
const findings = (over: Partial<Findings>): Findings => ({
  observations: [],
  filtering: 'unknown',
  whyNot: undefined,
  local: ['10.0.0.2'],
  asked: 2,
  measuredAt: 1,
  ...over,
});

describe('reportOf', () => {
  test('one observer behind a NAT says that there is one, and nothing of how it maps', () => {
    const report = reportOf(findings({ observations: [seen('a', '203.0.113.7', 50_000)], asked: 1 }));
    expect(report).toMatchObject({
      behindNat: true,
      mapping: 'unknown',
      allocation: 'unknown',
      reflexive: ['203.0.113.7:50000'],
      assumed: { mapping: 'ei', filtering: 'unknown', allocation: 'rd' },
    });
    expect(report.unmeasured.map(({ what }) => what)).toEqual(['mapping', 'allocation', 'filtering']);
    expect(report.explanation).toContain(
      'Not measured: mapping; only one host beyond the NAT has answered, and it takes two to compare.',
    );
  });

  test('the same address from two hosts is one for everybody', () => {
    const observations = [seen('a', '203.0.113.7', 9_443), seen('b', '203.0.113.7', 9_443)];
    const report = reportOf(findings({ observations, filtering: 'pd' }));
    expect(report).toMatchObject({ behindNat: true, mapping: 'ei', allocation: 'pp', unmeasured: [] });
    expect(report.explanation).toEqual([
      'Behind a NAT: others see this socket as 203.0.113.7:9443.',
      'It gives this socket one outside address for everybody, which others can be told. It keeps the port of the socket.',
      'The NAT lets in only those addresses and ports that were sent to.',
    ]);
  });

  test('another port for each host is a symmetric NAT; both addresses are told, the newest first', () => {
    const observations = [seen('a', '203.0.113.7', 41_000), seen('b', '203.0.113.7', 52_000)];
    const report = reportOf(findings({ observations, filtering: 'pd' }));
    expect(report).toMatchObject({
      mapping: 'hd',
      allocation: 'rd',
      reflexive: ['203.0.113.7:52000', '203.0.113.7:41000'],
    });
    expect(report.explanation[1]).toContain('symmetric');
  });

  test('a port of this machine under another number is a NAT too', () => {
    const report = reportOf(findings({ observations: [seen('a', '10.0.0.2', 9_444)] }));
    expect(report.behindNat).toBe(true);
  });

  test('an observer on our side of the NAT says nothing of it', () => {
    const observations = [seen('far', '203.0.113.7', 9_443), seen('near', '10.0.0.2', 9_443)];
    expect(reportOf(findings({ observations }))).toMatchObject({
      behindNat: true,
      mapping: 'unknown',
      reflexive: ['203.0.113.7:9443'],
      observers: 2,
    });
  });

  test('of those that were asked none answered', () => {
    expect(reportOf(findings({})).explanation).toEqual([
      'Nothing was measured: none of the peers that were asked has answered.',
    ]);
  });
});

describe('Contacts', () => {
  const link = (host: string, ...others: readonly string[]): Link =>
    ({
      observed: { host, port: 1 },
      paths: others.map((other) => ({ address: { host: other, port: 1 } })),
    }) as unknown as Link;

  test('knows whom links lead to, on all their paths, for as long as a NAT may keep a hole open', () => {
    const contacts = new Contacts();
    contacts.look([link('a', 'b')], 0);
    contacts.look([link('c')], 1_000);
    expect(['a', 'b', 'c', 'd'].map((host) => contacts.has(host, 300_000))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(contacts.has('a', 300_001)).toBe(false);
    expect(contacts.newest(2)).toEqual(['b', 'c']);
  });

  test('forgets the oldest beyond its limit', () => {
    const contacts = new Contacts();
    for (let index = 0; index <= 4_096; index++) contacts.look([link(`h${index}`)], 0);
    expect([contacts.has('h0', 0), contacts.has('h1', 0)]).toEqual([false, true]);
  });
});
