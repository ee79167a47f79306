import { expect, test } from 'vitest';
import { blame, STALL } from '../../../src/mesh/dht/blame.ts';
import { Ended } from '../../../src/mesh/connection/messages.ts';
import { REFUSED } from '../../../src/mesh/peer/peer-request.ts';
import { CloseCode, type CloseReason } from '../../../src/transport/transport.ts';

const ended = (close: CloseReason): { tag: 'exit'; reason: unknown; holder: null } => ({
  tag: 'exit',
  reason: { shutdown: new Ended(close, undefined) },
  holder: null,
});

test('a peer that lets a question time out, cannot be reached, or falls silent is to blame', () => {
  expect(blame({ tag: 'timeout' }, 100, 100, true)).toBe('peer');
  expect(blame({ tag: 'exit', reason: 'noconnection', holder: null }, 50, 100, true)).toBe('peer');
  expect(blame(ended({ tag: 'idle_timeout' }), 50, 100, true)).toBe('peer');
  expect(blame(ended({ tag: 'handshake_timeout' }), 50, 100, true)).toBe('peer');
});

test('what we, our pool or a good order ended says nothing about the peer', () => {
  expect(blame({ tag: 'exit', reason: 'killed', holder: null }, 50, 100, true)).toBe('ours');
  expect(blame({ tag: 'exit', reason: 'noproc', holder: null }, 50, 100, true)).toBe('ours');
  expect(blame({ tag: 'overloaded', bound: 'mailbox' }, 50, 100, true)).toBe('ours');
  expect(blame({ tag: 'canceled', reason: undefined }, 50, 100, true)).toBe('ours');
  expect(blame(ended({ tag: 'local', code: CloseCode.idle, reason: '' }), 50, 100, true)).toBe('ours');
  expect(blame(ended({ tag: 'remote', code: CloseCode.duplicate, reason: '' }), 50, 100, true)).toBe('ours');
});

test('after a sleep nobody is to blame: a deadline of ours that comes late shows that we stood still', () => {
  expect(blame({ tag: 'timeout' }, 100 + STALL, 100, true)).toBe('peer');
  expect(blame({ tag: 'timeout' }, 101 + STALL, 100, true)).toBe('ours');
  expect(blame(ended({ tag: 'idle_timeout' }), 3_600_000, 1_000, true)).toBe('ours');
});

test('a question that never left our own queue, or found no room in our pool, says nothing about its peer', () => {
  expect(blame({ tag: 'timeout' }, 100, 100, false)).toBe('ours');
  expect(blame({ tag: 'overloaded', bound: 'pool' }, 50, 100, false)).toBe('ours');
  // nobody was there a moment ago: nothing had to be dialed to know it
  expect(blame({ tag: 'exit', reason: 'noconnection', holder: null }, 0, 100, false)).toBe('peer');
});

test('a peer that refuses us is there, and not for us', () => {
  expect(blame({ tag: 'exit', reason: REFUSED, holder: null }, 50, 100, true)).toBe('refused');
});
