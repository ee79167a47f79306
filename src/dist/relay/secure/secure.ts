/**
 * End-to-end encryption inside a tunnel: TLS 1.3 between the keys of the two ends, over any Duplex (SECURITY §10).
 *
 * Both ends show the certificates of their identities, judged by the rules of every other connection of ours. Then both
 * prove that they know the same secret, if they have one, tied to this very session.
 *
 * What is protected: whoever carries the bytes can neither read nor change them, nor cut off their end unnoticed, nor hand
 * an older session on; nor stand in the middle with keys of his own, when the other end's id is expected or both ends
 * share a secret. What is not: who talks to whom, when and how much; that it arrives at all; anything at all against one in
 * the middle when neither an id nor a secret is known. One in the middle who ends TLS on both sides learns an HMAC under
 * the secret, before either end refuses him, and can guess at weak secrets with it at leisure, as with the challenge of
 * Erlang's own handshake: let a secret be random and long.
 */
import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { connect, createServer, type TLSSocket } from 'node:tls';

import { offAbort, onAbort } from '../../../actor/abort-listeners.ts';
import { MAX_DELAY, type Clock, type TimerId } from '../../../actor/clock.ts';
import type { Identity } from '../../../identity/identity.ts';
import { certificateCache, judge } from '../../../identity/verdict.ts';
import { credentials, shown } from '../../../transport/tls/credentials.ts';
import { TunnelError, type TunnelFailure } from '../tunnel-error.ts';
import { BINDING_LABEL, BINDING_SIZE, isProven, PROOF_SIZE, proofOf, REFUSAL, type Role } from './proof.ts';
import { SecuredDuplex } from './secured-duplex.ts';
import { Wire } from './wire.ts';

/** ALPN of the session in a tunnel. */
const PROTOCOL = 'espalier-tunnel/2';

const NO_CONTEXT = Buffer.alloc(0);

/** Of all tunnels of the process. */
const CERTIFICATES = certificateCache();

export interface SecureOptions {
  /** Who has asked for the tunnel is the initiator. */
  readonly role: Role;
  readonly identity: Identity;
  /** 32 bytes: the node id that the other end has to prove. Default: any. */
  readonly expectedId?: Uint8Array;
  /** What both ends have to know, as an Erlang cookie. Default: nothing is asked for. */
  readonly secret?: string;
  readonly clock: Clock;
  /** Milliseconds until the other end has proven all it has to. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
}

export interface Secured {
  /** The clear side. It ends, and is destroyed, together with `raw`. */
  readonly stream: Duplex;
  /** The node id that the other end has proven, 32 bytes. */
  readonly peerId: Uint8Array;
}

/**
 * Takes over `raw`, whatever comes of it. Rejects with `TunnelError`: `wrong_peer` (another key, or none), `unproven`,
 * `not_encrypted` (what came is no TLS), `timeout`, `aborted`, or `reset`; `raw` is destroyed then.
 */
export const secured = (raw: Duplex, options: SecureOptions): Promise<Secured> =>
  new Promise((resolve, reject) => {
    new Securing(raw, options, resolve, reject).begin();
  });

class Securing {
  readonly #raw: Duplex;
  readonly #options: SecureOptions;
  readonly #resolve: (secured: Secured) => void;
  readonly #reject: (error: TunnelError) => void;
  #wire: Wire | undefined;
  #stream: SecuredDuplex | undefined;
  #deadline: TimerId | undefined;
  #over = false;

  constructor(
    raw: Duplex,
    options: SecureOptions,
    resolve: (secured: Secured) => void,
    reject: (error: TunnelError) => void,
  ) {
    this.#raw = raw;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    const { clock, timeout, signal, role } = this.#options;
    const raw = this.#raw;
    if (signal?.aborted === true) {
      this.#aborted();
      return;
    }
    if (raw.destroyed || raw.readableEnded) {
      this.#lost(raw.errored);
      return;
    }
    const wire = (this.#wire = new Wire(raw, clock, {
      onPlain: () => this.#fail('not_encrypted', 'the other end speaks in the clear'),
      onEnded: () => clock.later(() => this.#lost(undefined)),
      onLost: (error) => this.#lost(error),
    }));
    onAbort(signal, this.#aborted);
    this.#deadline = clock.setTimer(timeout, () => {
      this.#fail('timeout', `the other end has not proven itself within ${timeout} ms`);
    });
    if (role === 'initiator') this.#initiate(wire);
    else this.#accept(wire);
  }

  #initiate(wire: Wire): void {
    const tls = connect({ ...credentials(this.#options.identity, PROTOCOL), socket: wire });
    tls.on('error', this.#broken);
    tls.once('secureConnect', () => this.#shaken(tls, wire));
  }

  /** A server that listens nowhere: it takes the one stream it is given. */
  #accept(wire: Wire): void {
    const server = createServer({
      ...credentials(this.#options.identity, PROTOCOL),
      requestCert: true,
      // the deadline is ours
      handshakeTimeout: MAX_DELAY,
    });
    server.on('tlsClientError', this.#broken);
    server.once('secureConnection', (tls) => {
      tls.on('error', this.#broken);
      this.#shaken(tls, wire);
    });
    server.emit('connection', wire);
  }

  /** The other end has shown a certificate, and that it has the key: whose is it? */
  #shaken(tls: TLSSocket, wire: Wire): void {
    if (this.#over) return;
    const { identity, expectedId, clock } = this.#options;
    const chain = shown(tls, PROTOCOL);
    const question = { now: clock.wall(), ownId: identity.nodeId, expectedId };
    const verdict = chain === undefined ? undefined : judge(chain, question, CERTIFICATES);
    if (verdict?.tag === 'accepted') this.#prove(tls, wire, verdict.nodeId);
    else this.#fail('wrong_peer', verdict?.detail ?? 'no certificate that counts');
  }

  #prove(tls: TLSSocket, wire: Wire, peerId: Uint8Array): void {
    const { role, secret, clock } = this.#options;
    const binding = tls.exportKeyingMaterial(BINDING_SIZE, BINDING_LABEL, NO_CONTEXT);
    tls.off('error', this.#broken);
    const stream = (this.#stream = new SecuredDuplex(tls, wire, clock));
    let told = false;
    let proven: boolean | undefined;
    const gone = (): void => this.#lost(stream.errored);
    const tell = (bytes: Uint8Array): void => {
      stream.write(bytes, () => {
        told = true;
        conclude();
      });
    };
    const look = (): void => {
      // what follows belongs to the stream; fewer come at its end only
      const bytes = stream.read(PROOF_SIZE) as Buffer | null;
      if (bytes === null || proven !== undefined) return;
      stream.off('readable', look);
      if (bytes.length < PROOF_SIZE) return gone();
      proven = isProven(bytes, secret, role === 'initiator' ? 'acceptor' : 'initiator', binding);
      // a stranger who asks for a tunnel gets nothing that he could guess at the secret with
      if (role === 'acceptor') tell(proven ? proofOf(secret, role, binding) : REFUSAL);
      conclude();
    };
    const conclude = (): void => {
      // who is refused is to hear what refuses him, so ours leaves first
      if (!told || proven === undefined || this.#over) return;
      stream.off('close', gone);
      stream.off('end', gone);
      if (proven) this.#done({ stream, peerId });
      else if (secret === undefined)
        this.#fail('unproven', 'the other end asks for a secret, and we have none');
      else this.#fail('unproven', 'the other end does not know the secret');
    };
    stream.on('close', gone);
    stream.on('end', gone);
    stream.on('readable', look);
    if (role === 'initiator') tell(proofOf(secret, role, binding));
  }

  #done(secured: Secured): void {
    this.#settle();
    this.#resolve(secured);
  }

  #fail(failure: TunnelFailure, message: string, cause?: unknown): void {
    if (this.#over) return;
    this.#settle();
    if (this.#wire === undefined) this.#raw.destroy();
    else if (this.#stream === undefined) this.#wire.cut();
    else if (failure === 'unproven') this.#stream.refuse();
    else this.#stream.destroy();
    this.#reject(new TunnelError(failure, message, cause === undefined ? undefined : { cause }));
  }

  #settle(): void {
    const { clock, signal } = this.#options;
    this.#over = true;
    offAbort(signal, this.#aborted);
    if (this.#deadline !== undefined) clock.clear(this.#deadline);
  }

  #lost(cause: Error | null | undefined): void {
    if (cause instanceof TunnelError) this.#fail(cause.failure, cause.message, cause);
    else this.#fail('reset', 'the other end has given up', cause ?? undefined);
  }

  /** TLS could not come to terms. Before it has, anybody on the way can make it fail, or say that the other end gives up. */
  readonly #broken = (cause: Error & { readonly code?: string }): void => {
    if (cause.code?.includes('_ALERT_') === true) this.#fail('reset', 'the other end has refused', cause);
    else this.#fail('wrong_peer', 'the other end has proven nothing', cause);
  };

  readonly #aborted = (): void => {
    this.#fail('aborted', 'given up here', this.#options.signal?.reason);
  };
}
