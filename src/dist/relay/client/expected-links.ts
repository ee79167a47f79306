/**
 * Sessions of tunnels that are in use here, and connections that are about to come through them. Nobody else gets in.
 */
import type { Acceptor } from '../../../transport/endpoint-server.ts';
import { CloseCode } from '../../../transport/transport.ts';
import { relayedAddress } from '../../../transport/way.ts';

export class ExpectedLinks {
  /** By the hosts that they are as addresses; undefined: nobody is expected to dial. */
  readonly #takers = new Map<string, Acceptor | undefined>();

  /** False: the session (16 bytes) is in use. @param taker who gets the connection that comes through it; undefined: none comes. */
  enter(session: Uint8Array, taker: Acceptor | undefined): boolean {
    const { host } = relayedAddress(session);
    if (this.#takers.has(host)) return false;
    this.#takers.set(host, taker);
    return true;
  }

  leave(session: Uint8Array): void {
    this.#takers.delete(relayedAddress(session).host);
  }

  readonly accept: Acceptor = (link) => this.#takers.get(link.observed.host)?.(link) ?? CloseCode.refused;
}
