/** The small pure rules of the QUIC transport: admission, stream ids, close reasons, errors, addresses. */
import { describe, expect, test } from 'vitest';

import { addressClass, addressFamily, addressHolder } from '../../../src/transport/address.ts';
import { Admission } from '../../../src/transport/admission.ts';
import { nativeFailure } from '../../../src/transport/quic/binding.ts';
import { closeReason, type NativeClose } from '../../../src/transport/quic/close-reason.ts';
import { limitsFor } from '../../../src/transport/limits.ts';
import { LinkRegistry } from '../../../src/transport/quic/link-registry.ts';
import type { QuicLink } from '../../../src/transport/quic/link.ts';
import { SeenIds } from '../../../src/transport/quic/stream-ids.ts';
import { relayedAddress } from '../../../src/transport/way.ts';

describe('Admission', () => {
  const roomy = { links: 10_000, halfOpen: 10_000 };
  const fill = (admission: Admission, host: string, links: number): void => {
    for (let count = 0; count < links; count++) {
      expect(admission.refusal(host, 0, 0)).toBeUndefined();
      admission.started(host, 0);
      admission.settled(host);
    }
  };
  /** Starts as many as are let in at one moment. */
  const rush = (admission: Admission, host: (index: number) => string, now: number): number => {
    let started = 0;
    for (; admission.refusal(host(started), 0, now) === undefined && started < 5_000; started++) {
      admission.started(host(started), now);
      admission.settled(host(started));
      admission.ended(host(started), now);
    }
    return started;
  };

  test('limits links in total and half-open ones in total', () => {
    const admission = new Admission({ links: 10, halfOpen: 2 });
    expect(admission.refusal('127.0.0.1', 10, 0)).toBe('too_many_links');
    admission.started('127.0.0.1', 0);
    admission.started('127.0.0.1', 0);
    expect(admission.refusal('127.0.0.1', 2, 0)).toBe('too_many_half_open');
    admission.settled('127.0.0.1');
    expect(admission.refusal('127.0.0.1', 2, 0)).toBeUndefined();
  });

  test('a public address may have 16 half-open links and 256 links', () => {
    const admission = new Admission(roomy);
    for (let count = 0; count < 16; count++) admission.started('192.0.2.1', 0);
    expect(admission.refusal('192.0.2.1', 0, 0)).toBe('too_many_per_address');
    expect(admission.refusal('192.0.2.2', 0, 0)).toBeUndefined();
    fill(admission, '198.51.100.1', 256);
    expect(admission.refusal('198.51.100.1', 0, 0)).toBe('too_many_per_address');
    admission.ended('198.51.100.1', 0);
    expect(admission.refusal('198.51.100.1', 0, 0)).toBeUndefined();
  });

  test('a private address may have 256 links in any state, loopback any number', () => {
    const admission = new Admission(roomy);
    for (let count = 0; count < 256; count++) admission.started('10.1.2.3', 0);
    expect(admission.refusal('10.1.2.3', 0, 0)).toBe('too_many_per_address');
    for (let count = 0; count < 1_000; count++) admission.started('127.0.0.1', 0);
    expect(admission.refusal('127.0.0.1', 0, 0)).toBeUndefined();
    for (let count = 0; count < 1_000; count++) admission.started('::1', 0);
    expect(admission.refusal('::1', 0, 0)).toBeUndefined();
  });

  test('addresses of one IPv6 /64 count as one, those of the next do not', () => {
    const admission = new Admission(roomy);
    for (let count = 0; count < 16; count++) admission.started(`2001:db8:1:2::${count.toString(16)}`, 0);
    expect(admission.refusal('2001:db8:1:2:ffff:ffff:ffff:ffff', 0, 0)).toBe('too_many_per_address');
    expect(admission.refusal('2001:db8:1:3::1', 0, 0)).toBeUndefined();
    admission.settled('2001:db8:1:2::');
    expect(admission.refusal('2001:db8:1:2::99', 0, 0)).toBeUndefined();
  });

  test('an address may start a burst at once and then so many a second, others are not held back', () => {
    const admission = new Admission({ ...roomy, acceptRate: 1_000 });
    expect(rush(admission, () => '192.0.2.1', 0)).toBe(16);
    expect(admission.refusal('192.0.2.1', 0, 0)).toBe('too_fast_per_address');
    expect(admission.refusal('192.0.2.2', 0, 0)).toBeUndefined();
    expect(rush(admission, () => '192.0.2.1', 500)).toBe(8);
    expect(rush(admission, () => '10.0.0.1', 500)).toBe(256);
    expect(rush(admission, () => '127.0.0.1', 500)).toBe(5_000);
  });

  test('all addresses together may start the accept rate, a second of it at once', () => {
    const admission = new Admission({ ...roomy, acceptRate: 100 });
    const everyone = (index: number): string => `198.51.${index >> 8}.${index & 255}`;
    expect(rush(admission, everyone, 0)).toBe(100);
    expect(admission.refusal('203.0.113.1', 0, 0)).toBe('too_fast');
    expect(admission.refusal('127.0.0.1', 0, 0)).toBeUndefined();
    expect(rush(admission, (index) => `203.0.113.${index}`, 100)).toBe(10);
  });

  test('relayed links together have a quarter of what there is, whatever their sessions', () => {
    const admission = new Admission({ links: 10_000, halfOpen: 256, acceptRate: 500 });
    const session = (index: number): string => relayedAddress(Buffer.alloc(16, index)).host;
    let started = 0;
    for (; admission.refusal(session(started), 0, 0) === undefined && started < 256; started++)
      admission.started(session(started), 0);
    expect([started, admission.refusal(session(started), 0, 0)]).toEqual([64, 'too_many_per_address']);
    expect(admission.refusal('192.0.2.1', 0, 0)).toBeUndefined();
    admission.settled(session(0));
    expect(admission.refusal(session(9), 0, 0)).toBeUndefined();
    const hasty = new Admission({ ...roomy, acceptRate: 500 });
    expect(rush(hasty, session, 0)).toBe(125);
    expect(hasty.refusal(session(1), 0, 0)).toBe('too_fast_per_address');
    expect(hasty.refusal('192.0.2.1', 0, 0)).toBeUndefined();
    // who is let in may stay: of those there may be as many as of all
    const patient = new Admission(roomy);
    fill(patient, session(1), 1_000);
  });

  test('nothing is left of addresses without links, and of hasty ones only until they may come again', () => {
    const admission = new Admission({ links: 10, halfOpen: 10 });
    fill(admission, '192.0.2.1', 3);
    for (let count = 0; count < 3; count++) admission.ended('192.0.2.1', 0);
    expect([admission.addresses, admission.halfOpen]).toEqual([0, 0]);
    const hasty = new Admission({ ...roomy, acceptRate: 1_000 });
    // somebody who stays does not hide the others
    fill(hasty, '203.0.113.1', 1);
    for (let second = 0; second < 20; second++)
      rush(hasty, (index) => `198.51.${second}.${index & 255}`, second * 1_000);
    expect(hasty.addresses).toBeLessThan(1_200);
    for (let count = 0; count < 200; count++) {
      hasty.started('192.0.2.9', 60_000 + count * 1_000);
      hasty.settled('192.0.2.9');
      hasty.ended('192.0.2.9', 60_000 + count * 1_000);
    }
    expect(hasty.addresses).toBeLessThanOrEqual(2);
  });
});

describe('LinkRegistry', () => {
  test('counts links over TLS connections as those of where the connections come from', () => {
    const sources = new Map<string, string>();
    const registry = new LinkRegistry({ links: 1_000, halfOpen: 256 }, (host) => sources.get(host) ?? host);
    const links = Array.from({ length: 17 }, (_, index) => {
      sources.set(`tls:${index}`, '192.0.2.1');
      return { role: 'acceptor' } as QuicLink;
    });
    const refusals = links.map((link, index) => {
      const refusal = registry.refusal(`tls:${index}`, 0);
      if (refusal === undefined) registry.add(link, Buffer.from([index]), `tls:${index}`, 0);
      return refusal;
    });
    expect(refusals.filter((refusal) => refusal !== undefined)).toEqual(['too_many_per_address']);
    expect(registry.refusal('192.0.2.1', 0)).toBe('too_many_per_address');
    expect(registry.refusal('192.0.2.2', 0)).toBeUndefined();
    // the connections end before the links do
    sources.clear();
    for (const link of links.slice(0, 16)) {
      registry.ended(link);
      registry.freed(link, 0);
    }
    expect([registry.halfOpen, registry.refusal('192.0.2.1', 0)]).toEqual([0, undefined]);
  });
});

describe('addressHolder', () => {
  test('is the address for IPv4, the /64 for IPv6, and one spelling for each', () => {
    expect(addressHolder('192.0.2.7')).toBe('192.0.2.7');
    expect(addressHolder('::ffff:192.0.2.7')).toBe('192.0.2.7');
    expect(addressHolder('::ffff:c000:207')).toBe('192.0.2.7');
    expect(addressHolder('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(addressHolder('2001:0DB8:0:0:5::')).toBe('2001:db8:0:0::/64');
    expect(addressHolder('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(addressHolder('64:ff9b::192.0.2.7')).toBe('64:ff9b:0:0::/64');
  });
});

describe('SeenIds', () => {
  test('an id of the peer is new once, in whatever order they come', () => {
    const seen = new SeenIds(0);
    expect([8, 0, 8, 4, 0, 12, 4].map((id) => seen.isNew(id))).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  test('ids of other kinds are never new', () => {
    const seen = new SeenIds(1);
    expect([0, 2, 3, 4].some((id) => seen.isNew(id))).toBe(false);
    expect(seen.isNew(1)).toBe(true);
  });
});

describe('closeReason', () => {
  const said = (isApp: boolean, errorCode: number, reason = ''): NativeClose => ({
    isApp,
    errorCode,
    reason: Buffer.from(reason),
  });
  const end = { peer: null, local: null, timedOut: false, opened: true };

  test('an application close of the peer is remote, with its text', () => {
    expect(closeReason({ ...end, peer: said(true, 6, 'slow') }, false)).toEqual({
      tag: 'remote',
      code: 6,
      reason: 'slow',
    });
  });

  test('a TLS alert is a failed handshake, also on a link that was open', () => {
    for (const opened of [true, false]) {
      expect(closeReason({ ...end, opened, peer: said(false, 298) }, false)).toMatchObject({
        tag: 'handshake_failed',
        code: 298,
        by: 'remote',
      });
      expect(closeReason({ ...end, opened, local: said(false, 376) }, true)).toMatchObject({
        tag: 'handshake_failed',
        code: 376,
        by: 'local',
      });
    }
  });

  test('any other transport error is one, or a failed handshake before the link was open', () => {
    expect(closeReason({ ...end, peer: said(false, 10) }, false)?.tag).toBe('transport_error');
    expect(closeReason({ ...end, local: said(false, 10) }, false)?.tag).toBe('transport_error');
    expect(closeReason({ ...end, opened: false, peer: said(false, 12) }, false)).toMatchObject({
      tag: 'handshake_failed',
      code: 12,
    });
  });

  test('silence is idle_timeout when open and handshake_timeout before', () => {
    expect(closeReason({ ...end, timedOut: true }, true)).toEqual({ tag: 'idle_timeout' });
    expect(closeReason({ ...end, timedOut: true, opened: false }, true)).toEqual({
      tag: 'handshake_timeout',
    });
  });

  test('without any of it the connection goes on until quiche has closed it', () => {
    expect(closeReason(end, false)).toBeUndefined();
    expect(closeReason(end, true)?.tag).toBe('transport_error');
  });

  test('the text of the peer is cut, whatever it is', () => {
    const reason = closeReason({ ...end, peer: said(true, 1, 'x'.repeat(5_000)) }, false);
    expect(reason).toMatchObject({ reason: 'x'.repeat(256) });
  });
});

describe('nativeFailure', () => {
  test('reads the names quiche gives', () => {
    const read = (text: string): unknown => nativeFailure(new Error(text));
    expect(read('StreamStopped(7)')).toEqual({ tag: 'stream_stopped', code: 7 });
    expect(read('StreamReset(9)')).toEqual({ tag: 'stream_reset', code: 9 });
    expect(read('InvalidStreamState(4)')).toEqual({ tag: 'stream_gone' });
    expect(read('StreamLimit')).toEqual({ tag: 'stream_limit' });
    expect(read('FinalSize')).toEqual({ tag: 'other', name: 'FinalSize' });
    expect(nativeFailure('text')).toEqual({ tag: 'other', name: 'text' });
  });
});

describe('addressClass', () => {
  test('knows loopback, private and public addresses', () => {
    const classes = {
      '127.0.0.1': 'loopback',
      '127.8.9.1': 'loopback',
      '::1': 'loopback',
      '10.0.0.1': 'private',
      '172.16.0.1': 'private',
      '172.31.255.255': 'private',
      '172.32.0.1': 'public',
      '192.168.3.4': 'private',
      '100.64.0.1': 'private',
      '169.254.1.1': 'private',
      'fd12::1': 'private',
      'fe80::1%eth0': 'private',
      '192.0.2.1': 'public',
      '2001:db8::1': 'public',
      '0.0.0.0': 'public',
    };
    for (const [host, kind] of Object.entries(classes))
      expect([host, addressClass(host)]).toEqual([host, kind]);
  });

  test('knows the family of numeric addresses only', () => {
    expect(['1.2.3.4', '::', 'host', '', '1.2.3', '[::1]'].map(addressFamily)).toEqual([
      4,
      6,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('limitsFor', () => {
  test('loopback listeners notice a dead peer sooner', () => {
    expect(limitsFor({ host: '127.0.0.1', port: 0 })).toMatchObject({
      idleTimeout: 10_000,
      keepAlive: 3_000,
    });
    expect(limitsFor({ host: '0.0.0.0', port: 0 })).toMatchObject({ idleTimeout: 30_000, keepAlive: 10_000 });
  });

  test('the default keep-alive follows a short idle timeout', () => {
    expect(limitsFor({ host: '127.0.0.1', port: 0 }, { idleTimeout: 900 }).keepAlive).toBe(300);
  });
});
