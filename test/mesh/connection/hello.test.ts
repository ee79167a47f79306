import { describe, expect, test } from 'vitest';
import { connectFailure, describeClose } from '../../../src/mesh/connection/close.ts';
import {
  connectedPayload,
  connectPayload,
  judgeConnect,
  judgeConnected,
  refusal,
} from '../../../src/mesh/connection/hello.ts';
import { CloseCode } from '../../../src/transport/transport.ts';

const self = {
  nodeId: new Uint8Array(32).fill(1),
  realm: 'r',
  epoch: new Uint8Array(16),
  capabilities: ['rpc'],
};
const peer = { nodeId: new Uint8Array(32).fill(2), publicKey: new Uint8Array(44) };
const alone = { have: false, holds: false };
const seed = new Uint8Array(32);
const connect = { ...connectPayload({ ...self, nodeId: peer.nodeId }, alone, seed) };
const connected = { ...connectedPayload({ ...self, nodeId: peer.nodeId }, seed, false) };

describe('the hello', () => {
  test('is accepted with the proven id, the same realm and a version of the same major number', () => {
    expect(judgeConnect(connect, peer, self)).toBe(undefined);
    expect(judgeConnect({ ...connect, version: '1.7' }, peer, self)).toBe(undefined);
    expect(judgeConnected(connected, peer, self)).toBe(undefined);
  });

  test.each([
    [{ version: '2.0' }, 'protocol_error'],
    [{ version: '10' }, 'protocol_error'],
    [{ version: '' }, 'protocol_error'],
    [{ node_id: self.nodeId }, 'unauthorized'],
    [{ node_id: new Uint8Array(31).fill(2) }, 'unauthorized'],
    [{ realm: 'R' }, 'unauthorized'],
    [{ realm: 'r ' }, 'unauthorized'],
  ])('%o is refused, by both sides', (over, tag) => {
    const refused = judgeConnect({ ...connect, ...over }, peer, self);
    expect(refused?.code).toBe(tag);
    expect(refusal(refused!).tag).toBe(tag);
    expect(judgeConnected({ ...connected, ...over }, peer, self)?.tag).toBe(tag);
  });

  test('a refusal with an unknown code is unauthorized: nothing to try again', () => {
    expect(refusal({ code: 'nonsense', message: 'm' })).toEqual({ tag: 'unauthorized', detail: 'm' });
    expect(refusal({ code: 'overloaded', message: 'm' })).toEqual({
      tag: 'overloaded',
      bound: 'connections',
    });
  });
});

describe('the end of a link, in words', () => {
  test.each([
    [{ tag: 'local', code: CloseCode.normal, reason: '' }, 'connection closed here: closed'],
    [
      { tag: 'remote', code: CloseCode.duplicate, reason: '' },
      'connection closed by the peer: replaced by a newer connection',
    ],
    [
      { tag: 'remote', code: CloseCode.slowConsumer, reason: '' },
      'connection closed by the peer: slow_consumer',
    ],
    [
      { tag: 'remote', code: 99, reason: 'x'.repeat(500) },
      `connection closed by the peer: code 99 (${'x'.repeat(200)})`,
    ],
    [{ tag: 'idle_timeout' }, 'the peer fell silent'],
    [{ tag: 'handshake_timeout' }, 'nobody answered'],
    [
      { tag: 'handshake_failed', code: 298, by: 'local', detail: '' },
      'handshake failed: bad or unexpected certificate',
    ],
    [
      { tag: 'handshake_failed', code: 1, by: 'remote', detail: '' },
      'handshake failed: code 1 (said the peer)',
    ],
    [{ tag: 'transport_error', detail: 'socket gone' }, 'socket gone'],
  ] as const)('%o', (reason, words) => {
    expect(describeClose(reason)).toBe(words);
  });

  test('a certificate that is refused is final, any other end may be tried again', () => {
    expect(connectFailure({ tag: 'handshake_failed', code: 298, by: 'local', detail: '' }).tag).toBe(
      'unauthorized',
    );
    expect(connectFailure({ tag: 'remote', code: CloseCode.refused, reason: 'why' })).toEqual({
      tag: 'unauthorized',
      detail: 'why',
    });
    for (const reason of [
      { tag: 'handshake_failed', code: 336, by: 'remote', detail: '' },
      { tag: 'handshake_timeout' },
      { tag: 'idle_timeout' },
      { tag: 'remote', code: CloseCode.shuttingDown, reason: '' },
      { tag: 'transport_error', detail: '' },
    ] as const) {
      expect(connectFailure(reason)).toMatchObject({ tag: 'connection_error', sent: false });
    }
  });
});
