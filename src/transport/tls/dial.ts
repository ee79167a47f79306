/**
 * A node's side of the TLS fallback: one connection to a station's TCP port, whose peer is judged before it is used.
 */
import { connect, type TLSSocket } from 'node:tls';

import type { Clock } from '../../actor/clock.ts';
import type { Identity } from '../../identity/identity.ts';
import type { PhysicalAddress } from '../transport.ts';
import { credentials, HANDSHAKE_TIMEOUT, shown, tune } from './credentials.ts';

export interface TlsDial {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly address: PhysicalAddress;
  /** Whether the certificates (DER, leaf first) are those of who is dialed. Never throws. */
  judge(chain: readonly Uint8Array[]): boolean;
  /** Once: the socket of a judged peer, or undefined when there is none. */
  done(socket: TLSSocket | undefined): void;
}

/** Starts it. The result gives it up, without `done`. */
export function dialTls({ identity, clock, address, judge, done }: TlsDial): () => void {
  const { host, port } = address;
  const socket = connect({ ...credentials(identity), host, port });
  let over = false;
  const finish = (ok: boolean): void => {
    if (over) return;
    over = true;
    clock.clear(deadline);
    if (!ok) socket.destroy();
    done(ok ? socket : undefined);
  };
  const deadline = clock.setTimer(HANDSHAKE_TIMEOUT, () => {
    finish(false);
  });
  socket.once('secureConnect', () => {
    const chain = shown(socket);
    if (chain !== undefined && judge(chain)) tune(socket);
    finish(chain !== undefined && judge(chain));
  });
  socket.on('error', () => {
    finish(false);
  });
  socket.once('close', () => {
    finish(false);
  });
  return () => {
    if (over) return;
    over = true;
    clock.clear(deadline);
    socket.destroy();
  };
}
