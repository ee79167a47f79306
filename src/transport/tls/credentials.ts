/**
 * How both sides of a TLS connection show who they are: the identity of the QUIC endpoint, judged by the same rules.
 * The protocol (ALPN) is the fallback's unless another is named.
 */
import { X509Certificate } from 'node:crypto';
import { constants } from 'node:crypto';
import type { SecureContextOptions, TLSSocket } from 'node:tls';

import type { Identity } from '../../identity/identity.ts';

/** ALPN of a station's TLS fallback (TRANSPORT §5). */
export const PROTOCOL = 'macula-relay';

/** Milliseconds from a TCP connection to a judged peer. */
export const HANDSHAKE_TIMEOUT = 10_000;

/** Milliseconds of silence before TCP asks whether the peer is still there. */
const KEEP_ALIVE = 10_000;

/** What TLS is told; its own judgment is switched off, because ours knows what a node is. */
export interface Credentials extends SecureContextOptions {
  readonly ALPNProtocols: string[];
  readonly rejectUnauthorized: false;
}

export const credentials = (
  { privateKey, certificate }: Identity,
  protocol: string = PROTOCOL,
): Credentials => ({
  key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  cert: new X509Certificate(certificate).toString(),
  minVersion: 'TLSv1.3',
  // a resumed session does not show the key again
  secureOptions: constants.SSL_OP_NO_TICKET,
  ALPNProtocols: [protocol],
  rejectUnauthorized: false,
});

/** The certificates the peer has shown (DER, leaf first); undefined when it may not be judged at all. */
export function shown(socket: TLSSocket, protocol: string = PROTOCOL): readonly Uint8Array[] | undefined {
  if (socket.alpnProtocol !== protocol || socket.isSessionReused()) return undefined;
  const leaf = socket.getPeerX509Certificate();
  return leaf === undefined ? undefined : [leaf.raw];
}

/** Small datagrams leave at once, and a peer that is gone is noticed. */
export function tune(socket: TLSSocket): void {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE);
}
