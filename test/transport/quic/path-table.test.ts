import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../../src/actor/random.ts';
import { PROBE_SIZE } from '../../../src/transport/quic/path-proof.ts';
import {
  AMPLIFICATION,
  ASK_AGAIN,
  PathTable,
  SILENCE,
  STRANGERS,
  STRANGERS_WINDOW,
  virtualAddress,
} from '../../../src/transport/quic/path-table.ts';

const HOME = { host: '192.0.2.1', port: 1_000 };
const AWAY = { host: '192.0.2.1', port: 2_000 };
const LATE = SILENCE + 1;

/** A genuine packet of 100 bytes from a source. */
const genuine = (table: PathTable, from: typeof HOME, now: number): boolean =>
  table.arrived(from.host, from.port, 100, now) || table.genuine(from.host, from.port, 100, now, 1, ++all);

/** Genuine packets, in all. */
let all = 0;

describe('PathTable', () => {
  test('sends to the address that was proven, without limit', () => {
    const table = new PathTable(HOME, 0);
    expect([table.address, table.allowance]).toEqual([HOME, Infinity]);
    expect(table.paths).toEqual([{ kind: 'direct', address: HOME, active: true }]);
  });

  test('a genuine packet from elsewhere changes nothing while the proven path speaks', () => {
    const table = new PathTable(HOME, 0);
    for (let now = 0; now < 10_000; now += SILENCE - 1) {
      expect(table.arrived(HOME.host, HOME.port, 50, now)).toBe(true);
      all++;
      expect(genuine(table, AWAY, now + SILENCE - 2)).toBe(false);
    }
    expect(table.address).toEqual(HOME);
  });

  test('forged datagrams from there do not make it speak: only genuine packets do', () => {
    const table = new PathTable(HOME, 0);
    let moved: number | undefined;
    for (let now = 0; now < 1_000 && moved === undefined; now += 20) {
      table.arrived(HOME.host, HOME.port, 50, now);
      if (table.genuine(AWAY.host, AWAY.port, 100, now, 1, ++all)) moved = now;
    }
    expect(moved).toBe(SILENCE);
  });

  test('a question is expected from where packets go only, an answer from where one was asked', () => {
    const table = new PathTable(HOME, 0);
    expect([table.isActive(HOME.host, HOME.port), table.isActive(AWAY.host, AWAY.port)]).toEqual([
      true,
      false,
    ]);
    expect(table.awaits(HOME.host, HOME.port)).toBe(false);
    genuine(table, AWAY, LATE);
    table.question(LATE, seededRandom('nonces'));
    expect([table.awaits(AWAY.host, AWAY.port), table.awaits(HOME.host, HOME.port)]).toEqual([true, false]);
  });

  test('after a silence it becomes the active path, for three times the bytes it brought', () => {
    const table = new PathTable(HOME, 0);
    expect(genuine(table, AWAY, LATE)).toBe(true);
    expect([table.address, table.allowance]).toEqual([AWAY, AMPLIFICATION * 100]);
    table.sent(250);
    expect(table.allowance).toBe(50);
    table.arrived(AWAY.host, AWAY.port, 40, LATE + 1);
    expect(table.allowance).toBe(50 + AMPLIFICATION * 40);
  });

  test('the first datagram of the proven path takes the link back', () => {
    const table = new PathTable(HOME, 0);
    genuine(table, AWAY, LATE);
    expect(table.arrived(HOME.host, HOME.port, 1, LATE + 1)).toBe(true);
    expect([table.address, table.allowance]).toEqual([HOME, Infinity]);
  });

  test('a known unproven path is no way in without a genuine packet', () => {
    const table = new PathTable(HOME, 0);
    genuine(table, AWAY, 0);
    expect(table.arrived(AWAY.host, AWAY.port, 100, LATE)).toBe(false);
    expect(table.address).toEqual(HOME);
    expect(genuine(table, AWAY, LATE)).toBe(true);
  });

  test('remembers six paths and forgets the one silent longest, proven ones last and the active one never', () => {
    const table = new PathTable(HOME, 0);
    for (let port = 1; port <= 20; port++) genuine(table, { host: HOME.host, port }, LATE + port);
    expect(table.paths).toHaveLength(6);
    const ports = table.paths.map(({ address }) => address.port);
    expect(ports).toContain(HOME.port);
    expect(table.paths.filter(({ active }) => active)).toHaveLength(1);
    expect(ports).toContain(20);
  });

  test('an active path that is not proven is asked, again and again with the same nonce; the proven one never', () => {
    const random = seededRandom('nonces');
    const table = new PathTable(HOME, 0);
    expect(table.question(0, random)).toBeUndefined();
    genuine(table, AWAY, LATE);
    const nonce = table.question(LATE, random);
    expect(nonce).toHaveLength(8);
    expect(table.question(LATE + ASK_AGAIN - 1, random)).toBeUndefined();
    expect(table.question(LATE + ASK_AGAIN, random)).toEqual(nonce);
    table.sent(table.allowance - PROBE_SIZE + 1);
    expect(table.question(LATE + 2 * ASK_AGAIN, random)).toBeUndefined();
  });

  test('its answer proves it: no limit any more, and what was proven before does not take the link back', () => {
    const table = new PathTable(HOME, 0);
    genuine(table, AWAY, LATE);
    const nonce = table.question(LATE, seededRandom('nonces')) ?? expect.fail('not asked');
    expect(table.answered(AWAY.host, AWAY.port, nonce)).toBe(true);
    expect([table.proven, table.allowance]).toEqual([true, Infinity]);
    expect(table.arrived(HOME.host, HOME.port, 1, LATE + 1)).toBe(false);
    expect(table.address).toEqual(AWAY);
    expect(genuine(table, HOME, LATE + SILENCE)).toBe(true);
  });

  test('an answer from elsewhere, with another nonce or a second time proves nothing', () => {
    const table = new PathTable(HOME, 0);
    genuine(table, AWAY, LATE);
    const nonce = table.question(LATE, seededRandom('nonces')) ?? expect.fail('not asked');
    expect(table.answered(HOME.host, HOME.port, nonce)).toBe(false);
    expect(table.answered(AWAY.host, 3_000, nonce)).toBe(false);
    expect(table.answered(AWAY.host, AWAY.port, new Uint8Array(8))).toBe(false);
    expect(table.proven).toBe(false);
    expect(table.answered(AWAY.host, AWAY.port, nonce)).toBe(true);
    expect(table.answered(AWAY.host, AWAY.port, nonce)).toBe(false);
  });

  test('looks at so many datagrams of strangers per window and no more', () => {
    const table = new PathTable(HOME, 0);
    for (let count = 0; count < STRANGERS; count++) expect(table.stranger(10)).toBe(true);
    expect(table.stranger(10 + STRANGERS_WINDOW - 1)).toBe(false);
    expect(table.stranger(10 + STRANGERS_WINDOW)).toBe(true);
  });
});

describe('virtualAddress', () => {
  test('is another address for each link', () => {
    const hosts = [1, 2, 0xffff, 0x1_0000, 0x1_0001, 0xffff_ffff].map((id) => virtualAddress(id).host);
    expect(new Set(hosts).size).toBe(6);
    expect(hosts[3]).toBe('fd00::1:1:0');
  });
});
