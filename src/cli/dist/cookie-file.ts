/**
 * Cookies from files, as Erlang takes them: readable by their owner only, one line of printable ASCII.
 *
 * Blanks and line ends behind it are left out as Erlang leaves them out, so both ends mean the same. What is wrong exits with 2. A
 * cookie is never shown. Source: Erlang/OTP `auth`.
 */
import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Option } from 'commander';
import { usageError } from '../error-document.ts';

/** Bytes of a file that is read. */
const LONGEST = 4_096;
/** Characters, as of any atom. */
const COOKIE = 255;
/** Bits of others in a file's mode. */
const OTHERS = 0o077;

const FIELD = 'cookie-file';

export const cookieFileOption = (what: string): Option =>
  new Option('--cookie-file <file>', what).env('ESPALIER_COOKIE_FILE');

/** The one that Erlang nodes of this user have. */
export const erlangCookieFile = (): string => join(homedir(), '.erlang.cookie');

/** @throws RpcError `invalid_args`. */
export function readCookie(file: string): string {
  const text = contentOf(file);
  // blanks before a line end are part of it, in Erlang too
  const cookie = /^([ -~]*)[\n\r ]*$/.exec(text)?.[1];
  if (cookie === undefined) throw usageError(FIELD, `${file} must hold one line of printable ASCII`);
  if (cookie === '') throw usageError(FIELD, `${file} holds no cookie`);
  if (cookie.length > COOKIE) throw usageError(FIELD, `${file} holds more than ${COOKIE} characters`);
  return cookie;
}

function contentOf(file: string): string {
  let opened: number;
  try {
    opened = openSync(file, 'r');
  } catch (cause) {
    throw usageError(FIELD, `${file} cannot be read: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    });
  }
  try {
    const stats = fstatSync(opened);
    const detail = wrongFile(stats, process.platform);
    if (detail !== undefined) throw usageError(FIELD, `${file} ${detail}`);
    return readFileSync(opened, 'latin1');
  } finally {
    closeSync(opened);
  }
}

/** Undefined: it may hold a cookie. */
export function wrongFile(
  stats: Pick<Stats, 'isFile' | 'mode' | 'size'>,
  platform: NodeJS.Platform,
): string | undefined {
  if (!stats.isFile()) return 'must be a file';
  // Windows has no such bits
  if (platform !== 'win32' && (stats.mode & OTHERS) !== 0)
    return 'must be accessible by its owner only (chmod 400)';
  return stats.size > LONGEST ? 'is too long for a cookie' : undefined;
}
