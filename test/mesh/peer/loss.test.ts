import { describe, expect, test } from 'vitest';
import { Ended } from '../../../src/mesh/connection/messages.ts';
import { judgeLoss } from '../../../src/mesh/peer/loss.ts';
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
