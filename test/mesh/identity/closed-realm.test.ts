import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { createKey, spkiOf } from '../../../src/identity/identity.ts';
import { issueMembership } from '../../../src/identity/realm.ts';
import { createMembershipFile, createRealmFile, createRealmKey } from '../../../src/identity/realm-file.ts';
import {
  checkMembership,
  ClosedRealm,
  closedRealm,
  judgeProof,
} from '../../../src/mesh/identity/closed-realm.ts';
import { RpcError } from '../../../src/mesh/errors/rpc-error.ts';

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;
const random = seededRandom('closed');
const key = createKey(random);
const nodeId = new Uint8Array(32).fill(1);

const issued = (from: number, days: number, over: object = {}): Uint8Array =>
  issueMembership({ realm: 'r', nodeId, validFrom: from, validTo: from + days * DAY, ...over }, key);

let directory: string;
const at = (name: string): string => join(directory, name);
const hold = (certificate: Uint8Array): void => {
  rmSync(at('membership'), { force: true });
  createMembershipFile(at('membership'), certificate, random);
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'espalier-closed-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('what we show', () => {
  test('is read again from the file when two thirds of its time are over, at most once a minute', () => {
    const first = issued(NOW, 30);
    const second = issued(NOW, 60);
    const third = issued(NOW, 90);
    hold(first);
    const closed = new ClosedRealm('r', spkiOf(key), { file: at('membership') });
    hold(second);
    expect(closed.proof(NOW + 20 * DAY)).toEqual(first);
    hold(issued(NOW - 60 * DAY, 30));
    expect(closed.proof(NOW + 20 * DAY + 1)).toEqual(first);
    hold(second);
    expect(closed.proof(NOW + 20 * DAY + 60_000)).toEqual(first);
    expect(closed.proof(NOW + 20 * DAY + 60_001)).toEqual(second);
    // its own two thirds are not over
    hold(third);
    expect(closed.proof(NOW + 30 * DAY)).toEqual(second);
    expect(closed.proof(NOW + 41 * DAY)).toEqual(third);
  });

  test('stays what it was when the file is gone, half written, of another node, or good for less', () => {
    const first = issued(NOW, 30);
    hold(first);
    const closed = new ClosedRealm('r', spkiOf(key), { file: at('membership') });
    let now = NOW + 25 * DAY;
    const shown = (): Uint8Array => closed.proof((now += 61_000));
    rmSync(at('membership'));
    expect(shown()).toEqual(first);
    writeFileSync(at('membership'), '-----BEGIN ESPALIER MEM');
    expect(shown()).toEqual(first);
    for (const other of [
      issued(NOW, 60, { nodeId: new Uint8Array(32) }),
      issued(NOW, 60, { realm: 'q' }),
      issued(NOW, 29),
    ]) {
      hold(other);
      expect(shown()).toEqual(first);
    }
    hold(issued(NOW, 31));
    expect(shown()).toEqual(issued(NOW, 31));
  });
});

describe('what others show', () => {
  test('counts until its end and the tolerance of clocks; an open realm asks for nothing', () => {
    const closed = new ClosedRealm('r', spkiOf(key), issued(NOW, 1));
    const peer = new Uint8Array(32).fill(2);
    const proof = issued(NOW, 5, { nodeId: peer });
    expect(judgeProof(closed, proof, peer, NOW)).toEqual({ tag: 'member', until: NOW + 5 * DAY + 60_000 });
    expect(judgeProof(closed, proof, nodeId, NOW)).toMatchObject({ tag: 'refused' });
    expect(judgeProof(undefined, undefined, peer, NOW)).toEqual({ tag: 'member', until: Infinity });
  });
});

describe('the options', () => {
  const failureOf = (make: () => unknown): unknown => {
    try {
      return make();
    } catch (error) {
      return error instanceof RpcError ? error.failure : error;
    }
  };

  test('make an open realm when neither is given, and need each other', () => {
    expect(closedRealm('r', {})).toBe(undefined);
    expect(failureOf(() => closedRealm('r', { realmKey: spkiOf(key) }))).toMatchObject({
      field: 'membership',
    });
    expect(failureOf(() => closedRealm('r', { membership: issued(NOW, 1) }))).toMatchObject({
      field: 'realmKey',
    });
  });

  test('refuse a key that is none, and a file of another realm', () => {
    const membership = issued(NOW, 1);
    expect(failureOf(() => closedRealm('r', { realmKey: new Uint8Array(44), membership }))).toMatchObject({
      field: 'realmKey',
    });
    const made = createRealmKey(at('realm.key'), 'r', random) ?? expect.fail();
    createRealmFile(at('realm.pub'), made, random);
    const realmKey = { file: at('realm.pub') };
    expect(failureOf(() => closedRealm('q', { realmKey, membership }))).toMatchObject({ field: 'realm' });
    expect(closedRealm('r', { realmKey, membership })).toBeInstanceOf(ClosedRealm);
  });

  test('refuse to begin with a membership that every peer would refuse', () => {
    const closed = closedRealm('r', { realmKey: spkiOf(key), membership: issued(NOW, 1) });
    expect(failureOf(() => checkMembership(closed, nodeId, NOW))).toBe(undefined);
    for (const [id, now] of [
      [nodeId, NOW + 2 * DAY],
      [nodeId, NOW - DAY],
      [new Uint8Array(32), NOW],
    ] as const)
      expect(failureOf(() => checkMembership(closed, id, now))).toMatchObject({
        tag: 'invalid_args',
        field: 'membership',
      });
  });
});
