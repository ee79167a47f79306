/**
 * `espalier relay` and `espalier dist bridge` end with 2 where what they are told makes no sense, before anything is opened; with
 * `--ndjson` they tell all that happens.
 */
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Child, endAll, espalier, MAIN, type Ready } from '../cli/process.ts';
import { aliveRequest } from '../dist/bridge/epmd-bytes.ts';

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

test('--ndjson: a line for each event, between that of the start and that of the end', async () => {
  const relay = espalier(['relay', '--listen', '127.0.0.1:0', '--ndjson']);
  const { url, id } = await relay.json<Ready>();
  const name = 'a@127.0.0.1';
  const bridge = espalier(`dist bridge --relay ${url} --name ${name} --epmd-port 0 --ndjson`.split(' '));
  const ready = await bridge.json<{ readonly epmdPort: number; readonly id: string }>();
  expect(await bridge.json()).toEqual({ event: 'dist.relay_ready', node: name, relay: url });
  const identified = { event: 'dist.client_identified', node: name, address: expect.any(String) };
  expect(await relay.json()).toEqual(identified);
  const socket = connect(ready.epmdPort, '127.0.0.1', () => socket.write(aliveRequest('a', 4_242)));
  expect(await bridge.json()).toEqual({ event: 'bridge.registered', node: name, port: 4_242 });
  socket.destroy();
  const unregistered = { event: 'bridge.unregistered', node: name };
  expect(await bridge.json()).toEqual(unregistered);
  const bridgeEnd = await bridge.end('SIGINT');
  const left = { event: 'dist.client_left', node: name, reason: expect.any(String) };
  expect(await relay.json()).toEqual(left);
  const ends = [bridgeEnd, await relay.end('SIGTERM')];
  expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  const told = ends.map(({ stdout }) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  );
  expect(told[0]?.[0]).toEqual({ event: 'ready', name, epmdPort: ready.epmdPort, id: ready.id });
  expect(told[0]?.slice(3)).toEqual([unregistered, { event: 'stopped', signal: 'SIGINT' }]);
  expect(told[1]).toEqual([
    { event: 'ready', url, id },
    identified,
    left,
    { event: 'stopped', signal: 'SIGTERM' },
  ]);
});
