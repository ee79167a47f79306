/**
 * `espalier demo`: the story, the processes it takes, and that none is left.
 */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { hasErlang } from '../../src/cli/demo/across.ts';
import type { ActorNode, TreeSnapshot } from '../../src/inspect/snapshot.ts';
import { endAll, espalier, run, type Ended } from '../cli/process.ts';

afterAll(endAll);

/** Seven processes on a machine that is busy with other tests, milliseconds. */
const DEMO = 50_000;

interface DemoDocument {
  readonly ok: boolean;
  readonly transport: string;
  readonly steps: readonly {
    readonly name: string;
    readonly procedure: string;
    readonly route: string;
    readonly outcome: string;
    readonly micros: number;
    readonly value?: unknown;
    readonly error?: { readonly tag: string; readonly details: unknown };
    readonly attempts?: readonly { readonly outcome: string }[];
    readonly way?: { readonly path: string; readonly via: string };
  }[];
  readonly tree: { readonly before: TreeSnapshot; readonly after: TreeSnapshot };
}

const STORY = [
  ['local', 'local', 'ok'],
  ['remote', 'direct', 'ok'],
  ['dht', 'dht', 'ok'],
  ['cache', 'cache', 'ok'],
  ['direct', 'direct', 'ok'],
  ['degraded', 'direct', 'ok'],
  ['relayed', 'direct', 'ok'],
  ['upgraded', 'direct', 'ok'],
  ['remote_pid', 'dist', 'ok'],
  ['tunnel', 'dist', 'ok'],
  ...(hasErlang() ? [['erlang', 'dist', 'ok']] : []),
  ['handler_error', 'cache', 'handler_error'],
  ['handler_crash', 'dht', 'handler_crash'],
  ['after_crash', 'cache', 'ok'],
  ['timeout', 'dht', 'timeout'],
  ['failover', 'dht', 'ok'],
  ['provider_lost', 'cache', 'timeout'],
  ['shutdown', 'dht', 'ok'],
];

const find = (actor: ActorNode, name: string): ActorNode | undefined =>
  actor.name === name
    ? actor
    : actor.children.map((child) => find(child, name)).find((found) => found !== undefined);

/** Of what is supervised for good: connections come and go. */
const ids = (actor: ActorNode): readonly string[] => [
  actor.id,
  ...(actor.name === 'connections' ? [] : actor.children.flatMap(ids)),
];

const onceAsJson = (transport: string): void => {
  test(`--once --json over ${transport} prints one document: every step, with the route and the outcome it should have`, async () => {
    const args = transport === 'memory' ? ['--transport', 'memory'] : [];
    const ended = await run(['demo', '--once', '--json', ...args], { limit: DEMO });
    expect(ended.code).toBe(0);
    const document = JSON.parse(ended.stdout) as DemoDocument;
    expect(Object.keys(document)).toEqual(['ok', 'transport', 'steps', 'tree']);
    expect([document.ok, document.transport]).toEqual([true, transport]);
    expect(document.steps.map(({ name, route, outcome }) => [name, route, outcome])).toEqual(STORY);
    for (const step of document.steps) {
      expect(step.micros).toBeGreaterThan(0);
      if (step.outcome === 'ok') expect(step).toHaveProperty('value');
      else expect(step.error?.tag).toBe(step.outcome);
    }
    const stepOf = (name: string): (typeof document.steps)[number] | undefined =>
      document.steps.find((step) => step.name === name);
    expect(stepOf('failover')?.attempts?.map(({ outcome }) => outcome)).toEqual(['connection_error', 'ok']);
    expect(stepOf('provider_lost')?.error?.details).toMatchObject({ sent: true });
    expect(stepOf('relayed')?.way).toEqual({
      path: 'relayed',
      via: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(stepOf('upgraded')?.way).toEqual({
      path: expect.stringMatching(/^(direct|punched)$/),
      via: '',
    });
    const { before, after } = document.tree;
    expect(ids(after.root)).toEqual(ids(before.root));
    expect(find(before.root, 'demo.fragile')?.details).toMatchObject({ served: 0, crashed: 0 });
    expect(find(after.root, 'demo.fragile')?.details).toMatchObject({ served: 2, crashed: 1 });
    if (transport === 'memory') expect(ended.stderr).toMatch(/^\*\*\* NO QUIC/);
    else expect(ended.stderr).toBe('');
  });
};

/** For people: steps, latencies and both trees, and no crash report. */
function showsAll({ stdout, stderr }: Ended): void {
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^relayed +demo\.hidden +direct +ok .*, relayed by [0-9a-f]{16}$/m);
  expect(stdout).toMatch(/^handler_crash +demo\.fragile +dht +handler_crash +\d+\.\d\d ms/m);
  expect(stdout.match(/^<0\.1> node \(Supervisor/gm)).toHaveLength(2);
  expect(stdout).toMatch(/^every step ended as it should$/m);
}

// each is one process that waits most of its time
describe.concurrent('demo without QUIC', () => {
  onceAsJson('memory');

  test('says so in its first line, shows steps, latencies and both trees, and ends', async () => {
    const ended = await run(['demo', '--once', '--transport', 'memory'], { limit: DEMO });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/^\*\*\* NO QUIC: .*IN-MEMORY/);
    showsAll(ended);
    expect(ended.stdout).toMatch(/every step ended as it should\n$/);
  });

  test('--ndjson tells each step as it happens', async () => {
    const ended = await run(['demo', '--once', '--ndjson', '--transport', 'memory'], {
      limit: DEMO,
    });
    const events = ended.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string });
    const steps = (count: number): readonly string[] => Array.from({ length: count }, () => 'step');
    expect(events.map(({ event }) => event)).toEqual([
      ...steps(STORY.findIndex(([name]) => name === 'handler_crash')),
      'tree',
      ...steps(2),
      'tree',
      ...steps(4),
      'done',
    ]);
  });
});

describe('demo', () => {
  onceAsJson('quic');

  test('shows steps and both trees, stays up until SIGINT, serves others meanwhile, and leaves no process', async () => {
    const demo = espalier(['demo'], { limit: DEMO });
    let url: string | undefined;
    const pids: number[] = [];
    while (url === undefined) {
      const line = await demo.line();
      const pid = /^ {2}\w+ +pid (\d+),/.exec(line)?.[1];
      if (pid !== undefined) pids.push(Number(pid));
      url = /^still running at (\S+);/.exec(line)?.[1];
    }
    expect(pids).toHaveLength(6);
    const called = await run(['call', url, 'calculator.compute', '{"operation":"multiply","a":6,"b":7}']);
    expect(called).toMatchObject({ code: 0, stdout: '{"result":42}\n' });
    let page: string | undefined;
    while (page === undefined) page = /^its actors, live: (\S+)$/.exec(await demo.line())?.[1];
    const { origin, searchParams } = new URL(page);
    const authorization = `Bearer ${searchParams.get('t') ?? ''}`;
    const tree = await (await fetch(`${origin}/api/tree`, { headers: { authorization } })).text();
    expect(tree).toContain('"name":"calculator.compute"');
    const ended = await demo.end('SIGINT');
    expect(ended).toMatchObject({ code: 0, signal: null });
    showsAll(ended);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('its processes die with it, even when it is killed', async () => {
    const demo = espalier(['demo'], { limit: DEMO });
    const pids: number[] = [];
    while (pids.length < 6) {
      const pid = /^ {2}\w+ +pid (\d+),/.exec(await demo.line())?.[1];
      if (pid !== undefined) pids.push(Number(pid));
    }
    expect((await demo.end('SIGKILL')).signal).toBe('SIGKILL');
    // stderr is shared with the children: the pipe closes with the last of them, a moment before it is dead
    await expect.poll(() => pids.filter(isAlive), { timeout: 5_000 }).toEqual([]);
  });
});

/** What is dead but not yet buried by the machine's first process is gone for us. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
