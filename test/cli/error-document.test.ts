import { describe, expect, test } from 'vitest';
import { errorDocument, errorLine, isUnforeseen, usageError } from '../../src/cli/error-document.ts';
import { CarrierError } from '../../src/dist/carrier-error.ts';
import { RpcError } from '../../src/mesh/errors/rpc-error.ts';
import { TransportError } from '../../src/transport/transport.ts';

describe('errorDocument', () => {
  test('tells the tag, the message, whether it may be repeated, and the rest of the failure', () => {
    const failure = { tag: 'timeout', timeout: 100, sent: true } as const;
    const document = {
      tag: 'timeout',
      message: 'no answer within 100 ms',
      retryable: false,
      details: { timeout: 100, sent: true },
    };
    expect(errorDocument(new RpcError(failure, 'a.b'))).toEqual(document);
    const repeatable = new RpcError(failure, 'a.b', { idempotent: true });
    expect(errorDocument(repeatable)).toEqual({ ...document, retryable: true });
  });

  test('writes reasons in the form of values', () => {
    const error = new RpcError({
      tag: 'handler_error',
      reason: { raw: new Uint8Array(1), count: 2n ** 60n },
    });
    expect(errorDocument(error).details).toEqual({
      reason: { raw: { $bytes: 'AA==' }, count: { $bigint: '1152921504606846976' } },
    });
  });

  test('takes any error that carries a tagged failure', () => {
    const failure = { tag: 'bind_failed', address: { host: '127.0.0.1', port: 1 }, code: 'EACCES' } as const;
    const error = new TransportError(failure, 'Cannot bind');
    expect(errorDocument(error)).toEqual({
      tag: 'bind_failed',
      message: 'Cannot bind',
      retryable: false,
      details: { address: { host: '127.0.0.1', port: 1 }, code: 'EACCES' },
    });
    expect(isUnforeseen(error)).toBe(false);
  });

  test('takes any error whose failure is a tag alone', () => {
    const error = new CarrierError('address_in_use', 'cannot listen at 127.0.0.1:1');
    const document = { tag: 'address_in_use', message: error.message, retryable: false, details: {} };
    expect(errorDocument(error)).toEqual(document);
    expect([isUnforeseen(error), errorLine(error)]).toEqual([false, error.message]);
  });

  test('calls everything else an internal error', () => {
    expect(errorDocument(new TypeError('x is not a function'))).toMatchObject({
      tag: 'internal_error',
      message: 'x is not a function',
    });
    expect(errorDocument('thrown text')).toMatchObject({ tag: 'internal_error', message: 'thrown text' });
    expect(isUnforeseen(new TypeError(''))).toBe(true);
    expect(errorLine(new TypeError('x'))).toBe('internal error: x');
  });

  test('names the field of a usage error', () => {
    expect(errorDocument(usageError('args', 'must be a JSON object'))).toEqual({
      tag: 'invalid_args',
      message: 'args: must be a JSON object',
      retryable: false,
      details: { field: 'args', detail: 'must be a JSON object' },
    });
  });
});
