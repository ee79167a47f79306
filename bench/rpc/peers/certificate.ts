/**
 * A key and a self-signed certificate for a peer with TLS, in PEM: the same kind that our nodes use.
 */
import { systemClock } from '../../../src/actor/clock.ts';
import { systemRandom } from '../../../src/actor/random.ts';
import { createIdentity } from '../../../src/identity/identity.ts';

export interface Credentials {
  readonly key: string;
  readonly cert: string;
}

/** Ed25519. */
export function credentials(): Credentials {
  const { privateKey, certificate } = createIdentity(systemRandom, systemClock.wall());
  const base64 = Buffer.from(certificate).toString('base64').replaceAll(/.{64}/g, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}
