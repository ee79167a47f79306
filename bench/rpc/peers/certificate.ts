/**
 * Keys and self-signed certificates for peers with TLS, in PEM: the same kind that our nodes use.
 */
import { systemClock } from '../../../src/actor/clock.ts';
import { systemRandom } from '../../../src/actor/random.ts';
import { createIdentity } from '../../../src/identity/identity.ts';
import type { Info } from '../peer.ts';

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

/** A server and its one client that trust each other's certificate and nobody else's. */
export interface Couple {
  readonly server: Credentials;
  readonly client: Credentials;
}

export const couple = (): Couple => ({ server: credentials(), client: credentials() });

/** What the client must know. */
export const forClient = ({ server, client }: Couple): Info => ({
  ca: server.cert,
  key: client.key,
  cert: client.cert,
});
