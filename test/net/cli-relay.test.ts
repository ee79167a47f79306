/**
 * `espalier relay` and `espalier dist bridge` end with 2 where what they are told makes no sense, before anything is opened.
 */
import { afterEach, expect, test } from 'vitest';
import { Child, endAll, MAIN } from '../cli/process.ts';

afterEach(endAll);

const BRIDGE = ['dist', 'bridge', '--relay', '127.0.0.1:1', '--name', 'a@127.0.0.1', '--epmd-port', '0'];
const ID = 'ab'.repeat(32);

test.each([
  [['relay', '--listen', 'relay.example:4434'], 'listen'],
  [['relay', '--listen', 'quic://127.0.0.1:4434'], 'listen'],
  [['relay', '--listen', '127.0.0.1:0', '--foreign', 'nowhere'], 'foreign'],
  [['relay', '--listen', '127.0.0.1:0', '--realm-key', 'k', '--membership', 'm'], 'realm'],
  [[...BRIDGE, '--relay', 'https://relay.example'], 'relays'],
  [[...BRIDGE, '--name', 'a'], 'name'],
  [[...BRIDGE, '--host', '0.0.0.0'], 'host'],
  [[...BRIDGE, '--peer', 'b'], 'peers[0]'],
  [[...BRIDGE, '--key', `b=${ID}`], 'keys'],
  [[...BRIDGE, '--cookie-file', '/no/such/file'], 'cookie-file'],
])('%j: %s', async (args, field) => {
  const { code, stdout, stderr } = await new Child([MAIN, ...args, '--json']).ended;
  expect([code, stderr]).toEqual([2, '']);
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { tag: 'invalid_args', details: { field } } });
});
