/** docs/erlang.md and the examples with Erlang do what they say, with a real Erlang. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { erlNode, startEpmd } from './dist-pair.ts';

const PAGE = readFileSync('docs/erlang.md', 'utf8');
const BLOCKS = [...PAGE.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code = '']) => code);
/** `1> expression.` and what is printed for it. */
const SESSION = [...PAGE.matchAll(/^\d> (.*)\.\n(?!\d>|```)(\S.*)$/gm)].map(([, asked = '', said = '']) => ({
  asked,
  said,
}));
const LIMIT = 30_000;

// inside the package, so that its own name resolves
const folder = mkdtempSync(join(process.cwd(), 'build-docs-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function written(name: string, code: string): string {
  const file = join(folder, name);
  writeFileSync(file, code);
  return file;
}

describe('docs/erlang.md', () => {
  test('has two programs, and a session of four questions', () => {
    expect([BLOCKS.length, SESSION.length]).toEqual([2, 4]);
  });

  test('the first program answers the session as it is printed', async () => {
    startEpmd();
    const name = `page${process.pid}@127.0.0.1`;
    const file = written('ts.mjs', (BLOCKS[0] ?? '').replaceAll('ts@127.0.0.1', name));
    children.push(spawn(process.execPath, [file], { stdio: 'inherit' }));
    const erl = await erlNode('lattice');
    await expect
      .poll(() => erl.erl.eval(`net_adm:ping('${name}')`), { timeout: LIMIT })
      .toMatchObject({ name: 'pong' });
    for (const { asked, said } of SESSION) {
      const text = asked.replaceAll('ts@127.0.0.1', name);
      const printed = await erl.erl.eval(`lists:flatten(io_lib:format("~0p", [${text}]))`);
      expect(String.fromCharCode(...(printed as readonly number[])), asked).toBe(said.replaceAll(', ', ','));
    }
  });

  test('the second program asks the gen_server of the examples, and prints what it says', async () => {
    const erl = await erlNode('lattice');
    await erl.erl.eval(
      `{ok, counter, Code} = compile:file("${resolve('examples/counter.erl')}", [binary]),
       {module, counter} = code:load_binary(counter, "counter", Code), {ok, P} = counter:start_link(40), unlink(P), ok`,
    );
    const code = (BLOCKS[1] ?? '')
      .replaceAll('ts@127.0.0.1', `asks${process.pid}@127.0.0.1`)
      .replaceAll('erl@127.0.0.1', erl.name);
    const said = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = '']) => text);
    const ended = spawnSync(process.execPath, [written('asks.mjs', code)], {
      encoding: 'utf8',
      timeout: LIMIT,
    });
    expect([ended.stderr, ended.stdout.split('\n').slice(0, -1)]).toEqual(['', said]);
    expect(said).toHaveLength(3);
  });
});

describe('examples', () => {
  const SAID: Readonly<Record<string, readonly string[]>> = {
    'erlang-to-typescript': [
      'pong',
      '42',
      'ok',
      '7',
      '#{any => {"term",<<"at">>,[all|1.5]}}',
      '<<"ESPALIER">>',
    ],
    'typescript-to-erlang': [
      'add 2: 42',
      'total: 7',
      'the caller hears: no_more_counting',
      'the watcher hears: no_more_counting',
    ],
    'erlang-through-relay': ['pong', '42', 'true', '"through the relay"', 'true', 'clients of the relay: 2'],
    'process-group': [
      'members here and there: 3',
      'of them here: 2',
      'as Erlang sees it: 3',
      'a worker in TypeScript got: picture',
      'a worker in TypeScript got: picture',
      'the member in Erlang got: picture',
      'without Erlang: 2',
    ],
  };

  test.each(Object.entries(SAID))('%s.mjs --once runs with an erl of its own, and ends', (name, said) => {
    const ended = spawnSync(process.execPath, [`examples/${name}.mjs`, '--once'], {
      encoding: 'utf8',
      timeout: LIMIT,
    });
    expect([ended.status, ended.stderr]).toEqual([0, '']);
    expect(ended.stdout.split('\n').slice(0, -1)).toEqual(said);
  });
});
