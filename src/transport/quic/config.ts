/**
 * What every QUIC connection is configured with (TRANSPORT §5; the library's defaults are unsafe here,
 * SECURITY §3).
 *
 * A native `Config` serves many connections and cannot be changed for an existing one. There is one per
 * role, address class and protocol, made when first needed.
 */
import { X509Certificate, createPublicKey } from 'node:crypto';

import { nodeIdOf, type Identity } from '../../identity/identity.ts';
import { TransportError, type Protocol } from '../transport.ts';
import type { AddressClass } from '../address.ts';
import type { NativeConfig, Quiche } from './binding.ts';
import { grantedStreams } from './nudge.ts';

/** Bytes of credit for the whole connection, announced before we know the peer (SECURITY §13). */
export const INITIAL_MAX_DATA = 1_048_576;
/** Bytes of credit per stream: four unread streams fill the connection. */
export const INITIAL_MAX_STREAM_DATA = 262_144;
/** Upper bounds of quiche's automatic window growth, bytes. */
export const MAX_CONNECTION_WINDOW = 8_388_608;
export const MAX_STREAM_WINDOW = 2_097_152;
/** Largest datagram we accept; announced to the peer. */
export const MAX_RECEIVED_DATAGRAM = 65_527;
/** Connection ids held per peer: no native migration, so never more than the least QUIC allows. */
const CONNECTION_IDS = 2;
/** Signature algorithms: without `ed25519` in this list every handshake of ours fails with `TlsFail`. */
const SIGNATURES = 'ed25519';

/** Datagram sizes in bytes by address class: what the configuration permits, and what is used until a probe
 * shows that the path carries more. The congestion window is counted in the permitted size (§5.1). */
export const DATAGRAM_SIZE: Readonly<Record<AddressClass, { permitted: number; initial: number }>> = {
  loopback: { permitted: 16_384, initial: 16_384 },
  private: { permitted: 16_384, initial: 1_350 },
  public: { permitted: 1_350, initial: 1_350 },
};

export interface ConfigOptions {
  readonly identity: Identity;
  /** Milliseconds. */
  readonly idleTimeout: number;
  /** Streams the peer may have open at once. */
  readonly streams: number;
  /** Protocols accepted from dialers. */
  readonly accept: readonly Protocol[];
  /** Dialers are asked for no certificate. */
  readonly anonymous?: boolean;
}

/** Gives the configuration for a connection; the same object for the same question. */
export interface Configs {
  dialing(protocol: Protocol, address: AddressClass): NativeConfig;
  accepting(address: AddressClass): NativeConfig;
}

/** Throws `TransportError` `invalid_option` when the identity's parts do not belong together: the binding
 * accepts a key that does not match its certificate and fails every handshake later. */
export function createConfigs(quiche: Quiche, options: ConfigOptions): Configs {
  checkIdentity(options.identity);
  const { privateKey, certificate } = options.identity;
  const key = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const chain = Buffer.from(new X509Certificate(certificate).toString());
  const made = new Map<string, NativeConfig>();
  const get = (protocols: readonly Protocol[], address: AddressClass, verify = true): NativeConfig => {
    const name = `${address} ${verify} ${protocols.join(' ')}`;
    let config = made.get(name);
    if (config === undefined) {
      config = quiche.Config.withBoringSslCtx(verify, true, undefined, [key], [chain], SIGNATURES);
      apply(config, options, protocols, DATAGRAM_SIZE[address].permitted);
      made.set(name, config);
    }
    return config;
  };
  return {
    dialing: (protocol, address) => get([protocol], address),
    accepting: (address) => get(options.accept, address, options.anonymous !== true),
  };
}

function apply(
  config: NativeConfig,
  options: ConfigOptions,
  protocols: readonly Protocol[],
  datagram: number,
): void {
  config.setApplicationProtos([...protocols]);
  config.setMaxIdleTimeout(options.idleTimeout);
  config.setMaxRecvUdpPayloadSize(MAX_RECEIVED_DATAGRAM);
  config.setMaxSendUdpPayloadSize(datagram);
  config.setInitialMaxData(INITIAL_MAX_DATA);
  config.setInitialMaxStreamDataBidiLocal(INITIAL_MAX_STREAM_DATA);
  config.setInitialMaxStreamDataBidiRemote(INITIAL_MAX_STREAM_DATA);
  config.setInitialMaxStreamDataUni(0);
  config.setInitialMaxStreamsBidi(grantedStreams(options.streams));
  config.setInitialMaxStreamsUni(0);
  config.setMaxConnectionWindow(MAX_CONNECTION_WINDOW);
  config.setMaxStreamWindow(MAX_STREAM_WINDOW);
  config.setActiveConnectionIdLimit(CONNECTION_IDS);
  config.setDisableActiveMigration(true);
  config.enableDgram(false, 0, 0);
  config.enablePacing(false);
  // Not cubic and not reno: with them quiche 0.18 stamps each packet with the time of its pacer, also when pacing is
  // off, and that time stands still while the window is below eight datagrams of its first size. Round trips are
  // then measured as seconds, and a lost packet is repeated as late: with 1 % of loss on loopback the slowest calls
  // took 1 to 4 s instead of 0.04. BBR keeps the pacer's bucket small.
  config.setCcAlgorithmName('bbr');
  config.grease(false);
}

function checkIdentity(identity: Identity): void {
  const refuse = (detail: string): TransportError =>
    new TransportError({ tag: 'invalid_option', option: 'identity', detail }, `Invalid identity: ${detail}`);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(identity.certificate);
  } catch (cause) {
    throw new TransportError(
      { tag: 'invalid_option', option: 'identity', detail: 'certificate does not parse' },
      'Invalid identity: certificate does not parse',
      { cause },
    );
  }
  if (identity.privateKey.asymmetricKeyType !== 'ed25519') throw refuse('key is not Ed25519');
  if (!certificate.checkPrivateKey(identity.privateKey)) throw refuse('key and certificate differ');
  const publicKey = createPublicKey(identity.privateKey).export({ type: 'spki', format: 'der' });
  if (!publicKey.equals(identity.publicKey)) throw refuse('public and private key differ');
  if (!publicKey.equals(certificate.publicKey.export({ type: 'spki', format: 'der' })))
    throw refuse('public key and certificate differ');
  if (!Buffer.from(nodeIdOf(publicKey)).equals(identity.nodeId)) throw refuse('node id and key differ');
}
