/**
 * `espalier node` and `espalier advertise`: ready lines, signals, what they leave behind.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  advertise,
  endAll,
  espalier,
  FILE_LIMIT,
  nodeWith,
  run,
  SERVICES,
  startNode,
  type Child,
  type Ready,
} from '../cli/process.ts';

let directory: string;
/** For all tests that need just some node. */
let shared: Child;
let url: string;

beforeAll(async () => {
  ({ node: shared, url } = await nodeWith({ limit: FILE_LIMIT }));
});

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'espalier-cli-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

afterAll(async () => {
  expect((await shared.end()).code).toBe(0);
  await endAll();
});

const moduleOf = (text: string): string => {
  const file = join(directory, 'module.mjs');
  writeFileSync(file, text);
  return file;
};

describe('node', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends it with 0 and nothing keeps it alive',
    async (signal) => {
      const { node } = await startNode();
      const ended = await node.end(signal);
      expect(ended).toMatchObject({ code: 0, signal: null });
      expect(ended.stderr).toMatch(new RegExp(`^${signal}: finishing calls in flight .*\\n$`));
    },
  );

  test('without --json its ready line is for people', async () => {
    const node = espalier(['node', '--listen', '127.0.0.1:0']);
    expect(await node.line()).toMatch(/^ready: node https:\/\/127\.0\.0\.1:\d+ id [0-9a-f]{64}$/);
    expect((await node.end()).code).toBe(0);
  });

  test('--ndjson tells each step from ready to stopped', async () => {
    const node = espalier(['node', '--listen', '127.0.0.1:0', '--ndjson', '--drain', '1000']);
    await node.line();
    const ended = await node.end('SIGINT');
    const events = ended.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(events).toEqual([
      expect.objectContaining({ event: 'ready' }),
      { event: 'draining', signal: 'SIGINT', timeout: 1_000 },
      { event: 'stopped' },
    ]);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('calls in flight finish before it ends', async () => {
    const { node, url } = await startNode('--drain', '10000');
    const provider = await advertise(url, SERVICES);
    const calling = espalier(['call', url, 'test.wait', '--timeout', '20000']);
    expect(await provider.line()).toBe('entered');
    const other = espalier(['call', url, 'test.finish']);
    await other.ended;
    expect(await calling.ended).toMatchObject({ code: 0, stdout: '{"waited":true}\n' });
    expect((await node.end()).code).toBe(0);
    expect((await provider.end()).code).toBe(0);
  });

  test('a second signal ends it at once with 130', async () => {
    const node = espalier(['node', '--listen', '127.0.0.1:0', '--ndjson', '--drain', '20000']);
    const { url } = await node.json<Ready>();
    const provider = await advertise(url, SERVICES, '--drain', '100');
    const calling = espalier(['call', url, 'test.hang', '--timeout', '20000', '--json']);
    expect(await provider.line()).toBe('entered');
    node.process.kill('SIGTERM');
    expect(await node.json()).toMatchObject({ event: 'draining' });
    expect(await node.end('SIGTERM')).toMatchObject({ code: 130, signal: null });
    expect((await calling.end('SIGINT')).code).toBe(130);
    expect((await provider.end()).code).toBe(0);
  });

  test('a port that is taken is a failure, as a document too', async () => {
    const listen = url.slice('https://'.length);
    const text = await run(['node', '--listen', listen]);
    expect(text).toMatchObject({ code: 1, stdout: '' });
    expect(text.stderr).toContain('EADDRINUSE');
    const json = await run(['node', '--listen', listen, '--json']);
    expect(json).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, error: { tag: 'bind_failed' } });
  });

  test('--identity keeps the id over restarts, in a file for its owner only', async () => {
    const file = join(directory, 'node.key');
    const first = await startNode('--identity', file);
    await first.node.end();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const second = await startNode('--identity', file);
    expect(second.id).toBe(first.id);
    await second.node.end();
  });

  test('a damaged key file is refused by its name', async () => {
    const file = join(directory, 'node.key');
    writeFileSync(file, 'nonsense', { mode: 0o600 });
    const ended = await run(['node', '--listen', '127.0.0.1:0', '--identity', file, '--json']);
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { tag: 'damaged', details: { file } } });
  });

  test('ESPALIER_LISTEN stands in for --listen', async () => {
    const node = espalier(['node', '--json'], { env: { ESPALIER_LISTEN: '127.0.0.1:0' } });
    expect((await node.json<Ready>()).event).toBe('ready');
    expect((await node.end()).code).toBe(0);
  });
});

describe('advertise', () => {
  test('calls it runs finish before SIGTERM ends it with 0', async () => {
    const provider = espalier(['advertise', url, SERVICES, '--ndjson', '--drain', '10000']);
    await provider.line();
    const calling = espalier(['call', url, 'test.hang', '--timeout', '1500', '--json']);
    expect(await provider.line()).toBe('entered');
    const ended = await provider.end('SIGTERM');
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    // its caller's own deadline ended the call, not the provider's departure
    expect((await calling.ended).code).toBe(4);
  });

  test('a module that keeps timers running cannot keep the process alive', async () => {
    const provider = await advertise(
      url,
      moduleOf(`setInterval(() => {}, 60_000); export default { 'test.echo': (args) => args };`),
    );
    const ended = await provider.end('SIGTERM');
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended.stderr).toContain('something still keeps the process alive');
  });

  test('--crash-details tells a remote caller name and message, never the stack', async () => {
    const provider = await advertise(url, SERVICES, '--crash-details', '--log-level', 'silent');
    const ended = await run(['call', url, 'test.crash', '--json']);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: { details: { detail: 'Error: secret of the handler' } },
    });
    expect(ended.stdout).not.toContain('services.mjs');
    await provider.end();
  });

  test('a signal while the module is still loading ends it with 0', async () => {
    const module = moduleOf(`setInterval(() => {}, 60_000); process.stdout.write('loading\\n');
      await new Promise(() => {}); export default {};`);
    const provider = espalier(['advertise', 'https://127.0.0.1:9', module]);
    expect(await provider.line()).toBe('loading');
    expect(await provider.end('SIGTERM')).toMatchObject({ code: 0, signal: null });
  });

  test('a module that uses another copy of espalier is warned about', async () => {
    const copy = join(directory, 'node_modules', 'espalier');
    mkdirSync(copy, { recursive: true });
    writeFileSync(join(copy, 'package.json'), '{"name":"espalier","main":"index.js"}');
    writeFileSync(join(copy, 'index.js'), '');
    const provider = await advertise(url, moduleOf(`export default { 'test.echo': (args) => args };`));
    const ended = await provider.end();
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain(`uses another copy of espalier (${join(copy, 'index.js')})`);
  });

  test.each([
    { rule: 'a missing file', text: undefined, code: 2, says: 'cannot be read: ENOENT' },
    { rule: 'no default export', text: 'export const a = 1;', code: 2, says: 'has no default export' },
    {
      rule: 'a bad name',
      text: 'export default { Nope: () => 1 };',
      code: 2,
      says: 'procedure "Nope" must be',
    },
    {
      rule: 'a throw',
      text: `throw new Error('not today');`,
      code: 1,
      says: 'cannot be loaded: Error: not today',
    },
    { rule: 'a syntax error', text: 'export default {', code: 1, says: 'cannot be loaded: SyntaxError' },
    {
      rule: 'a missing import',
      text: `import 'no-such-package';`,
      code: 1,
      says: "Cannot find package 'no-such-package'",
    },
  ])('a module with $rule is refused before anything is dialed', async ({ text, code, says }) => {
    const file = text === undefined ? join(directory, 'missing.mjs') : moduleOf(text);
    const ended = await run(['advertise', 'https://127.0.0.1:9', file]);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(says);
  });

  test('an option value that makes no sense is refused by the node’s rules', async () => {
    const module = moduleOf(`export default { 'a.b': { handler: () => 1, ttl: 5 } };`);
    const ended = await run(['advertise', url, module, '--json']);
    expect(ended.code).toBe(2);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      ok: false,
      error: { tag: 'invalid_args', details: { field: 'ttl' } },
    });
  });
});
