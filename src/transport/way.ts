/**
 * Ways for datagrams that are no plain UDP, as addresses: a session of a relay, a TLS connection to a station. Pure.
 *
 * Whatever can carry a datagram is a `PhysicalAddress`, so that path tables, tokens and probes need not know what is below
 * (DESIGN D4). Such an address means something inside its endpoint only, and is never told to anybody.
 */
import type { PhysicalAddress } from './transport.ts';

/** Bytes of a relay's session id. */
export const SESSION_BYTES = 16;

/** First byte of a relayed datagram: `0x01 ‖ session ‖ datagram`. Bit 0x40 is clear: not QUIC. */
export const RELAYED = 0x01;

/** Bytes that relaying adds to a datagram. */
export const RELAY_OVERHEAD: number = 1 + SESSION_BYTES;

const RELAY = 'relay:';
const TLS = 'tls:';

export type Way = 'udp' | 'relay' | 'tls';

export const wayOf = ({ host }: PhysicalAddress): Way =>
  host.startsWith(RELAY) ? 'relay' : host.startsWith(TLS) ? 'tls' : 'udp';

/** The address of the peer behind a relay's session (16 bytes). */
export const relayedAddress = (session: Uint8Array): PhysicalAddress => ({
  host: `${RELAY}${Buffer.from(session.buffer, session.byteOffset, session.byteLength).toString('hex')}`,
  port: 0,
});

/** The session (16 bytes) of a relayed address; undefined for any other. */
export function sessionOf({ host }: PhysicalAddress): Uint8Array | undefined {
  if (!host.startsWith(RELAY)) return undefined;
  const session = Buffer.from(host.slice(RELAY.length), 'hex');
  return session.length === SESSION_BYTES ? session : undefined;
}

/** The address of a TLS connection, numbered within its endpoint. */
export const tlsAddress = (number: number): PhysicalAddress => ({ host: `${TLS}${number}`, port: 0 });
