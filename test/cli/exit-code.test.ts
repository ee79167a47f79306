import { describe, expect, test } from 'vitest';
import { exitCodeOf } from '../../src/cli/exit-code.ts';
import { RpcError } from '../../src/mesh/errors/rpc-error.ts';
import type { RpcFailure } from '../../src/mesh/errors/rpc-failure.ts';
import { TransportError } from '../../src/transport/transport.ts';

const CODES: readonly (readonly [RpcFailure, number])[] = [
  [{ tag: 'invalid_args', field: 'args', detail: '' }, 2],
  [{ tag: 'service_not_found' }, 3],
  [{ tag: 'procedure_not_found' }, 3],
  [{ tag: 'no_handler' }, 3],
  [{ tag: 'timeout', timeout: 1 }, 4],
  [{ tag: 'handler_error', reason: null }, 5],
  [{ tag: 'handler_crash', id: '', reason: 'error' }, 5],
  [{ tag: 'connection_error', sent: true, detail: '' }, 1],
  [{ tag: 'cross_relay_error' }, 1],
  [{ tag: 'overloaded', bound: 'peer' }, 1],
  [{ tag: 'canceled' }, 1],
  [{ tag: 'unauthorized', detail: '' }, 1],
  [{ tag: 'frame_too_large', limit: 1 }, 1],
  [{ tag: 'unencodable', path: '$', detail: '' }, 1],
  [{ tag: 'protocol_error', detail: '' }, 1],
];

describe('exitCodeOf', () => {
  test.each(CODES.map(([failure, code]) => ({ tag: failure.tag, failure, code })))(
    '$tag exits with $code',
    ({ failure, code }) => {
      expect(exitCodeOf(new RpcError(failure))).toBe(code);
    },
  );

  test('a wrong option of the transport is usage, any other error a failure', () => {
    const option = { tag: 'invalid_option', option: 'bind', detail: '' } as const;
    const bind = { tag: 'bind_failed', address: { host: '::1', port: 1 }, code: 'EACCES' } as const;
    expect(exitCodeOf(new TransportError(option, ''))).toBe(2);
    expect(exitCodeOf(new TransportError(bind, ''))).toBe(1);
    expect(exitCodeOf(new Error('other'))).toBe(1);
    expect(exitCodeOf('thrown text')).toBe(1);
  });
});
