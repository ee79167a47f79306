/**
 * Asks the peer of one link for proof of its addresses, and gives it proof of ours (TRANSPORT §12).
 */
import type { NativeConnection } from './binding.ts';
import type { LinkHost } from './link-host.ts';
import { PathProof, PROBE_SIZE } from './path-proof.ts';
import type { PathTable } from './path-table.ts';

export class Proving {
  readonly #host: LinkHost;
  readonly #paths: PathTable;
  /** Undefined before the hello. */
  #proof: PathProof | undefined;

  constructor(host: LinkHost, paths: PathTable) {
    this.#host = host;
    this.#paths = paths;
  }

  /** The seeds of both hellos are known. */
  key(role: 'dialer' | 'acceptor', ours: Uint8Array, theirs: Uint8Array): void {
    this.#proof = new PathProof(role, ours, theirs);
  }

  /** When the peer's packets come from an address where it has not proven to be. */
  ask(native: NativeConnection, now: number): void {
    if (this.#proof === undefined || this.#paths.proven) return;
    const nonce = this.#paths.question(now, this.#host.random);
    if (nonce === undefined) return;
    this.#paths.sent(PROBE_SIZE);
    this.#host.socket.sendCopy(
      this.#proof.write('question', native.destinationId(), nonce),
      this.#paths.address,
    );
  }

  /**
   * A keyed probe came. `mayReceive`: whether it may be looked at, asked when it might be for us. True when it proves
   * the active path.
   */
  probed(
    native: NativeConnection | undefined,
    datagram: Buffer,
    from: { readonly host: string; readonly port: number },
    mayReceive: () => boolean,
  ): boolean {
    const { host, port } = from;
    // a question comes from where our packets go, an answer from where we asked: others do not cost us a signature
    const expected = this.#paths.isActive(host, port) || this.#paths.awaits(host, port);
    const proof = expected && mayReceive() ? this.#proof : undefined;
    const probe = proof?.read(datagram);
    if (native === undefined || proof === undefined || probe === undefined) this.#host.drop('probe');
    else if (probe.kind === 'question' && this.#paths.isActive(host, port))
      this.#host.socket.sendCopy(proof.write('answer', native.destinationId(), probe.nonce), from);
    else if (probe.kind === 'answer') return this.#paths.answered(host, port, probe.nonce);
    return false;
  }
}
