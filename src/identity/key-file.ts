/**
 * A durable identity: the private key in a file that only its owner can read.
 *
 * Shell: synchronous file work at start-up. A missing file is created; anything else that is not one whole
 * key refuses with an error that names the file. There is never a silent new identity (SECURITY §2). The
 * file holds the key alone (PKCS #8 PEM, as `openssl genpkey -algorithm ed25519` writes it); the
 * certificate is made anew at every start.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';

import type { Random } from '../actor/random.ts';
import { IdentityError } from './identity-error.ts';
import { createIdentity, identityOf, nodeIdOf, spkiOf, type Identity } from './identity.ts';
import { createOwned, readOwned, secretFile } from './owned-file.ts';

const KIND = secretFile('Identity file');

/**
 * The identity in `file`, created on first start. `wallMs` (Unix milliseconds) dates the certificate. Of
 * several processes that create it at once one wins, and all return its identity. Throws `IdentityError`.
 */
export function loadIdentity(file: string, random: Random, wallMs: number): Identity {
  const key = readKey(file);
  if (key !== undefined) return identityOf(key, random, wallMs);
  const fresh = createIdentity(random, wallMs);
  if (createOwned(file, KIND, fileText(fresh.privateKey), random)) return fresh;
  const winner = readKey(file);
  if (winner !== undefined) return identityOf(winner, random, wallMs);
  const failure = { tag: 'unreadable', file, code: 'ENOENT' } as const;
  throw new IdentityError(failure, `Identity file ${file} disappeared while it was being created`);
}

/** The key in the file, or undefined when there is no file. */
function readKey(file: string): KeyObject | undefined {
  const pem = readOwned(file, KIND);
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

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** The key and, as a checksum, the id that comes from it. A key alone, as other tools write it, is accepted too. */
const fileText = (key: KeyObject): string =>
  `${pemOf(key)}node id ${Buffer.from(nodeIdOf(spkiOf(key))).toString('hex')}\n`;
