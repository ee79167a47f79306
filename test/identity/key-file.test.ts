import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { seededRandom, systemRandom, type Random } from '../../src/actor/random.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import { IdentityError, type IdentityFailure } from '../../src/identity/identity-error.ts';
import { loadIdentity } from '../../src/identity/key-file.ts';

const NOW = 1_772_323_200_000;

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'espalier-key-'));
  file = join(directory, 'node.key');
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const load = (random: Random = systemRandom): Identity => loadIdentity(file, random, NOW);

function failure(): IdentityFailure {
  try {
    load();
  } catch (error) {
    expect(error).toBeInstanceOf(IdentityError);
    expect((error as Error).message).toContain(file);
    return (error as IdentityError).failure;
  }
  throw new Error('it loaded');
}

const hold = (text: string | Buffer, mode = 0o600): void => {
  writeFileSync(file, text);
  chmodSync(file, mode);
};

describe('loadIdentity', () => {
  test('creates the file on first start, for its owner only, and leaves nothing else', () => {
    const before = process.umask(0);
    load();
    process.umask(before);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['node.key']);
  });

  test('gives the same id at every start and never touches the file again', () => {
    const first = load();
    const text = readFileSync(file);
    const second = loadIdentity(file, systemRandom, NOW + 20 * 31_557_600_000);
    expect(Buffer.from(second.nodeId)).toEqual(Buffer.from(first.nodeId));
    expect(readFileSync(file)).toEqual(text);
  });

  test('reads a key that openssl wrote, also with other line ends', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    hold(pem);
    const { nodeId } = load();
    hold(pem.replaceAll('\n', '\r\n'));
    expect(load().nodeId).toEqual(nodeId);
  });

  test('refuses a file that is empty, cut anywhere, or something else, and leaves it as it is', () => {
    load();
    const whole = readFileSync(file);
    const wrong: (string | Buffer)[] = ['', '\n', 'not a key', Buffer.alloc(100, 0xff), `${whole}${whole}`];
    for (let length = 1; length < whole.length - 1; length += 7) wrong.push(whole.subarray(0, length));
    for (const text of wrong) {
      hold(text);
      expect(failure()).toMatchObject({ tag: 'damaged', file });
      expect(readFileSync(file)).toEqual(Buffer.from(text));
    }
  });

  test('refuses another kind of key, a public key, and a file longer than 4 KiB', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    hold(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    expect(failure()).toMatchObject({ tag: 'damaged', detail: 'its key is not Ed25519' });
    const { publicKey } = generateKeyPairSync('ed25519');
    hold(publicKey.export({ type: 'spki', format: 'pem' }).toString());
    expect(failure()).toMatchObject({ tag: 'damaged' });
    hold('x'.repeat(4_097));
    expect(failure()).toMatchObject({ tag: 'damaged', detail: 'it is longer than 4096 bytes' });
  });

  test('refuses a key that others can read or write', () => {
    load();
    for (const mode of [0o640, 0o604, 0o620, 0o666, 0o644]) {
      chmodSync(file, mode);
      expect(failure()).toEqual({ tag: 'exposed', file, mode: `0${mode.toString(8)}` });
    }
    chmodSync(file, 0o400);
    load();
  });

  test('refuses what cannot be read: a directory, and a link that leads nowhere', () => {
    mkdirSync(file, { mode: 0o700 });
    expect(failure()).toMatchObject({ tag: 'unreadable', code: 'EISDIR' });
    rmSync(file, { recursive: true });
    symlinkSync(join(directory, 'nowhere'), file);
    expect(failure()).toMatchObject({ tag: 'unreadable' });
    expect(existsSync(join(directory, 'nowhere'))).toBe(false);
  });

  test('refuses to create the file in a directory that does not exist', () => {
    file = join(directory, 'missing', 'node.key');
    expect(failure()).toEqual({ tag: 'unwritable', file, code: 'ENOENT' });
  });

  test('two first starts at once end with one identity, whoever is faster', () => {
    let rival: Identity | undefined;
    const seeded = seededRandom('slow');
    // The suffix of the temporary file is drawn after the file was found missing.
    const slow: Random = {
      ...seeded,
      bytes: (length) => {
        if (length === 8) rival = load(seededRandom('fast'));
        return seeded.bytes(length);
      },
    };
    const mine = load(slow);
    expect(Buffer.from(rival?.nodeId ?? [])).toEqual(
      Buffer.from(createIdentity(seededRandom('fast'), NOW).nodeId),
    );
    expect(mine.nodeId).toEqual(rival?.nodeId);
    expect(load().nodeId).toEqual(mine.nodeId);
    expect(readdirSync(directory)).toEqual(['node.key']);
  });

  test('what a crash left of an earlier first start does not matter', () => {
    writeFileSync(join(directory, '.node.key.0011223344556677'), 'half a k');
    const { nodeId } = load();
    expect(load().nodeId).toEqual(nodeId);
  });
});

test('a bit flipped anywhere in a file we wrote never gives another identity in silence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-flip-'));
  try {
    const file = join(folder, 'identity');
    const original = loadIdentity(file, systemRandom, Date.now());
    const bytes = readFileSync(file);
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      writeFileSync(file, flipped);
      let id: string | undefined;
      try {
        id = Buffer.from(loadIdentity(file, systemRandom, Date.now()).nodeId).toString('hex');
      } catch (error) {
        expect(error).toBeInstanceOf(IdentityError);
      }
      if (id !== undefined) expect(id).toBe(Buffer.from(original.nodeId).toString('hex'));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
