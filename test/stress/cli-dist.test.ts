/**
 * The command and the distribution over QUIC: two nodes, and a node with a server of its own; pinged, listed, asked, made to work.
 */
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cookieFiles } from '../cli/cookie.ts';
import { Child, endAll, espalier, FILE_LIMIT, ROOT, run, type Ended, type Ready } from '../cli/process.ts';

const FIXTURE = resolve(ROOT, 'test/cli/fixtures/dist-node.mjs');
const { right, wrong } = cookieFiles();

interface Named extends Ready {
  readonly name: string;
}

const dist = (args: readonly string[], cookie = right): Promise<Ended> =>
  run(['dist', ...args], { env: { ESPALIER_COOKIE_FILE: cookie } });

describe('nodes that were started by espalier node', () => {
  afterEach(endAll);

  test('say their names, are reached by them over QUIC, and see each other', async () => {
    const [one, two] = ['one', 'two'].map(() =>
      espalier(['node', '--listen', '127.0.0.1:0', '--json', '--cookie-file', right]),
    ) as [Child, Child];
    const ready = await one.json<Named>();
    const { port } = new URL(ready.url);
    expect(ready).toMatchObject({ event: 'ready', name: `${port}@127.0.0.1` });
    const { name } = await two.json<Named>();

    expect(await dist(['ping', ready.name])).toEqual({ code: 0, signal: null, stdout: 'pong\n', stderr: '' });
    const pinged = await dist(['ping', name, '--json']);
    expect(pinged).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(pinged.stdout)).toEqual({ ok: true, node: name, micros: expect.any(Number) });

    expect(await dist(['nodes', name])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'it is connected to nobody else\n',
    });
    expect(await dist(['spawn', name, 'erlang', 'node', '--wait'])).toMatchObject({
      code: 0,
      stdout: `'${name}'\n`,
    });
    expect(await dist(['call', name, 'net_kernel', '{is_auth, x}'])).toMatchObject({
      code: 0,
      stdout: 'yes\n',
    });
    expect(await one.end('SIGINT')).toMatchObject({ code: 0, signal: null });

    const gone = await dist(['ping', ready.name, '--timeout', '1000']);
    expect(gone).toMatchObject({ code: 1, stdout: 'pang\n' });
    expect(gone.stderr).toContain(`no connection to ${ready.name}`);
    expect(await two.end('SIGTERM')).toMatchObject({ code: 0, signal: null });
  });

  test('listen where their names say; the name stands on the ready line', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { readonly port: number };
    probe.close();
    const node = espalier(['node', '--name', `${port}@127.0.0.1`, '--cookie-file', right]);
    expect(await node.line()).toMatch(
      new RegExp(
        `^ready: node https://127\\.0\\.0\\.1:${port} id [0-9a-f]{64} name ${port}@127\\.0\\.0\\.1$`,
      ),
    );
    expect((await node.end()).code).toBe(0);
  });

  test('do not start with what makes no sense: exit code 2, and a line that says why', async () => {
    const named = await run(['node', '--name', 'nobody', '--cookie-file', right]);
    expect(named).toMatchObject({ code: 2, stdout: '' });
    expect(named.stderr).toContain('It must be port@host');
    const bare = await run(['node', '--name', '4433@127.0.0.1', '--json']);
    expect(bare).toMatchObject({ code: 2, stderr: '' });
    expect(JSON.parse(bare.stdout)).toMatchObject({
      ok: false,
      error: { tag: 'invalid_args', details: { field: 'cookie-file' } },
    });
  });
});

describe('a node with a server and functions', () => {
  let node: Child;
  let name: string;
  beforeAll(async () => {
    node = new Child([FIXTURE], { limit: FILE_LIMIT });
    ({ name } = await node.json<Named>());
  });
  afterAll(async () => {
    expect(await node.end()).toMatchObject({ code: 0 });
    await endAll();
  });

  test('answers calls by a tag and a payload, by JSON and by any other term', async () => {
    expect(await dist(['call', name, 'counter', '{add, 2}'])).toMatchObject({ code: 0, stdout: '2\n' });
    expect(await dist(['call', name, 'counter', '{"a":["x",1.5]}'])).toMatchObject({
      code: 0,
      stdout: '#{<<"a">> => [<<"x">>,1.5]}\n',
    });
    const called = await dist(['call', name, 'counter', '[{a, <<"b">>, 1 | c}]', '--json']);
    expect(called.code).toBe(2);
    const document = await dist(['call', name, 'counter', '{a, <<"b">>, [1|c]}', '--json']);
    expect(JSON.parse(document.stdout)).toEqual({
      ok: true,
      value: ['a', 'b', { $term: '[1|c]' }],
      term: '{a,<<"b">>,[1|c]}',
      node: name,
      micros: expect.any(Number),
    });
  });

  test('reads the term from stdin', async () => {
    const called = await run(['dist', 'call', name, 'counter', '-', '--cookie-file', right], {
      input: ' {x, 1}.\n',
    });
    expect(called).toMatchObject({ code: 0, stdout: '{x,1}\n', stderr: '' });
  });

  test('runs functions: a pid at once, or the value with --wait', async () => {
    const spawned = await dist(['spawn', name, 'math', 'add', '[1, 2]']);
    expect(spawned).toMatchObject({ code: 0, stderr: '' });
    expect(spawned.stdout).toMatch(new RegExp(`^<'?${name}'?\\.\\d+\\.\\d+>\\n$`));
    const document = await dist(['spawn', name, 'math', 'add', '[1, 2]', '--json']);
    expect(JSON.parse(document.stdout)).toEqual({
      ok: true,
      node: name,
      pid: expect.stringMatching(/^<.*>$/),
    });
    expect(await dist(['spawn', name, 'math', 'add', '[1, 2]', '--wait'])).toMatchObject({
      code: 0,
      stdout: '3\n',
    });
  });

  test.each<readonly [string, readonly string[], number, string]>([
    ['a name that nobody has', ['call', 'NODE', 'nobody', '1'], 3, 'noproc'],
    ['a function that is not exported', ['spawn', 'NODE', 'os', 'cmd', '["id"]', '--wait'], 3, 'undef'],
    ['the same without waiting', ['spawn', 'NODE', 'os', 'cmd', '["id"]'], 3, 'undef'],
    ['no answer in time', ['call', 'NODE', 'counter', 'wait', '--timeout', '900'], 4, 'timeout'],
    ['a server that crashes', ['call', 'NODE', 'counter', 'crash'], 5, 'exit'],
    ['a function that throws', ['spawn', 'NODE', 'math', 'fail', '--wait'], 5, 'exception'],
    ['a term that is none', ['call', 'NODE', 'counter', '{add, X}'], 2, 'invalid_args'],
    ['arguments that are no list', ['spawn', 'NODE', 'math', 'add', '{1, 2}'], 2, 'invalid_args'],
    ['a port besides that of the name', ['ping', 'NODE', '--port', '1'], 2, 'invalid_args'],
  ])('%s has its exit code and its tag, and no secret', async (_what, args, code, tag) => {
    const ended = await dist([...args.map((arg) => (arg === 'NODE' ? name : arg)), '--json']);
    expect(ended.code).toBe(code);
    expect(JSON.parse(ended.stdout)).toMatchObject({ ok: false, error: { tag } });
    expect(ended.stdout + ended.stderr).not.toContain('secret');
  });

  test('says pang to another cookie', async () => {
    const ended = await dist(['ping', name], wrong);
    expect(ended).toMatchObject({ code: 1, stdout: 'pang\n' });
    expect(ended.stderr).toContain('another cookie');
    const document = await dist(['ping', name, '--json'], wrong);
    expect(document).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(document.stdout)).toMatchObject({ ok: false, error: { tag: 'noconnection' } });
  });
});

test('a signal gives a question up: exit code 130', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { readonly port: number };
  const args = ['dist', 'ping', 'silent@127.0.0.1', '--port', String(port), '--cookie-file', right];
  const child = espalier([...args, '--timeout', '20000', '--json']);
  await once(silent, 'connection');
  const ended = await child.end('SIGINT');
  for (const socket of sockets) socket.destroy();
  silent.close();
  expect(ended.code).toBe(130);
  expect(JSON.parse(ended.stdout)).toMatchObject({ error: { tag: 'canceled' } });
});
