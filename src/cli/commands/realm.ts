/**
 * `espalier realm`: makes the key of a closed realm, and certifies its members. Needs no network.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { systemClock } from '../../actor/clock.ts';
import { systemRandom } from '../../actor/random.ts';
import { issueMembership } from '../../identity/realm.ts';
import {
  createMembershipFile,
  createRealmFile,
  createRealmKey,
  readRealmKey,
  realmPublicKey,
} from '../../identity/realm-file.ts';
import { DEFAULT_REALM, isRealm } from '../../mesh/url.ts';
import { conclude } from '../conclude.ts';
import { usageError } from '../error-document.ts';
import { ExitCode } from '../exit-code.ts';
import { documentText } from '../json-value.ts';
import { jsonOption, nodeId } from '../options.ts';
import { print } from '../terminal.ts';

const DAY = 86_400_000;
/** Days a membership lasts: short enough that one lost ends by itself, long enough to be renewed by hand. */
const DAYS = 90;
/** Ten years, as the certificates of nodes. */
const MOST_DAYS = 3_652;
/** Milliseconds it is dated back, so that a peer whose clock is slow accepts it. */
const BACKDATED = 3_600_000;

export interface InitFlags {
  readonly out: string;
  readonly json?: boolean;
}

export interface IssueFlags {
  readonly realm: string;
  readonly node: string;
  readonly days: number;
  readonly out: string;
  readonly json?: boolean;
}

export function addRealm(program: Command): void {
  const realm = program.command('realm').description('make a closed realm and certify its members');
  realm
    .command('init')
    .description('make the key of a realm: realm.key, to be kept, and realm.pub, for every member')
    .argument('<name>', 'of the realm, as io.macula')
    .addOption(new Option('--out <dir>', 'where to put the files; it must exist').default('.'))
    .addOption(jsonOption('print one document'))
    .action((name: string, flags: InitFlags) =>
      conclude(flags.json === true, () => Promise.resolve().then(() => init(name, flags))),
    );
  realm
    .command('issue')
    .description('certify that a node is a member')
    .addOption(new Option('--realm <file>', 'realm.key, as realm init wrote it').makeOptionMandatory())
    .addOption(new Option('--node <id>', 'of the member').argParser(nodeId).makeOptionMandatory())
    .addOption(new Option('--days <n>', 'how long it counts').argParser(days).default(DAYS))
    .addOption(new Option('--out <file>', 'a new file, for --membership').makeOptionMandatory())
    .addOption(jsonOption('print one document'))
    .action((flags: IssueFlags) =>
      conclude(flags.json === true, () => Promise.resolve().then(() => issue(flags))),
    );
}

export function init(name: string, { out, json }: InitFlags): ExitCode {
  if (!isRealm(name) || name === DEFAULT_REALM)
    throw usageError('name', 'must be 1 to 255 bytes, and not the open realm');
  const files = { key: join(out, 'realm.key'), publicKey: join(out, 'realm.pub') };
  // before the key is made: a realm of which half is written cannot be made again
  if (existsSync(files.publicKey)) throw exists(files.publicKey);
  const key = createRealmKey(files.key, name, systemRandom);
  if (key === undefined) throw exists(files.key);
  if (!createRealmFile(files.publicKey, key, systemRandom)) throw exists(files.publicKey);
  const fingerprint = Buffer.from(realmPublicKey(key)).toString('hex').slice(-64);
  print(
    json === true
      ? documentText({ ok: true, realm: name, key: files.key, publicKey: files.publicKey, fingerprint })
      : `realm ${name}: keep ${files.key} secret, give ${files.publicKey} to every member`,
  );
  return ExitCode.ok;
}

export function issue({ realm: file, node, days: count, out, json }: IssueFlags): ExitCode {
  const { realm, privateKey } = readRealmKey(file);
  const now = systemClock.wall();
  const validFrom = Math.round(now) - BACKDATED;
  const validTo = Math.round(now) + count * DAY;
  const certificate = issueMembership(
    { realm, nodeId: Buffer.from(node, 'hex'), validFrom, validTo },
    privateKey,
  );
  if (!createMembershipFile(out, certificate, systemRandom)) throw exists(out);
  print(
    json === true
      ? documentText({ ok: true, realm, node, validFrom, validTo, membership: out })
      : `${out}: node ${node} is a member of ${realm} for ${count} days`,
  );
  return ExitCode.ok;
}

/** A key that is overwritten locks a whole realm out; a membership is cheap, but may be the wrong file. */
const exists = (file: string): Error => usageError('out', `${file} exists already; it is never overwritten`);

function days(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < 1 || value > MOST_DAYS)
    throw new InvalidArgumentError(`It must be whole days from 1 to ${MOST_DAYS}.`);
  return value;
}
