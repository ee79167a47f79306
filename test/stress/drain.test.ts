/**
 * Leaving under load in real processes over QUIC: SIGTERM of `espalier node` and `espalier advertise`, and what is
 * left in a process after close. The rules by the virtual clock are in test/reliability/drain.test.ts.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Result } from '../../src/mesh/errors/rpc-error.ts';
import { connect, type RemoteClient } from '../../src/node.ts';
import {
  advertiseWith,
  Child,
  endAll,
  espalier,
  run,
  startNode,
  type Child as Process,
} from '../cli/process.ts';

const fixture = (name: string): string => resolve(import.meta.dirname, '../cli/fixtures', name);
const COUNTED = fixture('counted.mjs');
/** What a drain may take beyond its own deadline on a loaded machine, milliseconds. */
const SLACK = 5_000;

let directory: string;
let callers: RemoteClient[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'espalier-drain-'));
  callers = [];
});

afterEach(async () => {
  await Promise.all(callers.map((caller) => caller.disconnect({ timeout: 1 })));
  await endAll();
  rmSync(directory, { recursive: true });
});

/** A provider in a process of its own, and what it has begun. */
async function provider(
  url: string,
  ...args: readonly string[]
): Promise<{ child: Process; begun(): string[] }> {
  const file = join(mkdtempSync(join(directory, 'p-')), 'begun');
  writeFileSync(file, '');
  const child = await advertiseWith({ env: { BEGUN_FILE: file } }, url, COUNTED, ...args);
  return { child, begun: () => readFileSync(file, 'utf8').split('\n').filter(Boolean) };
}

async function caller(url: string): Promise<RemoteClient> {
  const client = await connect(url);
  callers.push(client);
  return client;
}

/** Calls without a pause until it is stopped; gives all outcomes. */
function load(client: RemoteClient): { readonly outcomes: Map<string, Result>; stop(): Promise<void> } {
  const outcomes = new Map<string, Result>();
  const running: Promise<unknown>[] = [];
  let [next, going] = [0, true];
  const loop = async (): Promise<void> => {
    while (going) {
      for (let n = 0; n < 5; n++) {
        const id = `call-${next++}`;
        running.push(
          client
            .tryCall('counted.work', { id }, { timeout: 20_000 })
            .then((result) => outcomes.set(id, result)),
        );
      }
      await new Promise((wake) => setTimeout(wake, 10));
    }
  };
  const looping = loop();
  return {
    outcomes,
    stop: async () => {
      going = false;
      await looping;
      await Promise.all(running);
    },
  };
}

const answered = async (outcomes: Map<string, Result>, count: number): Promise<void> => {
  const end = Date.now() + 20_000;
  while ([...outcomes.values()].filter(({ ok }) => ok).length < count) {
    expect(Date.now()).toBeLessThan(end);
    await new Promise((wake) => setTimeout(wake, 20));
  }
};

/** Each call that began is answered; each that did not may be asked again. */
function judge(outcomes: ReadonlyMap<string, Result>, begun: readonly string[]): number {
  const started = new Set(begun);
  expect(started.size).toBe(begun.length);
  let refused = 0;
  for (const [id, result] of outcomes) {
    if (result.ok) {
      expect([result.value, started.has(id)]).toEqual([id, true]);
      continue;
    }
    refused++;
    const { failure, retryable } = result.error;
    expect([id, started.has(id), retryable, failure]).toEqual([id, false, true, failure]);
  }
  return refused;
}

describe('SIGTERM under load', () => {
  test('of `espalier node`: what was accepted is answered, the rest may be asked again, exit 0 in time', async () => {
    const { node, url } = await startNode('--drain', '5000');
    const { child, begun } = await provider(url);
    const calls = load(await caller(url));
    await answered(calls.outcomes, 50);
    const start = performance.now();
    const ended = await node.end('SIGTERM');
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(performance.now() - start).toBeLessThan(5_000 + SLACK);
    await calls.stop();
    expect(judge(calls.outcomes, begun())).toBeGreaterThan(0);
    expect((await child.end()).code).toBe(0);
  });

  test('of one of two `espalier advertise`: nothing accepted is lost, the other serves on, exit 0 in time', async () => {
    const { node, url } = await startNode();
    const [first, second] = [await provider(url, '--drain', '5000'), await provider(url)];
    const calls = load(await caller(url));
    await answered(calls.outcomes, 50);
    const start = performance.now();
    expect(await first.child.end('SIGTERM')).toMatchObject({ code: 0, signal: null });
    expect(performance.now() - start).toBeLessThan(5_000 + SLACK);
    await answered(calls.outcomes, calls.outcomes.size + 50);
    await calls.stop();
    judge(calls.outcomes, [...first.begun(), ...second.begun()]);
    expect(first.begun().length).toBeGreaterThan(0);
    expect((await second.child.end()).code).toBe(0);
    expect((await node.end()).code).toBe(0);
  });

  test.each(['node', 'advertise'])(
    'of `espalier %s` with a handler that never ends: connection_error sent at the deadline, exit 0',
    async (which) => {
      const { node, url } = await startNode('--drain', '600');
      const { child, begun } = await provider(url, '--drain', '600');
      const client = await caller(url);
      const call = client.tryCall('counted.stuck', { id: 'stuck' }, { timeout: 60_000 });
      const end = Date.now() + 20_000;
      while (begun().length === 0 && Date.now() < end) await new Promise((wake) => setTimeout(wake, 20));
      const start = performance.now();
      const ended = await (which === 'node' ? node : child).end('SIGTERM');
      expect(ended).toMatchObject({ code: 0, signal: null });
      expect(performance.now() - start).toBeGreaterThanOrEqual(590);
      expect(performance.now() - start).toBeLessThan(600 + SLACK);
      const result = await call;
      expect(result.ok ? result : result.error.failure).toMatchObject({
        tag: 'connection_error',
        sent: true,
      });
      expect((await (which === 'node' ? child : node).end()).code).toBe(0);
      expect(begun()).toEqual(['stuck', 'aborted stuck']);
    },
  );
});

test('after close no handle, timer or actor of ours is left: the process ends by itself', async () => {
  const child = new Child([fixture('leaves-nothing.mjs')]);
  const ended = await child.ended;
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(JSON.parse(ended.stdout)).toEqual({
    left: [],
    alive: [0, 0],
    timers: [0, 0],
    ok: 200,
    failed: Array.from({ length: 10 }, () => 'connection_error true'),
    aborted: 10,
  });
});

describe('`espalier advertise` of a module that', () => {
  const moduleOf = (text: string): string => {
    const file = join(directory, 'module.mjs');
    writeFileSync(file, text);
    return file;
  };

  test('never ends loading is refused after --load-timeout, with words', async () => {
    const module = moduleOf('await new Promise(() => {}); export default {};');
    const ended = await run(['advertise', 'https://127.0.0.1:9', module, '--load-timeout', '300']);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('cannot be loaded');
    expect(ended.stderr).toContain('--load-timeout');
  });

  test('is ended by a signal while it loads', async () => {
    const module = moduleOf(`console.log('loading'); await new Promise(() => {}); export default {};`);
    const child = espalier(['advertise', 'https://127.0.0.1:9', module]);
    expect(await child.line()).toBe('loading');
    expect(await child.end('SIGTERM')).toMatchObject({ code: 0, signal: null });
  });

  test('exports a proxy that refuses everything is a usage error', async () => {
    const module = moduleOf(
      `const no = () => { throw new Error('refused'); };
       export default new Proxy({}, { get: no, ownKeys: no, getPrototypeOf: no, has: no });`,
    );
    const ended = await run(['advertise', 'https://127.0.0.1:9', module, '--json']);
    expect(ended).toMatchObject({ code: 2 });
    expect(JSON.parse(ended.stdout)).toMatchObject({
      ok: false,
      error: { tag: 'invalid_args', details: { field: 'module' } },
    });
  });
});
