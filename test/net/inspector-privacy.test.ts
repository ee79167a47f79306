/** Secrets stay where they are: planted wherever a user's data may lie, looked for in all that an inspector says (SECURITY §12). */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/actor/clock.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { findDescriptors } from '../../src/inspect/descriptor.ts';
import { renderTree } from '../../src/inspect/text.ts';
import { connect } from '../../src/node.ts';
import type { ActorRow } from '../../src/inspect/row.ts';
import type { Crash } from '../../src/mesh/events/crash-ring.ts';
import { err } from '../../src/mesh/errors/rpc-error.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import { Request, ServerRef } from '../../src/otp/server-ref.ts';
import { worker } from '../../src/otp/supervisor.ts';
import { processOf, runtimeOf } from '../mesh-world.ts';
import { inspected, type Inspected } from './inspected.ts';
import { until } from './quic-bench.ts';

const SECRET = 'canary-e1b7702c';
const SHOWN = 'shown-on-purpose';

beforeAll(() => {
  process.env['ESPALIER_TEST_SECRET'] = SECRET;
  return () => delete process.env['ESPALIER_TEST_SECRET'];
});

interface Calls {
  take(secret: string): string;
}

const vault: GenServer<{ password: string }, object, Calls, { wait(secret: string): void }> = {
  label: 'vault',
  init: (given) => ({ given, [SECRET]: SECRET, map: new Map([[SECRET, SECRET]]) }),
  handleCall: { take: (secret, state) => reply(secret, state) },
  handleCast: { wait: () => new Promise<never>(() => {}) },
  handleInfo: (message, state) => {
    if (message === SECRET)
      throw Object.assign(
        new Error(SECRET, { cause: new TypeError(SECRET, { cause: { [SECRET]: SECRET } }) }),
        {
          code: SECRET,
          password: SECRET,
        },
      );
    return noReply(state);
  },
};

/** Shows of its state what it wants to be seen. */
const open: GenServer<void, object> = {
  label: 'open',
  init: () => ({ password: SECRET, users: 3 }),
  formatStatus: (status) => ({ ...status, state: { users: 3, note: SHOWN } }),
};

/** Cannot say what may be seen. */
const broken: GenServer<void, object> = {
  label: 'broken',
  init: () => ({ password: SECRET }),
  formatStatus: () => {
    throw new Error(SECRET);
  },
};

/** Whatever a handler may throw. */
const THROWN: Readonly<Record<string, () => unknown>> = {
  'thrown.name': () => Object.assign(new Error(SECRET), { name: SECRET, code: SECRET, token: SECRET }),
  'thrown.stack': () =>
    Object.assign(new Error('x'), { stack: `Error: x\n    at ${SECRET}\n    at f (${SECRET}:1:1)` }),
  'thrown.text': () => SECRET,
  'thrown.object': () => ({ token: SECRET, toString: () => SECRET, toJSON: () => SECRET }),
  'thrown.many': () => new AggregateError([new Error(SECRET)], SECRET, { cause: new Error(SECRET) }),
  'thrown.environment': () => new Error(JSON.stringify(process.env)),
};

/** All that can be asked for, as text. */
async function everything(on: Inspected): Promise<string> {
  const parts: string[] = [];
  const ask = async (path: string): Promise<unknown> => {
    const { body, headers } = await on.ask(path, { headers: on.bearer });
    parts.push(body, JSON.stringify(headers));
    return headers['content-type']?.startsWith('application/json') === true
      ? (JSON.parse(body) as unknown)
      : undefined;
  };
  const { views } = (await ask('/api/node')) as { views: string[] };
  const { rows } = (await ask('/api/tree')) as { rows: ActorRow[] };
  for (const path of ['/', '/api/crashes', '/metrics', '/nothing']) await ask(path);
  for (const name of views) await ask(`/api/views/${name}`);
  for (const { id } of rows) await ask(`/api/actor/${encodeURIComponent(id)}`);
  for (const { name } of rows.slice(0, 5)) {
    const { id } = rows.find((row) => row.name === name)!;
    parts.push(JSON.stringify(await on.act({ action: 'trace', id, max: 5, ms: 20 })));
  }
  return parts.join('\n');
}

/** Everything happens that could let it out. */
async function tell(on: Inspected): Promise<void> {
  const { node } = on;
  const runtime = runtimeOf(node);
  await node.advertise('p.throws', () => {
    throw new Error(SECRET, { cause: SECRET });
  });
  await node.advertise('p.declares', () => err({ token: 1 }));
  await node.advertise('p.echo', (value) => value);
  const args = { password: SECRET };
  for (const [name, thrown] of Object.entries(THROWN))
    await node.advertise(name, () => {
      throw thrown();
    });
  for (const name of ['p.throws', 'p.declares', 'p.echo', 'p.none', ...Object.keys(THROWN)])
    await node.tryCall(name, args, { timeout: 500 });
  for (const procedure of ['p.throws', 'p.declares', 'p.none'])
    await on.act({ action: 'call', procedure, args, timeoutMs: 500 });
  await new ServerRef<Calls>(runtime, processOf(node, 'vault')).call('take', SECRET);
  const traced = on.act({ action: 'trace', id: String(processOf(node, 'vault')), max: 3, ms: 5_000 });
  await until(() => runtime.scheduler.tracer !== null);
  runtime.send(processOf(node, 'vault'), { password: SECRET });
  await new ServerRef<Calls>(runtime, processOf(node, 'vault')).call('take', SECRET);
  expect(JSON.stringify(await traced)).not.toContain(SECRET);
  const before = processOf(node, 'vault');
  runtime.send(before, SECRET);
  await until(() => !before.alive && processOf(node, 'vault').alive);
  // in its mailbox, behind a promise that does not end
  runtime.cast(processOf(node, 'vault'), new Request('wait', SECRET));
  for (let n = 0; n < 5; n++) runtime.send(processOf(node, 'vault'), SECRET);
  // words of others as reasons, and for what is not found
  for (const action of ['terminate', 'suspend'])
    await on.act({ action, id: String(processOf(node, 'picky')), reason: SECRET, timeoutMs: 100 });
}

const picky: GenServer<void, string> = { label: 'picky', init: () => SECRET };

async function scene(crashDetails: boolean, allow: readonly string[] = []): Promise<Inspected> {
  return inspected(
    { actions: true, allow: [...allow] },
    {
      crashDetails,
      logLevel: 'debug',
      dist: { cookie: SECRET, name: 'inspected@127.0.0.1' },
      children: [
        worker('vault', vault, { password: SECRET }),
        worker('open', open, undefined),
        worker('broken', broken, undefined),
        worker('picky', picky, undefined),
      ],
    },
  );
}

describe('a secret in state, arguments, messages, errors, the environment and the cookie', () => {
  test('is in no answer, no stream, no trace and no line of the log', async () => {
    const on = await scene(false);
    const stream = await on.stream(`?interval=100&views=rpc,registry,dht,peers,relay,dist`);
    await stream.first(({ event }) => event === 'snapshot');
    await tell(on);
    const crash = await stream.first(
      ({ event, data }) => event === 'crash' && (data as Crash).label === 'vault',
    );
    await stream.first(({ event }) => event === 'delta');
    const all = await everything(on);
    // it was looked at where it happened
    expect(all).toContain(SHOWN);
    expect(all).toContain((crash.data as Crash).id);
    expect(all).not.toContain(SECRET);
    expect(JSON.stringify(stream.all)).not.toContain(SECRET);
    expect(on.lines.length).toBeGreaterThan(10);
    // what a client said itself is its own
    expect(on.lines.join('\n')).not.toContain(SECRET);
  });

  test('nor in anything that a named node sees, in the reply to who called, in the descriptor, in a terminal or in what programs are told', async () => {
    const looks = createIdentity(seededRandom('looks'), systemClock.wall());
    const on = await scene(false, [Buffer.from(looks.nodeId).toString('hex')]);
    await tell(on);
    const client = await connect(on.node.url, { identity: looks, transport: on.transport });
    const parts: unknown[] = [];
    for (const name of ['p.throws', 'p.none', ...Object.keys(THROWN)]) {
      const result = await client.tryCall(name, { password: SECRET }, { timeout: 500 });
      expect(result.ok).toBe(false);
      if (!result.ok) parts.push(result.error.failure, result.error.message, String(result.error.stack));
    }
    const remote = client.remoteInspector();
    const [facts, rows, crashes] = [await remote.node(), await remote.tree(), await remote.crashes()];
    expect(crashes.length).toBeGreaterThan(5);
    parts.push(facts, rows, crashes);
    for (const { id } of rows) parts.push(await remote.actor(id));
    for (const name of facts.views) parts.push(await remote.view(name));
    const { token, ...descriptor } = findDescriptors().find(({ url }) => url.endsWith(`:${on.port}`))!;
    expect(token).toBe(on.token);
    parts.push(descriptor, readFileSync(descriptor.file, 'utf8'), renderTree(on.node.inspect()));
    for await (const delta of on.node.observe()) {
      parts.push(delta);
      break;
    }
    const all = JSON.stringify(parts);
    expect(all).toContain(SHOWN);
    expect(all).not.toContain(SECRET);
    // nor the token, but in the file that only its owner reads
    expect(all.split(on.token)).toHaveLength(2);
    await client.disconnect();
  });

  test('with crash details no more than name and message of what was thrown is told', async () => {
    const on = await scene(true);
    await tell(on);
    const { crashes } = (await on.json('/api/crashes')) as { crashes: Crash[] };
    const vaults = crashes.filter(({ label }) => label === 'vault');
    expect(vaults.map(({ reason }) => reason)).toEqual([`Error: ${SECRET}`]);
    const { reason: _reason, cause: _cause, ...rest } = vaults[0]!;
    expect(JSON.stringify(rest)).not.toContain(SECRET);
    const { rows } = (await on.json('/api/tree')) as { rows: ActorRow[] };
    expect(JSON.stringify(rows)).not.toContain(SECRET);
  });
});

describe('the token', () => {
  test('is in the link, and nowhere else', async () => {
    const on = await scene(false);
    const stream = await on.stream('?interval=100');
    await stream.first(({ event }) => event === 'snapshot');
    runtimeOf(on.node).exit(processOf(on.node, 'inspector'), 'kill');
    await until(() => on.node.inspector !== undefined && stream.over());
    const [entered, refused] = [await on.ask(`/?t=${on.token}`), await on.ask(`/?t=${on.token}x`)];
    expect([entered.status, refused.status]).toEqual([303, 401]);
    expect(JSON.stringify([entered, refused])).not.toContain(on.token);
    expect(await everything(on)).not.toContain(on.token);
    expect(on.lines.join('\n')).not.toContain(on.token);
    expect(JSON.stringify([stream.all, on.node.inspect()])).not.toContain(on.token);
  });
});
