import { describe, expect, test } from 'vitest';
import { ownEndpoints } from '../../../src/mesh/registry/own-endpoints.ts';

const bound = (host: string): { host: string; port: number } => ({ host, port: 9443 });

describe('ownEndpoints', () => {
  test('what the user announces wins, twenty of it at most', () => {
    const announce = Array.from({ length: 30 }, (_, n) => `198.51.100.${n}:9443`);
    const all = ownEndpoints({ announce, bound: bound('10.0.0.1'), interfaces: ['203.0.113.1'] });
    expect(all).toEqual(announce.slice(0, 20));
  });

  test.each(['127.0.0.1', '10.0.0.1', '203.0.113.1'])('an address that is bound is announced: %s', (host) => {
    expect(ownEndpoints({ announce: [], bound: bound(host), interfaces: ['198.51.100.9'] })).toEqual([
      `${host}:9443`,
    ]);
  });

  test('an IPv6 address stands in brackets', () => {
    expect(ownEndpoints({ announce: [], bound: bound('2001:db8::1'), interfaces: [] })).toEqual([
      '[2001:db8::1]:9443',
    ]);
  });

  test.each([
    [['127.0.0.1', '192.168.1.5', '203.0.113.7'], ['203.0.113.7:9443']],
    [
      ['127.0.0.1', '192.168.1.5', '10.1.1.1'],
      ['192.168.1.5:9443', '10.1.1.1:9443'],
    ],
    [['127.0.0.1'], ['127.0.0.1:9443']],
    [['169.254.3.4', 'fe80::1'], []],
    [['203.0.113.7', '203.0.113.7'], ['203.0.113.7:9443']],
  ])('bound to everything, of %j it announces the widest class: %j', (interfaces, expected) => {
    expect(ownEndpoints({ announce: [], bound: bound('0.0.0.0'), interfaces })).toEqual(expected);
  });

  test('an IPv4 wildcard is not reached over IPv6; an IPv6 one is reached over both', () => {
    const interfaces = ['2001:db8::1', '203.0.113.7'];
    expect(ownEndpoints({ announce: [], bound: bound('0.0.0.0'), interfaces })).toEqual(['203.0.113.7:9443']);
    expect(ownEndpoints({ announce: [], bound: bound('::'), interfaces })).toEqual([
      '[2001:db8::1]:9443',
      '203.0.113.7:9443',
    ]);
  });

  test('without a listener there is nothing to announce', () => {
    expect(ownEndpoints({ announce: [], bound: undefined, interfaces: ['203.0.113.7'] })).toEqual([]);
  });
});
