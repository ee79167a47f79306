/**
 * The token of an inspector in a file of its own: one that others can read is refused.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { usageError } from '../error-document.ts';

/** Bytes of a file that is read. */
const LONGEST = 4_096;

/** Throws `RpcError` `invalid_args` of the option that names the file. */
export function tokenIn(file: string, option: string): string {
  let opened: number;
  try {
    opened = openSync(file, 'r');
  } catch (cause) {
    throw usageError(option, `${file} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? ''}`, {
      cause,
    });
  }
  try {
    const stats = fstatSync(opened);
    if (!stats.isFile() || stats.size > LONGEST) throw usageError(option, `${file} holds no token`);
    // Windows has no such bits
    if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0)
      throw usageError(option, `${file} must be accessible by its owner only (chmod 600)`);
    return readFileSync(opened, 'utf8').trim();
  } finally {
    closeSync(opened);
  }
}
