/**
 * Secrets stay where they are, with the command: real processes over QUIC, logging everything (SECURITY §12).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { advertiseWith, endAll, nodeWith, run, type Child, type Ended } from '../cli/process.ts';

const SECRET = 'canary-3d1f77a0b2';
const ENV = { ESPALIER_TEST_CANARY: SECRET };

/** A module whose handlers throw what they find in the environment and in their args. */
const MODULE = `
const secret = process.env.ESPALIER_TEST_CANARY;
export default {
  'leak.message': () => { throw new TypeError('wrong password ' + secret); },
  'leak.cause': () => { throw new Error('x', { cause: new Error(secret, { cause: secret }) }); },
  'leak.name': () => { throw Object.assign(new Error(secret), { name: secret, code: secret, token: secret }); },
  'leak.stack': () => { const error = new Error('x'); error.stack = 'Error: x\\n    at ' + secret; throw error; },
  'leak.string': () => { throw secret; },
  'leak.object': async () => { throw { token: secret }; },
  'leak.args': ({ password }) => { throw new Error(password); },
  'leak.slow': () => new Promise(() => {}),
  'leak.result': () => ({ secret, sent: () => secret }),
};
`;
const CRASHES = ['message', 'cause', 'name', 'stack', 'string', 'object', 'args'].map(
  (name) => `leak.${name}`,
);

const folder = mkdtempSync(join(tmpdir(), 'espalier-redaction-'));
const file = join(folder, 'leak.mjs');
const key = join(folder, 'node.key');
writeFileSync(file, MODULE);

let node: Child;
let quiet: Child;
let url: string;

beforeAll(async () => {
  ({ node, url } = await nodeWith({ env: ENV }, '--log-level', 'trace', '--identity', key));
  quiet = await advertiseWith({ env: ENV }, url, file, '--log-level', 'trace');
});

afterAll(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

/** The args come from stdin: a command line is no place for a secret. */
const call = (procedure: string, ...args: readonly string[]): Promise<Ended> =>
  run(['call', url, procedure, '-', '--json', '--log-level', 'trace', ...args], {
    env: ENV,
    input: JSON.stringify({ password: SECRET }),
  });

test('neither the caller, the provider nor the node writes it; every crash has an id in the log', async () => {
  const ids: string[] = [];
  const written: string[] = [];
  for (const procedure of CRASHES) {
    const ended = await call(procedure);
    expect(ended.code).toBe(5);
    const { error } = JSON.parse(ended.stdout) as { error: { details: { id: string } } };
    expect(Object.keys(error.details)).toEqual(['id', 'reason']);
    ids.push(error.details.id);
    written.push(ended.stdout, ended.stderr);
  }
  for (const ended of [
    await call('leak.slow', '--timeout', '200'),
    await call('leak.result'),
    await call('leak.absent'),
    await run(['call', url, 'leak.args', '-', '--json'], { env: ENV, input: `{"password":"${SECRET}"` }),
    await run(['call', url, 'leak.args', '-', '--json'], { env: ENV, input: `["${SECRET}"]` }),
  ]) {
    expect(ended.code).not.toBe(0);
    written.push(ended.stdout, ended.stderr);
  }
  const [provided, served] = [await quiet.end(), await node.end()];
  written.push(provided.stdout, provided.stderr, served.stdout, served.stderr);
  for (const text of written) expect(text).not.toContain(SECRET);
  for (const id of ids) expect(provided.stderr).toContain(id);
  expect(served.stderr).toContain('"event":"rpc.completed"');

  const pem = readFileSync(key, 'utf8');
  const body = pem.split('\n').find((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line)) ?? '';
  expect(body.length).toBeGreaterThan(40);
  const seed = Buffer.from(body, 'base64').subarray(-32);
  for (const text of written) {
    for (const form of [body, seed.toString('hex'), seed.toString('base64').slice(0, 40)])
      expect(text).not.toContain(form);
  }
});

test('with --crash-details name and message are told, nothing else', async () => {
  const { node: own, url: at } = await nodeWith({ env: ENV }, '--crash-details');
  const open = await advertiseWith({ env: ENV }, at, file, '--crash-details');
  const ended = await run(['call', at, 'leak.cause', '--json'], { env: ENV });
  const other = await run(['call', at, 'leak.message', '--json'], { env: ENV });
  expect(other.stdout).toContain(`TypeError: wrong password ${SECRET}`);
  for (const text of [ended.stdout, ended.stderr]) expect(text).not.toContain(SECRET);
  for (const text of [other.stdout, other.stderr]) expect(text).not.toMatch(/leak\.mjs|\bat \S+ \(/);
  const { stderr } = await open.end();
  expect(stderr).toContain(`TypeError: wrong password ${SECRET}`);
  await own.end();
});
