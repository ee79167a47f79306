/** The command and a real Erlang: who pings whom, a gen_server that is asked, cookies, and names that are taken. */
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCookie } from '../../src/cli/dist/cookie-file.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import { cookieFiles } from '../cli/cookie.ts';
import { endAll, espalier, run, type Ended, type Ready } from '../cli/process.ts';
import { erlNode, startEpmd, type Erl } from './dist-pair.ts';

const { folder, right, wrong } = cookieFiles();

const dist = (args: readonly string[], cookie = right): Promise<Ended> =>
  run(['dist', ...args, '--cookie-file', cookie]);

const SERVER = `spawn(fun() -> register(echo, self()), (fun Loop() -> receive
  {'$gen_call', _, stop} -> exit(stopped);
  {'$gen_call', From, Request} -> gen_server:reply(From, {Request, node()}), Loop() end end)() end),
  (fun Wait() -> case whereis(echo) of undefined -> erlang:yield(), Wait(); _ -> ok end end)()`;

let erl: Erl;
beforeAll(async () => {
  startEpmd();
  erl = await erlNode();
});
afterAll(endAll);

describe('espalier dist and an Erlang node', () => {
  test('pings it by EPMD and by its port, and lists whom it is connected to', async () => {
    expect(await dist(['ping', erl.name])).toEqual({ code: 0, signal: null, stdout: 'pong\n', stderr: '' });
    const other = await erlNode();
    expect(await other.erl.eval(`net_adm:ping('${erl.name}')`)).toBe(atom('pong'));
    expect(await dist(['nodes', erl.name])).toMatchObject({ code: 0, stdout: `${other.name}\n` });
    const listed = await dist(['nodes', erl.name, '--json']);
    expect(JSON.parse(listed.stdout)).toEqual({ ok: true, node: erl.name, nodes: [other.name] });
    const alive = erl.name.slice(0, erl.name.indexOf('@'));
    const port = await erl.erl.eval(
      `{ok, Names} = erl_epmd:names({127,0,0,1}), element(2, lists:keyfind("${alive}", 1, Names))`,
    );
    expect(await dist(['ping', erl.name, '--port', String(port)])).toMatchObject({
      code: 0,
      stdout: 'pong\n',
    });
  });

  test('asks a gen_server, in terms of Erlang and in JSON', async () => {
    await erl.erl.eval(SERVER);
    expect(await dist(['call', erl.name, 'echo', '{add, "x", <<"é"/utf8>>, #{a => 1.0}}'])).toMatchObject({
      code: 0,
      stdout: `{{add,"x",<<"é"/utf8>>,#{a => 1.0}},'${erl.name}'}\n`,
      stderr: '',
    });
    const called = await dist(['call', erl.name, 'echo', '{"a":["x",null]}', '--json']);
    expect(JSON.parse(called.stdout)).toMatchObject({
      ok: true,
      value: [{ a: ['x', null] }, erl.name],
      term: `{#{<<"a">> => [<<"x">>,null]},'${erl.name}'}`,
    });
    expect((await dist(['call', erl.name, 'nobody', '1'])).code).toBe(3);
    const ended = await dist(['call', erl.name, 'echo', 'stop']);
    expect(ended).toMatchObject({ code: 5, stdout: '', stderr: 'error: it ended: stopped\n' });
  });

  test('spawns any function of it', async () => {
    expect((await dist(['spawn', erl.name, 'erlang', 'self'])).stdout).toMatch(
      /^<erl\d+_\d+@127\.0\.0\.1\.\d+\.\d+>\n$/,
    );
    expect(await dist(['spawn', erl.name, 'lists', 'seq', '[1, 3]', '--wait'])).toMatchObject({
      code: 0,
      stdout: '[1,2,3]\n',
    });
    const failed = await dist(['spawn', erl.name, 'erlang', 'abs', '[a]', '--wait']);
    expect(failed).toMatchObject({ code: 5, stderr: 'error: it failed (error): badarg\n' });
    expect((await dist(['spawn', erl.name, 'lists', 'nothing', '--wait'])).code).toBe(3);
    const nested = await dist([
      'spawn',
      erl.name,
      'erlang',
      'apply',
      '[lists, nothing, []]',
      '--wait',
      '--json',
    ]);
    expect([nested.code, (JSON.parse(nested.stdout) as { readonly error: unknown }).error]).toMatchObject([
      5,
      { tag: 'exception', details: { class: 'error', reason: 'undef' } },
    ]);
  });

  test('says pang with another cookie, and to a name that EPMD does not know', async () => {
    expect(await dist(['ping', erl.name], wrong)).toMatchObject({ code: 1, stdout: 'pang\n' });
    const unknown = await dist(['ping', 'nobody@127.0.0.1']);
    expect(unknown).toMatchObject({ code: 1, stdout: 'pang\n' });
    expect(unknown.stderr).toContain('EPMD does not know');
  });
});

describe('espalier node --erlang', () => {
  test('is reached by Erlang over TCP and by the command over QUIC, by one name, and is alone with it', async () => {
    const node = espalier(['node', '--listen', '127.0.0.1:0', '--cookie-file', right, '--erlang', '--json']);
    const { name } = await node.json<Ready & { readonly name: string }>();
    expect(await erl.erl.eval(`net_adm:ping('${name}')`)).toBe(atom('pong'));
    expect(await erl.erl.eval(`erpc:call('${name}', erlang, node, [])`)).toBe(atom(name));
    expect(await erl.erl.eval(`rpc:call('${name}', erlang, nodes, [connected])`)).toEqual([atom(erl.name)]);
    expect(await erl.erl.eval(`rpc:call('${name}', erlang, nodes, [])`)).toEqual([]);
    expect(await dist(['nodes', name])).toMatchObject({ code: 0, stdout: `${erl.name}\n` });
    expect(await dist(['nodes', erl.name])).toMatchObject({ code: 0, stdout: expect.stringContaining(name) });
    expect(await node.end('SIGINT')).toMatchObject({ code: 0, signal: null });
    expect(await erl.erl.eval(`net_adm:ping('${name}')`)).toBe(atom('pang'));
  });

  test('may have a name that only Erlang finds; not one that is taken', async () => {
    const name = `cli${process.pid}@127.0.0.1`;
    const args = ['node', '--listen', '127.0.0.1:0', '--cookie-file', right, '--erlang', '--json'];
    const node = espalier([...args, '--name', name]);
    expect(await node.json<object>()).toMatchObject({ name });
    expect(await erl.erl.eval(`net_adm:ping('${name}')`)).toBe(atom('pong'));
    expect(await dist(['ping', name])).toMatchObject({ code: 0 });
    const second = await run([...args, '--name', name]);
    expect(second).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(second.stdout)).toMatchObject({ error: { tag: 'name_taken' } });
    expect((await node.end()).code).toBe(0);
  });

  test('says what to do where there is no EPMD', async () => {
    const args = ['node', '--listen', '127.0.0.1:0', '--cookie-file', right, '--erlang'];
    const ended = await run(args, { env: { ERL_EPMD_PORT: '1' } });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^error: EPMD does not answer at 127\.0\.0\.1:1 .*epmd -daemon.*\n$/);
  });
});

describe('a cookie file', () => {
  const home = (text: string, mode: number): string => {
    const file = join(folder, '.erlang.cookie');
    rmSync(file, { force: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  };
  /** What Erlang takes from it; undefined when it refuses. */
  const theirs = (): string | undefined => {
    const show = 'io:format("[~s]", [erlang:get_cookie()]), halt().';
    const args = ['-noshell', '-noinput', '-name', `cookie${process.pid}@127.0.0.1`, '-eval', show];
    const { stdout, status } = spawnSync('erl', args, {
      env: { ...process.env, HOME: folder, ERL_CRASH_DUMP_SECONDS: '0' },
      encoding: 'utf8',
    });
    return status === 0 ? /\[(.*)\]/.exec(stdout)?.[1] : undefined;
  };
  const ours = (file: string): string | undefined => {
    try {
      return readCookie(file);
    } catch {
      return undefined;
    }
  };

  test.each<readonly [string, number]>([
    ['lattice', 0o400],
    ['lattice\r\n\n', 0o600],
    ['two words \n ', 0o400],
    ['two\nlines', 0o400],
    ['tab\there', 0o400],
    ['\n', 0o400],
    ['lattice', 0o440],
    ['lattice', 0o404],
  ])('%j with mode %o is taken as Erlang takes it', (text, mode) => {
    expect(ours(home(text, mode))).toBe(theirs());
  });
});
