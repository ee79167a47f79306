/**
 * Descriptor files: how `espalier inspect` finds the inspectors of this user on this machine (INSPECTOR §4).
 *
 * One file for each inspector, `$XDG_RUNTIME_DIR/espalier/<pid>.json`, or `<tmp>/espalier-<uid>/<pid>.json` where there
 * is no such directory of our own; `<pid>-1.json` and so on for further ones of one process. It holds the token of that
 * inspector (SECURITY §11), so the directory has mode 0700 and the file 0600, and what others own, can read or have made
 * a link of is never read, written or removed.
 *
 * Shell: synchronous file work. Throws nothing: what goes wrong is told, or skipped.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import type { Random } from '../actor/random.ts';
import { readDescriptor, type Descriptor } from './descriptor-text.ts';

export type { Descriptor } from './descriptor-text.ts';

export interface FoundDescriptor extends Descriptor {
  readonly file: string;
}

export type Written =
  { readonly ok: true; readonly file: string } | { readonly ok: false; readonly detail: string };

/** Where descriptors may be. */
export interface Place {
  /** `XDG_RUNTIME_DIR`. */
  readonly runtime?: string;
  readonly temporary: string;
  /** Undefined where users have no number: no mode or owner is checked then. */
  readonly uid?: number;
}

/** Inspectors one process may announce. */
const PER_PROCESS = 8;
/** Names read of one directory: far more than anybody has of runtimes. */
const MAX_NAMES = 1_024;
/** Longest descriptor read, bytes; ours have about 250. */
const MAX_FILE = 4_096;
/** For clocks that were set meanwhile, milliseconds. */
const SLACK = 1_000;
/** Bits of others in a mode. */
const OTHERS = 0o077;
const NAME = /^([1-9][0-9]{0,9})(?:-[1-7])?\.json(\.[0-9a-f]{16})?$/;

export function usualPlace(): Place {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const uid = process.getuid?.();
  return {
    temporary: tmpdir(),
    ...(runtime === undefined || !isAbsolute(runtime) ? {} : { runtime }),
    ...(uid === undefined ? {} : { uid }),
  };
}

/** Writes the descriptor of this process. The file appears whole, or not at all. */
export function writeDescriptor(
  descriptor: Descriptor,
  random: Random,
  place: Place = usualPlace(),
): Written {
  let detail = 'there is no directory for it';
  for (const { directory, parent } of directoriesOf(place)) {
    try {
      const wrong = wrongParent(parent, place) ?? makeDirectory(directory, place);
      if (wrong === undefined) return writeIn(directory, descriptor, random, place);
      detail = wrong;
    } catch (error) {
      detail = error instanceof Error ? error.message : String(error);
    }
  }
  return { ok: false, detail };
}

/** @param file as `writeDescriptor` returned it. */
export function removeDescriptor(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // gone already, or nothing that can be done about it
  }
}

/** Those of living processes of this user, the newest first. Files of ours whose process is gone are removed. */
export function findDescriptors(place: Place = usualPlace()): readonly FoundDescriptor[] {
  const found: FoundDescriptor[] = [];
  for (const { directory, parent } of directoriesOf(place)) {
    if (wrongParent(parent, place) !== undefined || wrongDirectory(directory, place) !== undefined) continue;
    for (const name of namesIn(directory)) {
      const match = NAME.exec(name);
      if (match === null) continue;
      const file = join(directory, name);
      const text = readOurs(file, place);
      if (text === undefined) continue;
      const pid = Number(match[1]);
      const life = lifeOf(pid);
      if (life === 'gone') removeDescriptor(file);
      // half written, or the number now belongs to a process of somebody else
      if (life !== 'alive' || match[2] !== undefined) continue;
      const descriptor = readDescriptor(text);
      if (descriptor?.pid === pid) found.push({ ...descriptor, file });
    }
  }
  return found.sort((one, other) => other.startedAt - one.startedAt);
}

function directoriesOf({ runtime, temporary, uid }: Place): readonly { directory: string; parent: string }[] {
  const fallback = {
    directory: join(temporary, uid === undefined ? 'espalier' : `espalier-${uid}`),
    parent: temporary,
  };
  return runtime === undefined
    ? [fallback]
    : [{ directory: join(runtime, 'espalier'), parent: runtime }, fallback];
}

/** Who may rename in the parent could put a directory of his own in the place of ours. */
function wrongParent(parent: string, { runtime, uid }: Place): string | undefined {
  if (uid === undefined) return undefined;
  const stats = statSync(parent, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory()) return `${parent} is no directory`;
  // the specification of XDG_RUNTIME_DIR asks for this; it may also be left over from before `su`
  if (parent === runtime) {
    return stats.uid === uid && (stats.mode & OTHERS) === 0 ? undefined : `${parent} is not ours alone`;
  }
  const open = (stats.mode & 0o022) !== 0 && (stats.mode & 0o1000) === 0;
  return open || (stats.uid !== 0 && stats.uid !== uid) ? `${parent} can be changed by others` : undefined;
}

function makeDirectory(directory: string, place: Place): string | undefined {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return wrongDirectory(directory, place);
}

function wrongDirectory(directory: string, { uid }: Place): string | undefined {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory()) return `${directory} is no directory`;
  if (uid === undefined) return undefined;
  if (stats.uid !== uid) return `${directory} belongs to somebody else`;
  return (stats.mode & OTHERS) === 0 ? undefined : `${directory} can be read by others (chmod 700)`;
}

function writeIn(directory: string, descriptor: Descriptor, random: Random, place: Place): Written {
  const { pid } = descriptor;
  const name = freeName(directory, descriptor, place);
  if (name === undefined) return { ok: false, detail: `this process has ${PER_PROCESS} already` };
  const file = join(directory, name);
  const temporary = `${join(directory, `${pid}.json`)}.${Buffer.from(random.bytes(8)).toString('hex')}`;
  try {
    // exclusive: follows no link either
    writeFileSync(temporary, `${JSON.stringify(descriptor)}\n`, { flag: 'wx', mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    removeDescriptor(temporary);
    throw error;
  }
  return { ok: true, file };
}

/** What an earlier process with this number left behind is replaced. */
function freeName(directory: string, { pid, startedAt }: Descriptor, place: Place): string | undefined {
  // nothing of this process is older
  const oldest = startedAt - process.uptime() * 1_000 - SLACK;
  for (let index = 0; index < PER_PROCESS; index++) {
    const name = index === 0 ? `${pid}.json` : `${pid}-${index}.json`;
    const text = readOurs(join(directory, name), place);
    const before = text === undefined ? undefined : readDescriptor(text);
    if (before === undefined || before.startedAt < oldest) return name;
  }
  return undefined;
}

function namesIn(directory: string): readonly string[] {
  const names: string[] = [];
  try {
    const opened = opendirSync(directory);
    try {
      for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
        names.push(entry.name);
        if (names.length === MAX_NAMES) break;
      }
    } finally {
      opened.closeSync();
    }
  } catch {
    // what was read of it counts
  }
  return names;
}

/** The text of a file that is ours alone; undefined for all else. */
function readOurs(file: string, { uid }: Place): string | undefined {
  let opened: number;
  try {
    // neither a link nor a pipe that nobody writes into
    opened = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch {
    return undefined;
  }
  try {
    const stats = fstatSync(opened);
    if (!stats.isFile() || stats.size > MAX_FILE) return undefined;
    if (uid !== undefined && (stats.uid !== uid || (stats.mode & OTHERS) !== 0)) return undefined;
    return readFileSync(opened, 'utf8');
  } catch {
    return undefined;
  } finally {
    closeSync(opened);
  }
}

/** `not ours`: a process of somebody else has the number now. */
function lifeOf(pid: number): 'alive' | 'gone' | 'not ours' {
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'gone' : 'not ours';
  }
}
