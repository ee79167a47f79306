/** Where an option's value comes from: flag, then variable, then config file, then default. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError, type Command } from 'commander';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { applyConfig } from '../../../src/cli/config/apply.ts';
import { CONFIGURED, commandIn, nameOf, optionsOf } from '../../../src/cli/config/commands.ts';
import { effectiveOf } from '../../../src/cli/config/effective.ts';
import { dropEmpty, strangersIn } from '../../../src/cli/config/environment.ts';
import { readConfig } from '../../../src/cli/config/file.ts';
import { nearest } from '../../../src/cli/config/nearest.ts';
import { configuration } from '../../../src/cli/doctor/configuration.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { optionRows } from './table.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

let files = 0;
function fileOf(content: unknown, mode = 0o600): string {
  const file = join(folder, `${++files}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(file, mode);
  return file;
}

/** What the command would get, or what it would say. */
function parsed(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Record<string, unknown> | string {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const program = createProgram();
  let said = '';
  let found: Record<string, unknown> | undefined;
  const quiet = (command: Command): void => {
    command.configureOutput({
      writeErr: (text) => {
        said += text;
      },
      writeOut: () => undefined,
    });
    command.commands.forEach(quiet);
  };
  quiet(program);
  // its own hook has run when this one does
  program.hook('preAction', (_program, command) => {
    found = command.opts();
    throw new CommanderError(0, 'test', '');
  });
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code !== 'test') return said;
  }
  return found ?? said;
}

const withConfig = (content: unknown, ...args: readonly string[]): readonly string[] => [
  ...args,
  '--config',
  fileOf(content),
];

describe('precedence', () => {
  const config = { node: { listen: 'from-file:1', realm: 'from-file', drain: 7, maxBody: '2m' } };

  test('a flag wins over a variable, that over the file, and that over the default', () => {
    const env = { ESPALIER_LISTEN: 'from-env:1', ESPALIER_REALM: 'from-env' };
    const flags = parsed(withConfig(config, 'node', '--listen', 'from-flag:1'), env);
    expect(flags).toMatchObject({
      listen: 'from-flag:1',
      realm: 'from-env',
      drain: 7,
      maxBody: 2_097_152,
      logLevel: 'warn',
    });
  });

  test('ESPALIER_CONFIG names the file when no flag does', () => {
    vi.stubEnv('ESPALIER_CONFIG', fileOf(config));
    expect(parsed(['node'])).toMatchObject({ realm: 'from-file' });
    expect(parsed(withConfig({ node: { realm: 'other' } }, 'node'))).toMatchObject({ realm: 'other' });
  });

  test('each command reads its own section, dist bridge too, and no other', () => {
    const both = { ...config, 'dist bridge': { relay: ['quic://127.0.0.1:1'], name: 'a@h', epmdPort: 0 } };
    expect(parsed(withConfig(both, 'dist', 'bridge'))).toMatchObject({
      relay: ['quic://127.0.0.1:1'],
      name: 'a@h',
      epmdPort: 0,
    });
    expect(parsed(withConfig(both, 'relay'))).not.toHaveProperty('realm');
  });

  test('a list of one place takes the place of another, and is not added to it', () => {
    const lists = { node: { bootstrap: ['https://a:1', 'https://b:1'] } };
    const env = { ESPALIER_BOOTSTRAP: 'https://c:1,https://d:1' };
    expect(parsed(withConfig(lists, 'node'))).toMatchObject({ bootstrap: ['https://a:1', 'https://b:1'] });
    expect(parsed(withConfig(lists, 'node'), env)).toMatchObject({
      bootstrap: ['https://c:1', 'https://d:1'],
    });
    expect(parsed(withConfig(lists, 'node', '--bootstrap', 'https://e:1'), env)).toMatchObject({
      bootstrap: ['https://e:1'],
    });
  });

  test('what must be given may be in any of the three, and is missed when it is in none', () => {
    const args = ['dist', 'bridge', '--name', 'a@h'];
    const rest = { 'dist bridge': { epmdPort: 7_701 } };
    const env = { ESPALIER_BRIDGE_RELAY: 'quic://127.0.0.1:1' };
    expect(parsed(args)).toContain("error: required option '--relay <urls>' not specified");
    expect(parsed(withConfig(rest, ...args), env)).toMatchObject({ epmdPort: 7_701, name: 'a@h' });
  });
});

describe('variables', () => {
  test('a switch is turned off by a variable as well as on: 0 does not give anybody actions', () => {
    for (const [text, on] of Object.entries({
      0: false,
      false: false,
      no: false,
      OFF: false,
      1: true,
      True: true,
      yes: true,
    }))
      expect([text, parsed(['node'], { ESPALIER_INSPECTOR_ACTIONS: text })]).toMatchObject([
        text,
        { inspectorActions: on },
      ]);
    expect(parsed(['node'], { ESPALIER_STATION: 'maybe' })).toContain(
      "option '--station' value 'maybe' from env 'ESPALIER_STATION' is invalid",
    );
  });

  test('a switch that turns something off has a variable for the thing itself', () => {
    expect(parsed(['node'], { ESPALIER_DHT: '0' })).toMatchObject({ dht: false });
    expect(parsed(['node'], { ESPALIER_DHT: '1' })).toMatchObject({ dht: true });
    expect(parsed(['node', '--no-dht'], { ESPALIER_DHT: '1' })).toMatchObject({ dht: false });
  });

  test('an option whose value may be left out takes true, false, or the value', () => {
    const inspector = (text: string): unknown =>
      (parsed(['node'], { ESPALIER_INSPECTOR: text }) as Record<string, unknown>)['inspector'];
    expect(['true', 'false', '9911'].map(inspector)).toEqual([true, undefined, '9911']);
  });

  test('empty is the same as absent', () => {
    const env: Record<string, string | undefined> = { ESPALIER_REALM: '', ESPALIER_NAMES: 'any', OTHER: '' };
    dropEmpty(env);
    expect(env).toEqual({ ESPALIER_NAMES: 'any', OTHER: '' });
  });

  test('every option of the configured commands has one, except how the output looks', () => {
    const program = createProgram();
    for (const name of CONFIGURED) {
      const command = commandIn(program, name);
      expect(command === undefined ? undefined : nameOf(command)).toBe(name);
      const bare = command?.options.filter(({ envVar }) => envVar === undefined).map(({ long }) => long);
      expect([
        name,
        bare?.filter(
          (long) => !['--json', '--ndjson', '--watch', '--details', '--crashes'].includes(long ?? ''),
        ),
      ]).toEqual([name, []]);
      expect(optionsOf(command ?? program).length).toBeGreaterThan(5);
    }
  });

  test('one name means one thing: options that share a variable have the same name', () => {
    const program = createProgram();
    const byVariable = new Map<string, Set<string>>();
    for (const name of CONFIGURED)
      for (const { envVar = '', long } of optionsOf(commandIn(program, name) ?? program))
        byVariable.set(envVar, (byVariable.get(envVar) ?? new Set()).add(long ?? ''));
    expect([...byVariable].filter(([, names]) => names.size > 1)).toEqual([]);
  });
});

describe('the config file', () => {
  const refused = (content: unknown, command = 'node'): unknown =>
    parsed(withConfig(content, ...command.split(' ')));

  test('unknown sections and keys are refused, with the one that may be meant, also those of other commands', () => {
    expect(refused({ nodes: {} })).toContain('there is no section "nodes" (did you mean node?)');
    expect(refused({ demo: {} })).toContain('there is no section "demo"');
    expect(refused({ node: { listn: 'x' } })).toContain('node has no option "listn" (did you mean listen?)');
    expect(refused({ relay: { maxclients: 1 } })).toContain('(did you mean maxClients?)');
    for (const key of ['json', 'config', 'help', '__proto__', 'constructor', 'zzzzzz'])
      expect(refused(`{ "node": { "${key}": true } }`)).toContain(`node has no option "${key}"\n`);
  });

  test('a value of the wrong kind is refused as a flag would be, by its place', () => {
    const wrong: readonly (readonly [object, string])[] = [
      [{ drain: 0 }, 'node.drain: It must be whole milliseconds'],
      [{ drain: null }, 'node.drain: It must be a string or a number.'],
      [{ listen: ['a', 'b'] }, 'node.listen: It must be one value, not a list.'],
      [{ bootstrap: [] }, 'node.bootstrap: It must not be an empty list.'],
      [{ bootstrap: [{}] }, 'node.bootstrap: It must be a string, or a list of them.'],
      [{ station: 'true' }, 'node.station: It must be true or false.'],
      [{ names: 'loose' }, 'node.names: Allowed choices are'],
    ];
    for (const [node, said] of wrong) expect(refused({ node })).toContain(said);
  });

  test('switches, also those that turn something off, are true or false', () => {
    expect(refused({ node: { dht: false, station: true, inspector: true } })).toMatchObject({
      dht: false,
      station: true,
      inspector: true,
    });
    expect(refused({ node: { dht: true, inspector: false } })).toMatchObject({ dht: true });
    expect(refused({ node: { inspector: 9_911 } })).toMatchObject({ inspector: '9911' });
  });

  test('a secret has no place in it, and is not repeated', () => {
    const said = refused({ inspect: { token: 'canary' } }, 'inspect');
    expect(said).toContain('inspect.token is a secret: name a file that holds it, by tokenFile');
    expect(said).not.toContain('canary');
    expect(refused({ inspect: { tokenFile: 'f' } }, 'inspect')).toMatchObject({ tokenFile: 'f' });
  });

  test('what is no JSON object, missing, too long, or writable by others is refused', () => {
    for (const text of ['', '{', '[]', 'null', '"x"', '{"node":[]}'])
      expect(refused(text)).toContain('error: config file');
    expect(parsed(['node', '--config', join(folder, 'none')])).toContain('cannot be read: ENOENT');
    expect(parsed(['node', '--config', folder])).toContain('is not a file');
    expect(parsed(['node', '--config', fileOf(' '.repeat(300_000))])).toContain(
      'is longer than 262144 bytes',
    );
    expect(parsed(['node', '--config', fileOf({}, 0o666)])).toContain(
      'can be changed by others (chmod go-w)',
    );
    expect(parsed(['node', '--config', fileOf({}, 0o644)])).toHaveProperty('drain');
  });

  test('applies before anything runs, and leaves commands without a section alone', () => {
    const program = createProgram();
    const peers = commandIn(program, 'peers');
    expect(() => applyConfig(peers ?? program, { ESPALIER_LISTEN: 'x' })).not.toThrow();
    expect(peers?.opts()).not.toHaveProperty('listen');
  });
});

describe('nearest', () => {
  test('finds a slip of the finger, and nothing in what is quite another word', () => {
    const known = ['listen', 'bootstrap', 'realm', 'realmKey'];
    expect(
      ['listn', 'lisetn', 'LISTEN', 'bootstraps', 'reaml', 'xyz', ''].map((word) => nearest(word, known)),
    ).toEqual(['listen', 'listen', 'listen', 'bootstrap', 'realm', undefined, undefined]);
  });
});

describe('what is in force', () => {
  test('each value is told with its source, as it would come to a command', () => {
    const program = createProgram();
    const config = readConfig(
      fileOf({ node: { listen: 'a:1', bootstrap: ['x', 'y'], realm: 'file' } }),
      program,
    );
    const env = { ESPALIER_REALM: 'env', ESPALIER_STATION: 'off', ESPALIER_DHT: '0', ESPALIER_NAMES: '' };
    const of = (command: string, key: string): unknown => {
      const found = effectiveOf(program, env, config).find(
        (each) => each.command === command && each.key === key,
      );
      return [found?.value, found?.source];
    };
    expect(of('node', 'listen')).toEqual(['a:1', 'config file']);
    expect(of('node', 'bootstrap')).toEqual(['["x","y"]', 'config file']);
    expect(of('node', 'realm')).toEqual(['env', 'environment']);
    expect(of('relay', 'realm')).toEqual(['env', 'environment']);
    expect(of('node', 'station')).toEqual(['false', 'environment']);
    expect(of('node', 'dht')).toEqual(['false', 'environment']);
    expect(of('node', 'names')).toEqual(['dotted and canonical', 'default']);
    expect(of('node', 'drain')).toEqual(['5000', 'default']);
    expect(of('relay', 'listen')).toEqual(['127.0.0.1:4434', 'default']);
  });

  test('of a secret only that it is set', () => {
    const env = { ESPALIER_INSPECTOR_TOKEN: 'canary', ESPALIER_INSPECTOR_URL: 'http://u:canary@127.0.0.1:1' };
    const options = effectiveOf(createProgram(), env, undefined);
    expect(options.find(({ key }) => key === 'token')).toMatchObject({ value: 'set', source: 'environment' });
    expect(JSON.stringify(options)).not.toContain('canary');
  });

  test('doctor fails for what would be refused, and warns of variables that are nobody’s', () => {
    const program = createProgram();
    const wrong = configuration(
      program,
      { ESPALIER_DRAIN: 'x', ESPALIER_LISTN: 'y' },
      fileOf({ node: { station: 1, drain: [] } }),
    );
    expect(wrong.checks).toMatchObject([
      { status: 'fail', detail: 'node.station of the config file: It must be true or false.' },
      { status: 'fail', detail: expect.stringMatching(/^ESPALIER_DRAIN: It must be whole/) as string },
      // also what another source wins over
      { status: 'fail', detail: expect.stringMatching(/^node\.drain of the config file: It must/) as string },
      {
        status: 'warn',
        detail: 'ESPALIER_LISTN is no variable of ours',
        hint: 'ESPALIER_LISTEN may be meant',
      },
    ]);
    const other = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`section ${at}`, {}]));
    const many = configuration(program, {}, fileOf(other)).checks;
    expect([many.length, many.at(-1)?.detail]).toEqual([
      33,
      expect.stringMatching(/968 more are wrong$/) as string,
    ]);
    expect(configuration(program, {}, join(folder, 'none')).checks).toMatchObject([
      { status: 'fail', detail: expect.stringContaining('cannot be read: ENOENT') as string },
    ]);
    expect(configuration(program, {}, undefined).checks).toEqual([
      { name: 'config', status: 'ok', detail: 'no config file' },
    ]);
    expect(strangersIn({ ESPALIER_ZZZ: '1', PATH: 'x', ESPALIER_TIMEOUT: '1' }, program)).toEqual([
      { name: 'ESPALIER_ZZZ', meant: undefined },
    ]);
  });
});

test('docs/operations.md has the table of all options, as the commands define them', () => {
  const text = readFileSync('docs/operations.md', 'utf8');
  const section = text.slice(
    text.indexOf('## Options'),
    text.indexOf('\n## ', text.indexOf('## Options') + 1),
  );
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows).toEqual(optionRows(createProgram()));
});
