import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ECHO,
  OTHER_HOST,
  OTHER_PORT,
  readEcho,
  SAME_SOCKET,
  writeEcho,
} from '../../../src/mesh/nat/detection/echo.ts';
import { filteringOf, mostOpen, originOf, whyUnknown } from '../../../src/mesh/nat/detection/filtering.ts';

const kind = fc.constantFrom(SAME_SOCKET, OTHER_PORT, OTHER_HOST);
const kinds = fc.uniqueArray(kind).map((all) => new Set(all));
const none = new Set<never>();
const all = new Set([SAME_SOCKET, OTHER_PORT, OTHER_HOST] as const);

describe('filteringOf', () => {
  test('says nothing but `unknown` when nothing arrived at all', () => {
    fc.assert(
      fc.property(kinds, (sent) => {
        expect(filteringOf({ sent, arrived: none })).toBe('unknown');
      }),
    );
  });

  test('concludes nothing from the silence of what was not sent', () => {
    fc.assert(
      fc.property(kinds, (arrived) => {
        expect(['ei', 'unknown']).toContain(filteringOf({ sent: none, arrived }));
      }),
    );
  });

  test('the more gets in, the more open it is', () => {
    expect(filteringOf({ sent: all, arrived: new Set([SAME_SOCKET]) })).toBe('pd');
    expect(filteringOf({ sent: all, arrived: new Set([SAME_SOCKET, OTHER_PORT]) })).toBe('hd');
    expect(filteringOf({ sent: all, arrived: all })).toBe('ei');
  });

  test('whatever it does not know it can say why', () => {
    fc.assert(
      fc.property(kinds, kinds, (sent, arrived) => {
        if (filteringOf({ sent, arrived }) === 'unknown') expect(whyUnknown({ sent, arrived })).not.toBe('');
      }),
    );
    expect(whyUnknown({ sent: none, arrived: none })).toContain('no station');
    expect(whyUnknown({ sent: all, arrived: none })).toContain('not even from its own port');
    expect(whyUnknown({ sent: new Set([SAME_SOCKET]), arrived: new Set([SAME_SOCKET]) })).toContain(
      'no other port',
    );
  });
});

test('of two measurements the one that let more in counts', () => {
  expect(mostOpen(['pd', 'unknown', 'hd'])).toBe('hd');
  expect(mostOpen(['unknown', 'pd'])).toBe('pd');
  expect(mostOpen([])).toBe('unknown');
});

test('an echo proves where it came from, whatever it says', () => {
  const asked = { host: '203.0.113.1', port: 9_443 };
  const contacted = (host: string): boolean => host === '203.0.113.9';
  expect(originOf(asked, asked, contacted)).toBe(SAME_SOCKET);
  expect(originOf({ ...asked, port: 1 }, asked, contacted)).toBe(OTHER_PORT);
  expect(originOf({ host: '203.0.113.4', port: 1 }, asked, contacted)).toBe(OTHER_HOST);
  expect(originOf({ host: '203.0.113.9', port: 1 }, asked, contacted)).toBeUndefined();
});

describe('echoes', () => {
  test('are read as they were written', () => {
    fc.assert(
      fc.property(kind, fc.uint8Array({ minLength: 16, maxLength: 16 }), (which, nonce) => {
        const bytes = writeEcho(which, nonce);
        expect(bytes).toHaveLength(18);
        expect(readEcho(bytes)).toEqual({ kind: which, nonce: Buffer.from(nonce).toString('hex') });
      }),
    );
  });

  test('anything else is none', () => {
    const good = writeEcho(OTHER_PORT, new Uint8Array(16));
    for (const bytes of [
      new Uint8Array(),
      good.subarray(0, 17),
      Uint8Array.from([...good, 0]),
      Uint8Array.from([2, ...good.subarray(1)]),
      Uint8Array.from([ECHO, 3, ...good.subarray(2)]),
    ])
      expect(readEcho(bytes)).toBeUndefined();
  });
});
