/** What the end of a link means to those who had calls on it. Pure. */
import { CloseCode, type CloseReason } from '../../transport/transport.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';

const WORDS: Readonly<Record<number, string>> = {
  [CloseCode.normal]: 'closed',
  [CloseCode.shuttingDown]: 'the peer is shutting down',
  [CloseCode.duplicate]: 'replaced by a newer connection',
  [CloseCode.helloTimeout]: 'no answer to the hello in time',
  [CloseCode.refused]: 'refused',
  [CloseCode.protocolError]: 'protocol error',
  [CloseCode.slowConsumer]: 'slow_consumer',
  [CloseCode.idle]: 'closed as idle',
  [CloseCode.internal]: 'internal error',
};

const TLS: Readonly<Record<number, string>> = {
  298: 'bad or unexpected certificate',
  299: 'unsupported certificate',
  301: 'certificate expired',
  304: 'unknown authority',
  372: 'a client certificate is required',
  376: 'no common protocol',
};

export function describeClose(reason: CloseReason): string {
  switch (reason.tag) {
    case 'local':
    case 'remote': {
      const who = reason.tag === 'local' ? 'here' : 'by the peer';
      const words = WORDS[reason.code] ?? `code ${reason.code}`;
      // beside `duplicate` stands an epoch, which is not for people
      const more = reason.code === CloseCode.duplicate ? '' : reason.reason.slice(0, 200);
      return `connection closed ${who}: ${words}${more === '' ? '' : ` (${more})`}`;
    }
    case 'idle_timeout':
      return 'the peer fell silent';
    case 'handshake_timeout':
      return 'nobody answered';
    case 'handshake_failed':
      return `handshake failed: ${TLS[reason.code] ?? `code ${reason.code}`}${reason.by === 'remote' ? ' (said the peer)' : ''}`;
    case 'transport_error':
      return reason.detail;
  }
}

/** Why a connection could not be made. `unauthorized` is final: trying again would end the same. */
export function connectFailure(reason: CloseReason): RpcFailure {
  if (reason.tag === 'handshake_failed' && reason.code in TLS) {
    return { tag: 'unauthorized', detail: describeClose(reason) };
  }
  if ((reason.tag === 'remote' || reason.tag === 'local') && reason.code === CloseCode.refused) {
    return { tag: 'unauthorized', detail: reason.reason === '' ? 'refused' : reason.reason };
  }
  return { tag: 'connection_error', sent: false, detail: describeClose(reason) };
}
