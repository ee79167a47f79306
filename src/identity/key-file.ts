/**
 * A durable identity: the private key in a file that only its owner can read.
 *
 * Shell: synchronous file work at start-up. A missing file is created; anything else that is not one whole
 * key refuses with an error that names the file. There is never a silent new identity (SECURITY §2). The
 * file holds the key alone (PKCS #8 PEM, as `openssl genpkey -algorithm ed25519` writes it); the
 * certificate is made anew at every start.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { Random } from '../actor/random.ts';
import { IdentityError } from './identity-error.ts';
import { createIdentity, identityOf, nodeIdOf, spkiOf, type Identity } from './identity.ts';

/** Longest key file read, bytes; ours has 119. */
const MAX_FILE = 4_096;

/** Read and write for the owner, nothing for others. */
const OWNER_ONLY = 0o600;

/** Permission bits of group and others. */
const OTHERS = 0o077;

/**
 * The identity in `file`, created on first start. `wallMs` (Unix milliseconds) dates the certificate. Of
 * several processes that create it at once one wins, and all return its identity. Throws `IdentityError`.
 */
export function loadIdentity(file: string, random: Random, wallMs: number): Identity {
  const key = readKey(file);
  if (key !== undefined) return identityOf(key, random, wallMs);
  const fresh = createIdentity(random, wallMs);
  if (createFile(file, fileText(fresh.privateKey), random)) return fresh;
  const winner = readKey(file);
  if (winner !== undefined) return identityOf(winner, random, wallMs);
  const failure = { tag: 'unreadable', file, code: 'ENOENT' } as const;
  throw new IdentityError(failure, `Identity file ${file} disappeared while it was being created`);
}

/** The key in the file, or undefined when there is no file. */
function readKey(file: string): KeyObject | undefined {
  const pem = readOwned(file);
  if (pem === undefined) return undefined;
  const damaged = (detail: string, cause?: unknown): IdentityError =>
    new IdentityError(
      { tag: 'damaged', file, detail },
      `Identity file ${file} is damaged: ${detail}. Restore it from a backup, or remove it to get a new identity.`,
      { cause },
    );
  if (pem.trim() === '') throw damaged('it is empty');
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem' });
  } catch (cause) {
    throw damaged('it does not hold a private key', cause);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw damaged('its key is not Ed25519');
  // every byte counts: one flipped bit may still be a key, but another node's
  const text = pem.replaceAll('\r\n', '\n').trim();
  if (text !== fileText(key).trim() && text !== pemOf(key).trim())
    throw damaged('it is not one private key with the node id it was made for');
  return key;
}

/** The text of the file, after its owner and size were checked on the open descriptor. */
function readOwned(file: string): string | undefined {
  let descriptor: number;
  try {
    // a named pipe must not hold us up until somebody writes into it
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw unreadable(file, cause);
  }
  try {
    const found = fstatSync(descriptor);
    const { mode, size } = found;
    if (!found.isFile()) {
      throw new IdentityError(
        { tag: 'unreadable', file, code: found.isDirectory() ? 'EISDIR' : 'ENOTFILE' },
        `Identity file ${file} cannot be read: it is not a regular file`,
      );
    }
    // Windows has no such bits.
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      const bits = (mode & 0o777).toString(8).padStart(4, '0');
      throw new IdentityError(
        { tag: 'exposed', file, mode: bits },
        `Identity file ${file} has mode ${bits}: others can use the key. Run: chmod 600 ${file}`,
      );
    }
    if (size > MAX_FILE) {
      const detail = `it is longer than ${MAX_FILE} bytes`;
      throw new IdentityError(
        { tag: 'damaged', file, detail },
        `Identity file ${file} is damaged: ${detail}`,
      );
    }
    return readFileSync(descriptor, 'utf8');
  } catch (cause) {
    throw cause instanceof IdentityError ? cause : unreadable(file, cause);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes a temporary file, and gives it its name only when it is whole and on disk. False when the name is
 * taken meanwhile: that file stays.
 */
function createFile(file: string, text: string, random: Random): boolean {
  const suffix = Buffer.from(random.bytes(8)).toString('hex');
  const temporary = join(dirname(file), `.${basename(file)}.${suffix}`);
  try {
    const descriptor = openSync(temporary, 'wx', OWNER_ONLY);
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    try {
      const created = giveName(temporary, file);
      syncDirectory(dirname(file));
      return created;
    } finally {
      removeIfThere(temporary);
    }
  } catch (cause) {
    const code = codeOf(cause);
    throw new IdentityError(
      { tag: 'unwritable', file, code },
      `Identity file ${file} cannot be created: ${code}`,
      { cause },
    );
  }
}

/** A hard link is a rename that never replaces. File systems without links get the rename, and a window. */
function giveName(temporary: string, file: string): boolean {
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
  }
  if (statSync(file, { throwIfNoEntry: false }) !== undefined) return false;
  renameSync(temporary, file);
  return true;
}

function syncDirectory(directory: string): void {
  // Windows cannot open a directory.
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removeIfThere(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** The key and, as a checksum, the id that comes from it. A key alone, as other tools write it, is accepted too. */
const fileText = (key: KeyObject): string =>
  `${pemOf(key)}node id ${Buffer.from(nodeIdOf(spkiOf(key))).toString('hex')}\n`;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

const unreadable = (file: string, cause: unknown): IdentityError =>
  new IdentityError(
    { tag: 'unreadable', file, code: codeOf(cause) },
    `Identity file ${file} cannot be read: ${codeOf(cause)}`,
    { cause },
  );
