import { expect, test } from 'vitest';
import { isLocal } from '../../../src/dist/bridge/epmd-connection.ts';

test('who asks is of this host over loopback or from the address that is asked', () => {
  const from = (remoteAddress: string, localAddress = '192.0.2.1'): boolean =>
    isLocal({ remoteAddress, localAddress });
  expect(['127.0.0.1', '127.3.2.1', '::1', '::ffff:127.0.0.1', '192.0.2.1'].map((one) => from(one))).toEqual(
    Array.from({ length: 5 }, () => true),
  );
  const far = ['192.0.2.2', '2001:db8::1', '::ffff:192.0.2.1', '1127.0.0.1', '::11', ''];
  expect(far.filter((one) => from(one))).toEqual([]);
  expect(isLocal({})).toBe(false);
});
