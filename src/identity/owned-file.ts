/**
 * Files that hold a key or a certificate: read only when they are whole and nobody else's business, created whole and
 * never in the place of another.
 *
 * Shell: synchronous file work. Throws `IdentityError`, which names the file.
 */
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

/** What a file is to us. */
export interface FileKind {
  /** As it begins a sentence: `Identity file`. */
  readonly what: string;
  /** Permission bits of a new one. */
  readonly mode: number;
  /** Bits that make one unusable. */
  readonly forbidden: number;
  /** What others could do with those, and how to take them away. */
  readonly danger: string;
  readonly cure: string;
}

/** A private key: read and write for the owner, nothing for others. */
export const secretFile = (what: string): FileKind => ({
  what,
  mode: 0o600,
  forbidden: 0o077,
  danger: 'others can use the key',
  cure: 'chmod 600',
});

/** What everybody may know, but only the owner may change. */
export const publicFile = (what: string): FileKind => ({
  what,
  mode: 0o644,
  forbidden: 0o022,
  danger: 'others can change it',
  cure: 'chmod go-w',
});

/** Longest file read, bytes; ours have less than 1,000. */
const MAX_FILE = 4_096;

/** The text of the file, after its mode and size were checked on the open descriptor; undefined when there is none. */
export function readOwned(file: string, kind: FileKind): string | undefined {
  let descriptor: number;
  try {
    // a named pipe must not hold us up until somebody writes into it
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw unreadable(file, kind, cause);
  }
  try {
    const found = fstatSync(descriptor);
    const { mode, size } = found;
    if (!found.isFile()) {
      throw new IdentityError(
        { tag: 'unreadable', file, code: found.isDirectory() ? 'EISDIR' : 'ENOTFILE' },
        `${kind.what} ${file} cannot be read: it is not a regular file`,
      );
    }
    // Windows has no such bits.
    if (process.platform !== 'win32' && (mode & kind.forbidden) !== 0) {
      const bits = (mode & 0o777).toString(8).padStart(4, '0');
      throw new IdentityError(
        { tag: 'exposed', file, mode: bits },
        `${kind.what} ${file} has mode ${bits}: ${kind.danger}. Run: ${kind.cure} ${file}`,
      );
    }
    if (size > MAX_FILE) throw damagedFile(file, kind, `it is longer than ${MAX_FILE} bytes`);
    return readFileSync(descriptor, 'utf8');
  } catch (cause) {
    throw cause instanceof IdentityError ? cause : unreadable(file, kind, cause);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes a temporary file, and gives it its name only when it is whole and on disk. False when the name is
 * taken meanwhile: that file stays.
 */
export function createOwned(file: string, kind: FileKind, text: string, random: Random): boolean {
  const suffix = Buffer.from(random.bytes(8)).toString('hex');
  const temporary = join(dirname(file), `.${basename(file)}.${suffix}`);
  try {
    const descriptor = openSync(temporary, 'wx', kind.mode);
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
      `${kind.what} ${file} cannot be created: ${code}`,
      { cause },
    );
  }
}

export const damagedFile = (
  file: string,
  { what }: FileKind,
  detail: string,
  cause?: unknown,
): IdentityError =>
  new IdentityError({ tag: 'damaged', file, detail }, `${what} ${file} is damaged: ${detail}`, { cause });

/** A file that must be there is not. */
export const missingFile = (file: string, { what }: FileKind): IdentityError =>
  new IdentityError({ tag: 'unreadable', file, code: 'ENOENT' }, `${what} ${file} cannot be read: ENOENT`);

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

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

const unreadable = (file: string, { what }: FileKind, cause: unknown): IdentityError =>
  new IdentityError(
    { tag: 'unreadable', file, code: codeOf(cause) },
    `${what} ${file} cannot be read: ${codeOf(cause)}`,
    { cause },
  );
