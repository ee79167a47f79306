import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../../../src/codec/frame.ts';
import { WIRE_CODES } from '../../../src/codec/wire-error.ts';
import { describeFailure, isRetryable, type RpcFailure } from '../../../src/mesh/errors/rpc-failure.ts';
import { Err, err, isNotFound, RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import { fromWire, toWire } from '../../../src/mesh/errors/wire.ts';

/** Every tag, as a caller sees it, and what is lost on the way over the wire. */
const FAILURES: readonly (readonly [sent: RpcFailure, arrived?: RpcFailure])[] = [
  [{ tag: 'timeout', timeout: 5_000, sent: true }],
  [{ tag: 'timeout', timeout: 5_000, sent: false }],
  [
    { tag: 'timeout', timeout: 5_000 },
    { tag: 'timeout', timeout: 5_000, sent: true },
  ],
  [{ tag: 'service_not_found' }],
  [{ tag: 'procedure_not_found' }],
  [{ tag: 'no_handler' }],
  [{ tag: 'handler_error', reason: { any: ['thing', null] } }],
  [{ tag: 'handler_error', reason: 'no more', code: 'quota_exceeded' }],
  [{ tag: 'handler_crash', id: 'ab12', reason: 'error' }],
  [{ tag: 'handler_crash', id: 'ab12', reason: 'killed', detail: 'TypeError: x' }],
  [{ tag: 'handler_crash', id: 'ab12', reason: 'oom' }],
  [{ tag: 'connection_error', sent: true, detail: 'gone' }],
  [{ tag: 'connection_error', sent: false, detail: 'gone' }],
  [{ tag: 'cross_relay_error' }],
  [{ tag: 'cross_relay_error', detail: 'relay_unreachable' }],
  [{ tag: 'overloaded', bound: 'procedure' }],
  [{ tag: 'canceled' }],
  [{ tag: 'canceled', detail: 'by the peer' }],
  [{ tag: 'unauthorized', detail: 'no' }],
  [{ tag: 'frame_too_large', limit: 1_048_576 }],
  [{ tag: 'invalid_args', field: 'procedure', detail: 'grammar' }],
  [{ tag: 'unencodable', path: '$.a', detail: 'result: cycle' }],
  [
    { tag: 'protocol_error', detail: 'nonsense' },
    { tag: 'connection_error', sent: true, detail: 'nonsense' },
  ],
];

const id = new Uint8Array(16);

/** Encodes, sends and reads. */
function overTheWire(failure: RpcFailure, timeout = 5_000): RpcFailure {
  const encoded = encodeFrame('reply', { call_id: id, error: toWire(failure) });
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.error));
  const decoded = decodeFrame(encoded.bytes);
  if (!decoded.ok || decoded.frame.type !== 'reply') throw new Error('not a reply');
  return fromWire(decoded.frame.payload.error!, timeout);
}

describe('failures over the wire', () => {
  test.each(FAILURES.map(([sent, arrived = sent]) => [sent, arrived] as const))(
    '%o arrives as it was',
    (failure, other) => {
      expect(overTheWire(failure)).toEqual(other);
      // and once more, through a node that passes it on
      expect(overTheWire(overTheWire(failure))).toEqual(other);
    },
  );

  test('every tag is in the table above', () => {
    expect(new Set(FAILURES.map(([{ tag }]) => tag))).toEqual(new Set(Object.keys(WIRE_CODES)));
  });

  test('any text can be sent: control characters, half characters, megabytes', () => {
    // 'binary' is the same, and first makes a table of all million
    const codePoint = fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point));
    fc.assert(
      fc.property(fc.string({ unit: codePoint, maxLength: 3_000 }), (detail) => {
        for (const failure of [
          { tag: 'connection_error', sent: true, detail },
          { tag: 'handler_crash', id: 'x', reason: 'error', detail },
          { tag: 'invalid_args', field: detail, detail },
          { tag: 'unencodable', path: detail, detail },
          { tag: 'canceled', detail },
        ] as const) {
          expect(overTheWire(failure).tag).toBe(failure.tag);
        }
      }),
    );
    const half = '😀'.slice(0, 1);
    expect(overTheWire({ tag: 'unauthorized', detail: half.repeat(100_000) })).toMatchObject({
      tag: 'unauthorized',
    });
  });

  test('no message holds what a handler threw, unless the node shares it', () => {
    const { message, details } = toWire({ tag: 'handler_crash', id: 'ab', reason: 'error' });
    expect([message, details]).toEqual(['the handler crashed (error, ab)', { id: 'ab', reason: 'error' }]);
  });

  test('what a peer wrote for people is cut, and breaks no line', () => {
    const text = `a\u001b[31m\r\n\u2028b\u0085${'x'.repeat(1_048_576)}`;
    const keys = ['detail', 'id', 'bound', 'field', 'path'];
    for (const code of [...Object.keys(WIRE_CODES), 'a_newer_code', text]) {
      for (const details of [Object.fromEntries(keys.map((key) => [key, text])), undefined]) {
        const failure = fromWire({ code, message: text, ...(details === undefined ? {} : { details }) }, 1);
        const { message } = new RpcError(failure, 'a.b');
        for (const shown of [...Object.values(failure), message].filter(
          (value) => typeof value === 'string',
        )) {
          expect(shown.length).toBeLessThan(600);
          // oxlint-disable-next-line no-control-regex
          expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
        }
      }
    }
  });

  test('a declared reason stays whole; the message shows its beginning', () => {
    const reason = `no\n${'x'.repeat(10_000)}`;
    const failure = overTheWire({ tag: 'handler_error', reason });
    expect(failure).toEqual({ tag: 'handler_error', reason });
    expect(new RpcError(failure).message.length).toBeLessThan(600);
    expect(describeFailure(failure)).toMatch(/^the handler answered with an error: no xxx[^\n]*$/);
  });

  test('the words of a refused hello are cut and break no line either', () => {
    const { message } = new RpcError({ tag: 'unauthorized', detail: `no\n${'x'.repeat(100_000)}` });
    expect([message.length < 600, message.includes('\n')]).toEqual([true, false]);
  });

  test('whatever a peer puts into an error, a failure of ours comes out', () => {
    const anything = fc.record(
      {
        code: fc.oneof(fc.constantFrom(...Object.keys(WIRE_CODES)), fc.string()),
        message: fc.string(),
        details: fc.jsonValue(),
      },
      { requiredKeys: ['code', 'message'] },
    );
    fc.assert(
      fc.property(anything, (error) => {
        const failure = fromWire(error as never, 1_000);
        expect(Object.keys(WIRE_CODES)).toContain(failure.tag);
        expect(typeof describeFailure(failure)).toBe('string');
        expect(typeof isRetryable(failure)).toBe('boolean');
        for (const key of ['detail', 'id', 'bound', 'field', 'path'] as const) {
          if (key in failure) expect(typeof (failure as Record<string, unknown>)[key]).toBe('string');
        }
      }),
    );
  });
});

describe('RpcError', () => {
  test('says procedure, words and tag; knows what may be tried again and what was not found', () => {
    const error = new RpcError({ tag: 'no_handler' }, 'a.b', { cause: null });
    expect(error.message).toBe('a.b: the provider no longer has a handler [no_handler]');
    expect([error.retryable, isNotFound(error), error.cause, error.tag]).toEqual([
      true,
      true,
      null,
      'no_handler',
    ]);
    expect(isNotFound(new RpcError({ tag: 'overloaded', bound: 'peer' }))).toBe(false);
    expect(isNotFound({ failure: { tag: 'no_handler' } })).toBe(false);
  });

  test('what was sent is not to be repeated, what was not may be', () => {
    expect(isRetryable({ tag: 'connection_error', sent: true, detail: '' })).toBe(false);
    expect(isRetryable({ tag: 'connection_error', sent: false, detail: '' })).toBe(true);
  });

  test('a timeout may be repeated when nothing was sent, or when the call was idempotent', () => {
    const sent = { tag: 'timeout', timeout: 5, sent: true } as const;
    expect(isRetryable({ ...sent, sent: false })).toBe(true);
    expect([isRetryable(sent), isRetryable({ tag: 'timeout', timeout: 5 })]).toEqual([false, false]);
    const lost = { tag: 'connection_error', sent: true, detail: '' } as const;
    for (const failure of [sent, lost]) {
      expect(new RpcError(failure, 'a.b').retryable).toBe(false);
      expect(new RpcError(failure, 'a.b', { idempotent: true }).retryable).toBe(true);
    }
    expect(new RpcError({ tag: 'canceled' }, 'a.b', { idempotent: true }).retryable).toBe(false);
  });

  test('an Err is known by its mark, and asking springs no trap', () => {
    expect(Err.is(err('x'))).toBe(true);
    const trap = (): never => {
      throw new Error('trap');
    };
    expect(Err.is(new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap }))).toBe(false);
    expect([null, undefined, 1, { reason: 'x' }].some(Err.is)).toBe(false);
  });
});
