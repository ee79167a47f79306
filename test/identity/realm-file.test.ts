import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/actor/random.ts';
import { IdentityError, type IdentityFailure } from '../../src/identity/identity-error.ts';
import { issueMembership } from '../../src/identity/realm.ts';
import {
  createMembershipFile,
  createRealmFile,
  createRealmKey,
  readMembershipFile,
  readRealmFile,
  readRealmKey,
  realmPublicKey,
  type RealmKey,
} from '../../src/identity/realm-file.ts';

let directory: string;
const at = (name: string): string => join(directory, name);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'espalier-realm-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const made = (realm = 'io.macula'): RealmKey =>
  createRealmKey(at('realm.key'), realm, systemRandom) ?? expect.fail('it was there');

const claim = { realm: 'io.macula', nodeId: new Uint8Array(32).fill(7), validFrom: 1_000, validTo: 2_000 };

function failure(read: () => unknown): IdentityFailure {
  try {
    read();
  } catch (error) {
    return error instanceof IdentityError ? error.failure : expect.fail(String(error));
  }
  return expect.fail('it was read');
}

describe('the files of a realm', () => {
  test('read back as written: key, public half, membership', () => {
    const name = 'a "quoted" realm\nof two lines, ä';
    const key = made(name);
    expect(readRealmKey(at('realm.key')).realm).toBe(name);
    expect(realmPublicKey(readRealmKey(at('realm.key')))).toEqual(realmPublicKey(key));
    expect(createRealmFile(at('realm.pub'), key, systemRandom)).toBe(true);
    expect(readRealmFile(at('realm.pub'))).toEqual({ realm: name, publicKey: realmPublicKey(key) });
    const bytes = issueMembership(claim, key.privateKey);
    expect(createMembershipFile(at('node.membership'), bytes, systemRandom)).toBe(true);
    expect(readMembershipFile(at('node.membership'))).toEqual({ bytes, claim });
  });

  test('the key is for its owner only, from the start; the others are not secret', () => {
    const before = process.umask(0);
    const key = made();
    createRealmFile(at('realm.pub'), key, systemRandom);
    process.umask(before);
    expect(statSync(at('realm.key')).mode & 0o777).toBe(0o600);
    expect(statSync(at('realm.pub')).mode & 0o777).toBe(0o644);
  });

  test('a file that is there is never replaced', () => {
    const key = made();
    const text = readFileSync(at('realm.key'));
    expect(createRealmKey(at('realm.key'), 'another', systemRandom)).toBe(undefined);
    expect(createRealmFile(at('realm.key'), key, systemRandom)).toBe(false);
    expect(createMembershipFile(at('realm.key'), new Uint8Array(200), systemRandom)).toBe(false);
    expect(readFileSync(at('realm.key'))).toEqual(text);
  });

  test('a key that others can read, and a public key that others can write, are refused', () => {
    createRealmFile(at('realm.pub'), made(), systemRandom);
    for (const mode of [0o640, 0o604, 0o660]) {
      chmodSync(at('realm.key'), mode);
      expect(failure(() => readRealmKey(at('realm.key')))).toMatchObject({ tag: 'exposed' });
    }
    for (const mode of [0o664, 0o646]) {
      chmodSync(at('realm.pub'), mode);
      expect(failure(() => readRealmFile(at('realm.pub')))).toMatchObject({ tag: 'exposed' });
    }
  });

  test('a missing file, another kind of file and an empty one are refused by name', () => {
    expect(failure(() => readRealmKey(at('none')))).toEqual({
      tag: 'unreadable',
      file: at('none'),
      code: 'ENOENT',
    });
    createRealmFile(at('realm.pub'), made(), systemRandom);
    expect(failure(() => readMembershipFile(at('realm.pub'))).tag).toBe('damaged');
    chmodSync(at('realm.pub'), 0o600);
    expect(failure(() => readRealmKey(at('realm.pub'))).tag).toBe('damaged');
    expect(failure(() => readRealmFile(at('realm.key'))).tag).toBe('damaged');
    writeFileSync(at('empty'), '', { mode: 0o600 });
    for (const read of [readRealmKey, readRealmFile, readMembershipFile])
      expect(failure(() => read(at('empty'))).tag).toBe('damaged');
  });

  test('a bit flipped anywhere is noticed in the key and its public half', () => {
    const key = made();
    createRealmFile(at('realm.pub'), key, systemRandom);
    for (const [name, read] of [
      ['realm.key', () => readRealmKey(at('realm.key')).realm],
      ['realm.pub', () => readRealmFile(at('realm.pub')).realm],
    ] as const) {
      const whole = readFileSync(at(name));
      for (let index = 0; index < whole.length; index++) {
        const flipped = Buffer.from(whole);
        flipped[index] = (flipped[index] ?? 0) ^ 1;
        writeFileSync(at(name), flipped);
        let seen: string;
        try {
          seen = read();
        } catch (error) {
          seen = error instanceof IdentityError ? 'io.macula' : expect.fail(String(error));
        }
        expect(seen).toBe('io.macula');
      }
    }
  });
});
