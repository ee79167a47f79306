/** Descriptor files: what of the directory is ours to write, read and remove, and what is left alone. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/actor/random.ts';
import {
  findDescriptors,
  removeDescriptor,
  writeDescriptor,
  type Descriptor,
  type Place,
} from '../../src/inspect/descriptor.ts';
import { isToken, readDescriptor } from '../../src/inspect/descriptor-text.ts';

const made: string[] = [];

/** A place of its own: the directory of the runtime is ours alone, as XDG asks. */
function place(): Place & { readonly runtime: string } {
  const runtime = mkdtempSync(join(tmpdir(), 'espalier-descriptor-'));
  made.push(runtime);
  const temporary = join(runtime, 'tmp');
  mkdirSync(temporary, { mode: 0o700 });
  return { runtime, temporary, uid: process.getuid?.() ?? 0 };
}

afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** Unix milliseconds; later than this process began, by any clock. */
const NOW = 4_102_444_800_000;

const OURS: Descriptor = {
  schema: 1,
  pid: process.pid,
  url: 'http://127.0.0.1:9911',
  token: 'a'.repeat(32),
  node: 'https://127.0.0.1:9443',
  startedAt: NOW,
};

function written(descriptor: Descriptor, where: Place): string {
  const done = writeDescriptor(descriptor, systemRandom, where);
  if (!done.ok) throw new Error(done.detail);
  return done.file;
}

/** The number of a process that has ended. */
const gonePid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

const modeOf = (file: string): number => lstatSync(file).mode & 0o777;

describe('writeDescriptor', () => {
  test('writes one whole file for its owner only, in a directory for its owner only', () => {
    const where = place();
    const file = written(OURS, where);
    expect(file).toBe(join(where.runtime, 'espalier', `${process.pid}.json`));
    expect([modeOf(file), modeOf(join(where.runtime, 'espalier'))]).toEqual([0o600, 0o700]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(OURS);
    expect(readdirSync(join(where.runtime, 'espalier'))).toEqual([`${process.pid}.json`]);
  });

  test('without a runtime directory it is in one for this user below that for temporary files', () => {
    const { temporary, uid = 0 } = place();
    expect(written(OURS, { temporary, uid })).toBe(join(temporary, `espalier-${uid}`, `${process.pid}.json`));
  });

  test('a runtime directory that others can read, or that is missing, is not used', () => {
    const where = place();
    chmodSync(where.runtime, 0o755);
    expect(written(OURS, where)).toContain(where.temporary);
    expect(written(OURS, { ...where, runtime: '/nowhere' })).toContain(where.temporary);
  });

  test('a directory that others can read, or that is a link, is told of and not written to', () => {
    const { temporary, uid = 0 } = place();
    const directory = join(temporary, `espalier-${uid}`);
    const elsewhere = join(temporary, 'elsewhere');
    mkdirSync(elsewhere, { mode: 0o700 });
    symlinkSync(elsewhere, directory);
    const linked = writeDescriptor(OURS, systemRandom, { temporary, uid });
    expect(linked).toEqual({ ok: false, detail: `${directory} is no directory` });
    expect(readdirSync(elsewhere)).toEqual([]);
    rmSync(directory);
    mkdirSync(directory);
    chmodSync(directory, 0o750);
    expect(writeDescriptor(OURS, systemRandom, { temporary, uid })).toMatchObject({ ok: false });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a directory that belongs to somebody else, or that others could rename, is not written to', () => {
    const { temporary, uid = 0 } = place();
    mkdirSync(join(temporary, `espalier-${uid + 1}`), { mode: 0o700 });
    // as the next user we find a directory of this one
    expect(writeDescriptor(OURS, systemRandom, { temporary, uid: uid + 1 }).ok).toBe(false);
    chmodSync(temporary, 0o777);
    expect(writeDescriptor(OURS, systemRandom, { temporary, uid })).toEqual({
      ok: false,
      detail: `${temporary} can be changed by others`,
    });
    chmodSync(temporary, 0o1777);
    expect(writeDescriptor(OURS, systemRandom, { temporary, uid }).ok).toBe(true);
  });

  test('a link in the place of the file is replaced, and what it names stays as it is', () => {
    const where = place();
    mkdirSync(join(where.runtime, 'espalier'), { mode: 0o700 });
    const victim = join(where.temporary, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, join(where.runtime, 'espalier', `${process.pid}.json`));
    const file = written(OURS, where);
    expect([lstatSync(file).isFile(), readFileSync(victim, 'utf8')]).toEqual([true, 'precious']);
  });

  test('up to eight inspectors of one process have a file each; one of an earlier process is replaced', () => {
    const where = place();
    const old = { ...OURS, startedAt: 1 };
    written(old, where);
    expect(written(OURS, where)).toBe(written(old, place()).replace(/^.*(?=\/espalier\/)/, where.runtime));
    const files = Array.from({ length: 7 }, () => written(OURS, where));
    expect(new Set(files).size).toBe(7);
    expect(findDescriptors(where)).toHaveLength(8);
    expect(writeDescriptor(OURS, systemRandom, where).ok).toBe(false);
  });
});

describe('findDescriptors', () => {
  test('finds what was written, and no more when it was removed', () => {
    const where = place();
    const file = written(OURS, where);
    expect(findDescriptors(where)).toEqual([{ ...OURS, file }]);
    removeDescriptor(file);
    removeDescriptor(file);
    expect(findDescriptors(where)).toEqual([]);
  });

  test('looks in both places, and lists the newest first', () => {
    const where = place();
    written(OURS, { temporary: where.temporary, uid: where.uid ?? 0 });
    written({ ...OURS, pid: process.ppid, startedAt: NOW + 1 }, where);
    expect(findDescriptors(where).map(({ pid }) => pid)).toEqual([process.ppid, process.pid]);
  });

  test('a file of a process that has ended is removed, and so is its half-written one', () => {
    const where = place();
    const pid = gonePid();
    const file = written({ ...OURS, pid }, where);
    const half = `${file}.0123456789abcdef`;
    writeFileSync(half, '{', { mode: 0o600 });
    expect(findDescriptors(where)).toEqual([]);
    expect([existsSync(file), existsSync(half)]).toEqual([false, false]);
  });

  test('links, files others can read, and what is no descriptor are skipped and stay', () => {
    const where = place();
    const file = written(OURS, where);
    const directory = join(where.runtime, 'espalier');
    const text = readFileSync(file, 'utf8');
    removeDescriptor(file);
    const target = join(where.temporary, 'target');
    writeFileSync(target, text, { mode: 0o600 });
    const gone = gonePid();
    symlinkSync(target, file);
    symlinkSync(target, join(directory, `${gone}.json`));
    writeFileSync(join(directory, `${process.ppid}.json`), text.replace(`${process.pid}`, `${process.ppid}`));
    chmodSync(join(directory, `${process.ppid}.json`), 0o640);
    writeFileSync(join(directory, 'notes.txt'), text, { mode: 0o600 });
    mkdirSync(join(directory, '1.json'), { mode: 0o700 });
    expect(findDescriptors(where)).toEqual([]);
    expect(readdirSync(directory)).toHaveLength(5);
  });

  test('a file that names another process than its name says is not believed', () => {
    const where = place();
    const file = written(OURS, where);
    writeFileSync(file, JSON.stringify({ ...OURS, pid: process.ppid }));
    expect(findDescriptors(where)).toEqual([]);
  });

  test('a directory of others, and a missing one, hold nothing', () => {
    const where = place();
    written(OURS, where);
    chmodSync(join(where.runtime, 'espalier'), 0o755);
    expect(findDescriptors(where)).toEqual([]);
    expect(findDescriptors({ temporary: '/nowhere', uid: where.uid ?? 0 })).toEqual([]);
  });
});

describe('readDescriptor', () => {
  test('refuses what is no descriptor of schema 1', () => {
    expect(readDescriptor(JSON.stringify(OURS))).toEqual(OURS);
    const wrong: readonly object[] = [
      { schema: 2 },
      { pid: '1' },
      { pid: 1.5 },
      { url: 'file:///etc/passwd' },
      { url: 'http://user:password@127.0.0.1:1' },
      { url: 'http://127.0.0.1:1/?t=x' },
      { url: '' },
      { token: 'with\r\nHeader: x' },
      { token: '' },
      { token: 'a'.repeat(257) },
      { node: 'n'.repeat(1_025) },
      { startedAt: null },
    ];
    for (const field of wrong)
      expect([field, readDescriptor(JSON.stringify({ ...OURS, ...field }))]).toEqual([field, undefined]);
    for (const text of ['', '{', 'null', '[]', '1']) expect(readDescriptor(text)).toBeUndefined();
  });

  test('a token is what a header may hold', () => {
    expect([isToken('A-Za_z0'), isToken('a b'), isToken('ä'), isToken(undefined)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
