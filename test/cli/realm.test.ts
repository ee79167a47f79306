import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { init, issue } from '../../src/cli/commands/realm.ts';
import { IdentityError } from '../../src/identity/identity-error.ts';
import { judgeMembership } from '../../src/identity/realm.ts';
import { readMembershipFile, readRealmFile } from '../../src/identity/realm-file.ts';
import { RpcError } from '../../src/mesh/errors/rpc-error.ts';

const NODE = 'ab'.repeat(32);

let directory: string;
let printed: string[];
const at = (name: string): string => join(directory, name);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'espalier-cli-realm-'));
  printed = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

const document = (): unknown => JSON.parse(printed.at(-1) ?? '');

const failureOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error instanceof RpcError || error instanceof IdentityError ? error.failure : error;
  }
  return expect.fail('it succeeded');
};

describe('espalier realm', () => {
  test('init and issue make a member: the certificate holds for that node, realm and time', () => {
    init('io.macula', { out: directory, json: true });
    expect(document()).toMatchObject({
      ok: true,
      realm: 'io.macula',
      key: at('realm.key'),
      publicKey: at('realm.pub'),
    });
    issue({ realm: at('realm.key'), node: NODE, days: 30, out: at('a.membership'), json: true });
    const { bytes, claim } = readMembershipFile(at('a.membership'));
    const nodeId = Buffer.from(NODE, 'hex');
    expect(document()).toEqual({
      ok: true,
      realm: 'io.macula',
      node: NODE,
      validFrom: claim.validFrom,
      validTo: claim.validTo,
      membership: at('a.membership'),
    });
    expect(claim.validTo - claim.validFrom).toBe(30 * 86_400_000 + 3_600_000);
    const { realm, publicKey: realmKey } = readRealmFile(at('realm.pub'));
    const judge = (now: number): string => judgeMembership(bytes, { realm, realmKey, nodeId, now }).tag;
    expect([judge(Date.now()), judge(Date.now() + 31 * 86_400_000)]).toEqual(['member', 'refused']);
  });

  test('people are told what to keep and what to give away', () => {
    init('io.macula', { out: directory });
    expect(printed.join('')).toContain(`keep ${at('realm.key')} secret`);
    issue({ realm: at('realm.key'), node: NODE, days: 1, out: at('m') });
    expect(printed.join('')).toContain(`node ${NODE} is a member of io.macula for 1 days`);
  });

  test('nothing is overwritten, and a realm is made whole or not at all', () => {
    init('io.macula', { out: directory });
    issue({ realm: at('realm.key'), node: NODE, days: 1, out: at('m') });
    const before = readdirSync(directory).map((name) => readFileSync(at(name)));
    for (const again of [
      () => init('io.other', { out: directory }),
      () => issue({ realm: at('realm.key'), node: NODE, days: 2, out: at('m') }),
    ])
      expect(failureOf(again)).toMatchObject({ tag: 'invalid_args', field: 'out' });
    expect(readdirSync(directory).map((name) => readFileSync(at(name)))).toEqual(before);
    rmSync(at('realm.key'));
    expect(failureOf(() => init('io.macula', { out: directory }))).toMatchObject({ field: 'out' });
    expect(readdirSync(directory)).toEqual(['m', 'realm.pub']);
  });

  test('the open realm cannot be closed; a name is 1 to 255 bytes', () => {
    for (const name of ['default', '', 'x'.repeat(256)])
      expect(failureOf(() => init(name, { out: directory }))).toMatchObject({
        tag: 'invalid_args',
        field: 'name',
      });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a key that is missing or exposed certifies nobody', () => {
    expect(failureOf(() => issue({ realm: at('none'), node: NODE, days: 1, out: at('m') }))).toMatchObject({
      tag: 'unreadable',
    });
    init('io.macula', { out: directory });
    chmodSync(at('realm.key'), 0o644);
    expect(
      failureOf(() => issue({ realm: at('realm.key'), node: NODE, days: 1, out: at('m') })),
    ).toMatchObject({
      tag: 'exposed',
    });
    expect(readdirSync(directory)).not.toContain('m');
  });
});
