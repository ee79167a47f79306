/**
 * The command among several nodes: `node --bootstrap`, `peers`, `dht lookup`, `call --explain`.
 */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  advertiseWith,
  CALCULATOR,
  endAll,
  espalier,
  FILE_LIMIT,
  nodeWith,
  run,
  type Child,
} from '../cli/process.ts';

const SUM = '{"operation":"add","a":2,"b":3}';
const NAME = 'calculator.compute';

interface Place {
  readonly node: Child;
  readonly url: string;
  readonly id: string;
}

interface PeerDocument {
  readonly nodeId: string;
  readonly kind: string;
}

let first: Place;
let second: Place;
let outside: Place;
let provider: Child;

const json = <T>(text: string): T => JSON.parse(text) as T;

beforeAll(async () => {
  first = await nodeWith({ limit: FILE_LIMIT });
  second = await nodeWith({ limit: FILE_LIMIT }, '--bootstrap', `https://127.0.0.1:9,${first.url}`);
  outside = await nodeWith({ limit: FILE_LIMIT }, '--no-dht', '--bootstrap', first.url);
  provider = await advertiseWith({ limit: FILE_LIMIT }, second.url, CALCULATOR);
  // others find it a moment after it is served
  const found = async (): Promise<boolean> =>
    (await run(['dht', 'lookup', NAME, '--node', first.url])).code === 0;
  for (let tries = 0; tries < 20 && !(await found()); tries++);
});

afterAll(async () => {
  for (const child of [provider, outside.node, second.node, first.node])
    expect((await child.end()).code).toBe(0);
  await endAll();
});

describe('node', () => {
  test('--ndjson tells when it has its place among the others; the ready line stays as it is', async () => {
    const node = espalier(['node', '--listen', '127.0.0.1:0', '--ndjson', '--bootstrap', first.url]);
    expect(await node.json()).toEqual({
      event: 'ready',
      url: expect.any(String) as string,
      id: expect.any(String) as string,
    });
    expect(await node.json()).toEqual({ event: 'joined' });
    expect((await node.end()).code).toBe(0);
  });

  test('ESPALIER_BOOTSTRAP stands in for --bootstrap', async () => {
    const env = { ESPALIER_BOOTSTRAP: first.url };
    const node = espalier(['node', '--listen', '127.0.0.1:0', '--ndjson'], { env });
    await node.line();
    expect(await node.json()).toEqual({ event: 'joined' });
    await node.end();
  });

  test.each([
    { rule: 'a bootstrap that is no URL', args: ['--bootstrap', 'ftp://x'], says: 'bootstrap' },
    { rule: 'an empty bootstrap', args: ['--bootstrap', ','], says: 'with commas between' },
    { rule: 'an address that nobody can dial', args: ['--announce', 'nowhere'], says: 'announce' },
  ])('$rule is a mistake in the command line', async ({ args, says }) => {
    const ended = await run(['node', '--listen', '127.0.0.1:0', ...args]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(says);
  });
});

describe('peers', () => {
  test('--json tells of every peer where it is, on which path, how far and since when', async () => {
    const ended = await run(['peers', second.url, '--json']);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const { ok, total, peers } = json<{ ok: boolean; total: number; peers: readonly PeerDocument[] }>(
      ended.stdout,
    );
    expect([ok, total]).toEqual([true, peers.length]);
    expect(peers.find(({ nodeId }) => nodeId === first.id)).toEqual({
      nodeId: first.id,
      address: new URL(first.url).host,
      direction: 'out',
      kind: 'node',
      dht: true,
      path: 'direct',
      via: '',
      tls: false,
      rtt: expect.any(Number) as number,
      inFlight: 0,
      age: expect.any(Number) as number,
      unused: expect.any(Number) as number,
      suspect: false,
    });
    expect(peers.filter(({ kind }) => kind === 'client')).toHaveLength(1);
  });

  test('prints a table for people, and how many there are on stderr', async () => {
    const ended = await run(['peers', second.url]);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/^id +address +kind +path +dialed +rtt +in flight +since +state$/m);
    expect(ended.stdout).toMatch(
      new RegExp(`^${first.id.slice(0, 16)}  127\\.0\\.0\\.1:\\d+ +node, dht +direct +by it +`, 'm'),
    );
    expect(ended.stderr).toMatch(/^\d+ connected\n$/);
  });

  test('exits with 4 where nobody answers', async () => {
    const ended = await run(['peers', 'https://127.0.0.1:9', '--timeout', '200', '--json']);
    expect(ended).toMatchObject({ code: 4, stderr: '' });
    expect(json<unknown>(ended.stdout)).toMatchObject({ ok: false, error: { tag: 'timeout' } });
  });
});

describe('dht lookup', () => {
  test('--node asks a running node, which tells what the lookup took', async () => {
    // the environment of a node is none of its business
    const env = { ESPALIER_BOOTSTRAP: 'https://127.0.0.1:9' };
    const ended = await run(['dht', 'lookup', NAME, '--node', first.url, '--json'], { env });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(json<unknown>(ended.stdout)).toEqual({
      ok: true,
      procedure: NAME,
      providers: [
        {
          nodeId: second.id,
          endpoints: [new URL(second.url).host],
          metadata: expect.any(Object) as object,
          advertisedAt: expect.any(Number) as number,
          ttl: 300,
          route: 'dht',
        },
      ],
      asked: expect.any(Number) as number,
      answered: expect.any(Number) as number,
      failed: expect.any(Number) as number,
      hops: 1,
      ms: expect.any(Number) as number,
    });
  });

  test('--bootstrap joins for the lookup, by any of several nodes', async () => {
    const lookup = ['dht', 'lookup', NAME, '--ndjson'];
    const ended = await run([...lookup, '--bootstrap', first.url, '--bootstrap', second.url]);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const [found, done] = ended.stdout
      .trim()
      .split('\n')
      .map(json<unknown>);
    expect(found).toMatchObject({ event: 'provider', nodeId: second.id });
    expect(done).toMatchObject({ event: 'done', ok: true });
  });

  test('3: nobody serves it, and the document still tells what that took', async () => {
    const ended = await run(['dht', 'lookup', 'nobody.here', '--node', second.url, '--json']);
    expect(ended).toMatchObject({ code: 3, stderr: '' });
    expect(json<unknown>(ended.stdout)).toEqual({
      ok: false,
      error: {
        tag: 'service_not_found',
        message: expect.any(String) as string,
        retryable: true,
        details: {
          asked: expect.any(Number) as number,
          answered: expect.any(Number) as number,
          failed: expect.any(Number) as number,
          hops: expect.any(Number) as number,
          ms: expect.any(Number) as number,
        },
      },
    });
    expect((await run(['dht', 'lookup', 'nobody.here', '--node', second.url])).stderr).toMatch(
      /^nobody serves nobody\.here; nodes asked: \d+, /,
    );
  });

  test('1: the node takes no part in the DHT', async () => {
    const ended = await run(['dht', 'lookup', NAME, '--node', outside.url, '--json']);
    expect(ended.code).toBe(1);
    expect(json<unknown>(ended.stdout)).toMatchObject({ error: { tag: 'connection_error' } });
  });

  test('2: a name that is none: what it must be, in the words of `call`', async () => {
    const ended = await run(['dht', 'lookup', 'Bad Name', '--node', first.url]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(/^error: procedure: must be 2 to 10 segments /);
  });

  test('4: none of the bootstraps answers in time', async () => {
    const nowhere = ['--bootstrap', 'https://127.0.0.1:9', '--log-level', 'silent'];
    const ended = await run(['dht', 'lookup', NAME, ...nowhere, '--timeout', '700', '--json']);
    expect(ended).toMatchObject({ code: 4, stderr: '' });
    expect(json<unknown>(ended.stdout)).toMatchObject({ ok: false, error: { tag: 'timeout' } });
  });

  test('130: a signal while it joins', async () => {
    const nowhere = ['--bootstrap', 'https://127.0.0.1:9', '--log-level', 'info'];
    const lookup = espalier(['dht', 'lookup', NAME, ...nowhere, '--timeout', '20000', '--json']);
    // its own node is up
    await once(lookup.process.stderr as NodeJS.ReadableStream, 'data');
    const ended = await lookup.end('SIGINT');
    expect(ended).toMatchObject({ code: 130, signal: null });
    expect(json<unknown>(ended.stdout)).toMatchObject({ error: { tag: 'canceled' } });
  });

  test.each([
    { rule: 'neither a node nor bootstraps', args: [], says: 'name a running node (--node)' },
    { rule: 'a bootstrap that is no URL', args: ['--bootstrap', 'ftp://x'], says: 'bootstrap' },
    { rule: 'both', args: ['--node', 'a:1', '--bootstrap', 'b:2'], says: 'cannot be used with' },
  ])('2: $rule', async ({ args, says }) => {
    const ended = await run(['dht', 'lookup', NAME, ...args]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(says);
  });
});

describe('call --explain', () => {
  test('tells on stderr how the provider was found and who was tried; stdout is the value alone', async () => {
    const ended = await run(['call', first.url, NAME, SUM, '--explain']);
    expect(ended).toMatchObject({ code: 0, stdout: '{"result":5}\n' });
    expect(ended.stderr).toMatch(
      /^found: (cache|dht); 1 provider known(, 1 hop)?; [\d.]+ ms to find, [\d.]+ ms in all\n/,
    );
    expect(ended.stderr).toMatch(new RegExp(`^  1  ${second.id.slice(0, 16)}  (cache|dht)  ok  sent  `, 'm'));
  });

  test('--json has it in the document, of a failure too; route and node are those of the provider', async () => {
    const good = json<{ readonly explanation: unknown }>(
      (await run(['call', first.url, NAME, SUM, '--explain', '--json'])).stdout,
    );
    expect(good).toMatchObject({ route: expect.stringMatching(/^(cache|dht)$/) as string, node: second.id });
    expect(good.explanation).toMatchObject({
      tier: expect.stringMatching(/^(cache|dht)$/) as string,
      providers: 1,
      attempts: [{ node: second.id, outcome: 'ok', sent: true }],
    });
    const bad = await run(['call', first.url, 'nobody.here', '--explain', '--json']);
    expect(bad.code).toBe(3);
    expect(json<unknown>(bad.stdout)).toMatchObject({
      ok: false,
      error: { tag: 'service_not_found' },
      explanation: { providers: 0, attempts: [] },
    });
  });

  test('a node without the DHT asks the node it knows', async () => {
    const ended = await run(['call', outside.url, NAME, SUM, '--explain', '--json']);
    expect(ended.code).toBe(0);
    expect(json<unknown>(ended.stdout)).toMatchObject({
      value: { result: 5 },
      explanation: { tier: 'direct', attempts: [{ route: 'direct', outcome: 'ok' }] },
    });
  });
});
