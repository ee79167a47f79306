/** The recipes for stock Erlang nodes in docs/dist-relay.md do what they say, with a real Erlang. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAIN } from '../cli/process.ts';

const PAGE = readFileSync('docs/dist-relay.md', 'utf8');
const SECTION = PAGE.slice(PAGE.indexOf('## Stock Erlang nodes'), PAGE.indexOf('## Several relays'));
const BLOCKS = [...SECTION.matchAll(/^```([a-z]*)\n([\s\S]*?)^```/gm)];
const blocksIn = (language: string): readonly string[] =>
  BLOCKS.filter(([, name]) => name === language).map(([, , text = '']) => text);
const [COMMANDS = [], SESSION = [], HOSTS = [], TWINS = []] = blocksIn('').map((text) =>
  text.trim().split('\n'),
);
const INETRC = blocksIn('erlang');
const RELAY = 'espalier relay --listen 127.0.0.1:4434';
/** Milliseconds in which a node has to have registered, and to answer. */
const LIMIT = 20_000;

let folder: string;
let children: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-relay-docs-'));
  children = [];
  writeFileSync(join(folder, 'cookie'), 'lattice\n', { mode: 0o400 });
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Nodes of other tests are called otherwise. */
const own = (line: string): string => line.replaceAll(/\b(a|b|node)@/g, `$1${process.pid}@`);

/** `VARIABLE=value program arguments`, as a shell reads it. */
function started(line: string, more: readonly string[] = []): ChildProcess {
  const words = line.split(' ');
  const at = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const env = Object.fromEntries(words.slice(0, at).map((word) => word.split('=')));
  const [program = '', ...args] = words.slice(at);
  const [command, first] = program === 'espalier' ? [process.execPath, [MAIN]] : [program, []];
  const child = spawn(command, [...first, ...args, ...more], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

const lines = (child: ChildProcess) => createInterface({ input: child.stdout! });

/** What stands in its ready line, for others. */
async function ready(line: string, what: RegExp, ...more: readonly string[]): Promise<string> {
  const [text] = (await once(lines(started(line, more)), 'line')) as [string];
  return what.exec(text)?.[1] ?? expect.fail(`${line}: ${text}`);
}

const relay = (): Promise<string> => ready(RELAY.replace(':4434', ':0'), /(quic:\/\/\S+)/);

/** Starts a bridge; gives the port of its EPMD. */
const bridge = (line: string, url: string, port = '0'): Promise<string> =>
  ready(
    own(line)
      .replace(/quic:\/\/\S+/, url)
      .replace(/(--epmd-port) \d+/, `$1 ${port}`),
    /epmd-port (\d+)/,
  );

/** An Erlang node that stays; resolves when it runs. */
async function stays(line: string, port: string): Promise<void> {
  const quiet = ['-noshell', '-noinput', '-eval', 'io:format("up~n"), timer:sleep(60000).'];
  const child = started(own(line).replace(/EPMD_PORT=\d+/, `EPMD_PORT=${port}`), quiet);
  await once(lines(child), 'line');
}

/** What an Erlang node prints for these expressions. */
async function asked(line: string, port: string, expressions: readonly string[]): Promise<readonly string[]> {
  const print = expressions.map((text) => `io:format("~p~n", [${own(text)}])`).join(', ');
  const quiet = ['-noshell', '-noinput', '-eval', `${print}, halt().`];
  const child = started(own(line).replace(/EPMD_PORT=\d+/, `EPMD_PORT=${port}`), quiet);
  const said: string[] = [];
  lines(child).on('line', (text) => said.push(text));
  await once(child, 'close');
  return said;
}

const expressionsIn = (block: readonly string[]): readonly string[] =>
  block.flatMap((line) => /^\d> (.*)\.$/.exec(line)?.[1] ?? []);
/** The same on the other host. */
const mirrored = (line: string): string =>
  line.replaceAll(/alpha|beta/g, (name) => (name === 'alpha' ? 'beta' : 'alpha')).replaceAll(/\ba@/g, 'b@');

test('the page has the blocks that are run here', () => {
  expect([COMMANDS.length, SESSION.length, HOSTS.length, TWINS.length, INETRC.length]).toEqual([
    5, 4, 4, 2, 2,
  ]);
  expect(COMMANDS[0]).toBe(RELAY);
});

describe('docs/dist-relay.md', () => {
  test(
    'two stock nodes behind bridges answer the session as it is printed',
    { timeout: 2 * LIMIT },
    async () => {
      const [, bridgeA = '', bridgeB = '', nodeB = '', nodeA = ''] = COMMANDS;
      const url = await relay();
      const [portA, portB] = [await bridge(bridgeA, url), await bridge(bridgeB, url)];
      await stays(nodeB, portB);
      const printed = SESSION.filter((line) => !line.includes('> ')).map(own);
      expect(await asked(nodeA, portA, expressionsIn(SESSION))).toEqual(printed);
    },
  );

  test(
    'names of hosts that do not exist are found with the file that is shown',
    { timeout: 2 * LIMIT },
    async () => {
      writeFileSync(join(folder, 'inetrc'), INETRC[0] ?? '');
      const [bridgeA = '', nodeA = '', question = '', answer = ''] = HOSTS;
      const url = await relay();
      const [portA, portB] = [await bridge(bridgeA, url), await bridge(mirrored(bridgeA), url)];
      await stays(mirrored(nodeA), portB);
      expect(await asked(nodeA, portA, expressionsIn([question]))).toEqual([answer]);
    },
  );

  test('two nodes of one short name meet by a second bridge each', { timeout: 2 * LIMIT }, async () => {
    const alpha = INETRC[1] ?? '';
    writeFileSync(join(folder, 'alpha'), alpha);
    writeFileSync(join(folder, 'beta'), mirrored(alpha));
    const [first = '', second = ''] = TWINS;
    const url = await relay();
    const ports: string[] = [];
    for (const side of [(line: string) => line, mirrored]) {
      const port = await bridge(side(first), url);
      await bridge(side(second), url, port);
      ports.push(port);
    }
    const node = (host: string): string =>
      `ERL_INETRC=./${host} ERL_EPMD_PORT=0 erl -start_epmd false -name node@${host}.mesh -setcookie lattice`;
    await stays(node('beta'), ports[1] ?? '');
    const expressions = [`net_adm:ping('node@beta.mesh')`, `rpc:call('node@beta.mesh', erlang, node, [])`];
    expect(await asked(node('alpha'), ports[0] ?? '', expressions)).toEqual([
      'pong',
      own(`'node@beta.mesh'`),
    ]);
  });
});
