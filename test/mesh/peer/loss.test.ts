import { describe, expect, test } from 'vitest';
import { Ended } from '../../../src/mesh/connection/messages.ts';
import { judgeLoss, refusalOf } from '../../../src/mesh/peer/loss.ts';
import { CloseCode, type CloseReason } from '../../../src/transport/transport.ts';

const US = 'aa'.repeat(16);
const isFinal = (close: CloseReason): boolean =>
  judgeLoss({ shutdown: new Ended(close, undefined) }, US).final;

describe('the end of an uplink', () => {
  test('as `duplicate` is final when somebody else took the place, also when it is not said who', () => {
    const by = (reason: string): CloseReason => ({ tag: 'remote', code: CloseCode.duplicate, reason });
    expect([by('bb'.repeat(16)), by(''), by(US)].map(isFinal)).toEqual([true, true, false]);
    expect(isFinal({ tag: 'local', code: CloseCode.duplicate, reason: '' })).toBe(false);
  });

  test('is final when either side refused the other', () => {
    const close = { tag: 'local', code: CloseCode.refused, reason: 'no' } as const;
    expect(isFinal(close)).toBe(true);
    for (const [failure, final] of [
      [{ tag: 'protocol_error', detail: '' }, true],
      [{ tag: 'unauthorized', detail: '' }, true],
      [{ tag: 'overloaded', bound: 'connections' }, false],
    ] as const) {
      const idle = { tag: 'idle_timeout' } as const;
      expect(judgeLoss({ shutdown: new Ended(idle, failure) }, US)).toEqual({ failure, final });
    }
  });

  test('is not final when the connection fell silent, or its actor was killed', () => {
    expect(isFinal({ tag: 'idle_timeout' })).toBe(false);
    expect(judgeLoss('killed', US).final).toBe(false);
  });
});

test('a peer refuses when it, or we, said so in the hello; a handshake that fails is that of another, who lives there now', () => {
  const no = { tag: 'unauthorized', detail: 'another realm' } as const;
  const here: CloseReason = { tag: 'local', code: CloseCode.refused, reason: '' };
  expect(refusalOf(new Ended(here, no))).toBe(no);
  const there: CloseReason = { tag: 'remote', code: CloseCode.refused, reason: 'no' };
  expect(refusalOf(new Ended(there, undefined))).toEqual({ tag: 'unauthorized', detail: 'no' });
  const full = { tag: 'overloaded', bound: 'connections' } as const;
  expect(refusalOf(new Ended(here, full))).toBeUndefined();
  const other: CloseReason = { tag: 'handshake_failed', code: 298, by: 'local', detail: '' };
  expect(refusalOf(new Ended(other, undefined))).toBeUndefined();
  expect(refusalOf(new Ended({ tag: 'idle_timeout' }, undefined))).toBeUndefined();
});
