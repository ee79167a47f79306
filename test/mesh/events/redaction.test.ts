/**
 * Secrets stay where they are: planted wherever a user's data may lie, and looked for in everything that is written
 * or sent (SECURITY §12).
 */
import { channel } from 'node:diagnostics_channel';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ndjsonLogger, type LogLevel } from '../../../src/actor/logger.ts';
import type { Process } from '../../../src/actor/process.ts';
import { seededRandom } from '../../../src/actor/random.ts';
import { Runtime } from '../../../src/actor/runtime.ts';
import { snapshot } from '../../../src/inspect/snapshot.ts';
import { renderTree } from '../../../src/inspect/text.ts';
import { CATALOGUE, type EventName } from '../../../src/mesh/events/catalogue.ts';
import type { EventsCalls } from '../../../src/mesh/events/events-server.ts';
import { EventHub } from '../../../src/mesh/events/hub.ts';
import { err, RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import type { Handler } from '../../../src/mesh/handlers/handler.ts';
import type { GenServer } from '../../../src/otp/gen-server.ts';
import { noReply } from '../../../src/otp/result.ts';
import { Request, ServerRef } from '../../../src/otp/server-ref.ts';
import { worker } from '../../../src/otp/supervisor.ts';
import type { ConnectionState } from '../../../src/mesh/connection/connection-state.ts';
import { closeAtEnd, contextOf, meshWorld, processesOf, processOf, runtimeOf } from '../../mesh-world.ts';

const SECRET = 'canary-8f2b1c94e07d';

class Forged extends Error {
  readonly password = SECRET;
  constructor() {
    super(`first line\n    at ${SECRET} (/${SECRET}/file.js:1:1)`);
    this.name = SECRET;
  }
}

const withStack = (): Error => {
  const error = new Error('x');
  error.stack = `Error: x\n    at ${SECRET}\n${SECRET}\n    at eval (${SECRET})`;
  return error;
};

/** What handlers may throw. */
const THROWN: readonly [string, () => unknown][] = [
  ['a message', () => new TypeError(`password ${SECRET} is wrong`)],
  ['a cause', () => new Error('x', { cause: new Error(SECRET, { cause: SECRET }) })],
  ['a forged name, message and field', () => new Forged()],
  ['a forged stack', withStack],
  ['many errors', () => new AggregateError([new Error(SECRET)], SECRET)],
  ['a string', () => SECRET],
  ['an object', () => ({ token: SECRET, shutdowns: { shutdown: SECRET } })],
  ['an array', () => [SECRET]],
  ['a symbol', () => Symbol(SECRET)],
  ['an object with its own words', () => ({ toString: () => SECRET, message: SECRET, overloaded: SECRET })],
  [
    'an error with a code',
    () => Object.assign(new Error(SECRET), { code: SECRET, errno: SECRET, path: SECRET }),
  ],
];

/** Its state, the messages it handles and those that wait behind a promise. */
const vault: GenServer<{ password: string }, object, object, { wait(secret: string): void }> = {
  label: 'vault',
  init: (given) => ({ given, key: SECRET }),
  handleCast: { wait: () => new Promise<never>(() => {}) },
  handleInfo: (_message, state) => noReply(state),
};
const picky: GenServer<void, object> = { label: 'picky', init: () => ({ key: SECRET }) };

interface Written {
  readonly lines: string[];
  readonly events: string[];
}

async function scene(level: LogLevel, crashDetails: boolean) {
  const world = meshWorld({ seed: `redaction-${level}` });
  const written: Written = { lines: [], events: [] };
  const runtime = (name: string): Runtime =>
    new Runtime({
      clock: world.clock,
      random: world.random.fork(name),
      logger: ndjsonLogger(world.clock, level, (line) => void written.lines.push(line)),
      budget: { milliseconds: Infinity },
      crashDetails,
    });
  const node = await world.node({
    runtime: runtime('node'),
    crashDetails,
    children: [worker('vault', vault, { password: SECRET }), worker('picky', picky, undefined)],
  });
  const client = await world.client(node, { runtime: runtime('client'), crashDetails });
  closeAtEnd(world, client, node);
  for (const { events } of [node, client]) {
    for (const name of Object.keys(CATALOGUE) as EventName[])
      events.addEventListener(
        name,
        ({ type, detail }) => void written.events.push(JSON.stringify([type, detail])),
      );
  }
  return { world, node, client, written };
}
type Scene = Awaited<ReturnType<typeof scene>>;

/** Everything happens that could let the secret out; gives what the remote caller was told. */
async function tell({ world, node, client }: Scene): Promise<string[]> {
  const told: string[] = [];
  const options = { idempotencyKey: SECRET };
  const handlers: [string, Handler][] = THROWN.map(([, make], n) => [
    `m.throw${n}`,
    n % 2 === 0
      ? () => {
          throw make();
        }
      : () => Promise.reject(make()),
  ]);
  for (const [name, handler] of handlers) {
    await node.advertise(name, handler);
    const error = await world.rejection(client.call(name, { password: SECRET }, options));
    if (!(error instanceof RpcError)) throw error;
    expect(error.failure.tag).toBe('handler_crash');
    told.push(JSON.stringify(error.failure), error.message, String(error.stack), String(error.cause));
    await world.rejection(node.call(name, { password: SECRET }));
  }
  await node.advertise('m.result', () => ({ token: SECRET }));
  await node.advertise('m.err', () => err(SECRET));
  await node.advertise('m.unsendable', () => ({ token: SECRET, bad: () => SECRET }));
  await world.settle(client.call('m.result', { password: SECRET }, options));
  await world.settle(client.tryCall('m.err', { password: SECRET }));
  const unsendable = await world.settle(client.tryCall('m.unsendable'));
  told.push(JSON.stringify(unsendable));
  // in a mailbox, behind a promise that never ends
  const process = processOf(node, 'vault');
  const { runtime } = process;
  runtime.cast(process, new Request('wait', SECRET));
  for (let n = 0; n < 5; n++) runtime.send(process, { password: SECRET });
  // a message nobody handles, a call nobody answers, exits with words of the user's
  runtime.send(processOf(node, 'picky'), SECRET);
  await world.clock.settle();
  const ref = new ServerRef<{ [tag: string]: () => unknown }>(runtime, processOf(node, 'picky'));
  await world.rejection(ref.call(SECRET, undefined));
  runtime.exit(processOf(node, 'picky'), { password: SECRET });
  await world.clock.settle();
  runtime.exit(processOf(node, 'picky'), SECRET);
  await world.clock.settle();
  return told;
}

async function shown({ world, node, client }: Scene): Promise<string> {
  const parts: string[] = [];
  for (const one of [node, client]) {
    const tree = one.inspect();
    const events = new ServerRef<EventsCalls>(runtimeOf(one), {
      scope: contextOf(one).scope,
      name: 'events',
    });
    const crashes = await world.settle(events.call('crashes'));
    parts.push(JSON.stringify(tree), renderTree(tree), JSON.stringify(crashes), one.metrics());
  }
  return parts.join('\n');
}

describe('a secret in state, arguments, result, errors, messages and environment', () => {
  const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];
  test.each(LEVELS)(
    'appears nowhere: log at %s, events, crashes, tree, metrics, answers to remote callers',
    async (level) => {
      process.env['ESPALIER_TEST_SECRET'] = SECRET;
      onTestFinished(() => void delete process.env['ESPALIER_TEST_SECRET']);
      const exits: unknown[] = [];
      const subscriber = (message: unknown): void => void exits.push(message);
      for (const name of ['espalier:actor.exit', 'espalier:rpc.call']) channel(name).subscribe(subscriber);
      onTestFinished(() => {
        for (const name of ['espalier:actor.exit', 'espalier:rpc.call'])
          channel(name).unsubscribe(subscriber);
      });
      const stage = await scene(level, false);
      const told = await tell(stage);
      const tree = await shown(stage);
      const { lines, events } = stage.written;
      expect(lines.filter((line) => line.includes('actor.crash')).length).toBeGreaterThanOrEqual(
        2 * THROWN.length,
      );
      expect(events.length).toBeGreaterThan(2 * THROWN.length);
      for (const text of [...lines, ...events, ...told, tree, JSON.stringify(exits)])
        expect(text).not.toContain(SECRET);
      // a remote caller learns no place of ours either
      for (const text of told.filter((_, index) => index % 4 !== 2))
        expect(text).not.toMatch(/\.ts|\/work|node_modules/);
    },
  );

  test('with crashDetails name and message are told, of the error itself; no cause, field, stack or path', async () => {
    const { world, node, client, written } = await scene('trace', true);
    const cause = new Error('canary-cause');
    await node.advertise('m.throw', () => {
      throw Object.assign(new RangeError('canary-message', { cause }), { field: 'canary-field' });
    });
    await node.advertise('m.object', () => {
      // oxlint-disable-next-line no-throw-literal
      throw { field: 'canary-field' };
    });
    const failure = await world.failure(client.call('m.throw'));
    const { id } = failure as { id: string };
    expect(failure).toEqual({
      tag: 'handler_crash',
      id,
      reason: 'error',
      detail: 'RangeError: canary-message',
    });
    expect(await world.failure(client.call('m.object'))).toMatchObject({ detail: 'an object' });
    const crash = written.lines.find((line) => line.includes(id)) ?? '';
    expect(JSON.parse(crash)).toMatchObject({
      event: 'actor.crash',
      id,
      reason: 'RangeError: canary-message',
    });
    for (const text of [...written.lines, ...written.events])
      expect(text).not.toMatch(/canary-cause|canary-field/);
  });

  test('crashDetails: log tells the log, not the caller', async () => {
    const world = meshWorld();
    const lines: string[] = [];
    const logger = ndjsonLogger(world.clock, 'error', (line) => void lines.push(line));
    // a runtime of its own has the real clock: the call stays in the process
    const { startNode } = await import('../../../src/node.ts');
    const { memoryNetwork } = await import('../../../src/transport/memory/network.ts');
    const { systemClock } = await import('../../../src/actor/clock.ts');
    const transport = memoryNetwork({ clock: systemClock, random: seededRandom('log') }).transport();
    const node = await startNode({ crashDetails: 'log', logger, transport, realm: 'r', listen: '0.0.0.0:1' });
    expect([runtimeOf(node).crashDetails, contextOf(node).settings.crashDetails]).toEqual([true, false]);
    await node.advertise('m.throw', () => {
      throw new RangeError('canary-message');
    });
    const result = await node.tryCall('m.throw');
    expect(result.ok ? undefined : result.error.failure).toEqual({
      tag: 'handler_crash',
      id: expect.any(String) as string,
      reason: 'error',
    });
    expect(lines.join()).toContain('RangeError: canary-message');
    await node.close();
  });
});

describe('keys', () => {
  test('neither the private key nor the seeds of a hello are in logs, events or trees', async () => {
    const stage = await scene('trace', true);
    const { node, client, written } = stage;
    await tell(stage);
    const tree = await shown(stage);
    const secrets: Buffer[] = [];
    for (const one of [node, client]) {
      const { identity } = { identity: contextOf(one).scope.shared<{ privateKey?: unknown }>('identity') };
      const key = identity as unknown as Record<string, unknown>;
      for (const value of Object.values(key)) {
        if (typeof value === 'string' && value.includes('PRIVATE KEY'))
          secrets.push(Buffer.from(value.split('\n').slice(1, -2).join(''), 'base64').subarray(-32));
        if (
          typeof value === 'object' &&
          value !== null &&
          'export' in value &&
          (value as { type?: string }).type === 'private'
        )
          secrets.push(
            Buffer.from(
              (value as { export(o: object): { d: string } }).export({ format: 'jwk' }).d,
              'base64url',
            ),
          );
      }
    }
    expect(secrets.length).toBe(2);
    for (const one of processesOf(node).concat(processesOf(client))) {
      const { core } = (one.state ?? {}) as Partial<ConnectionState>;
      if (core?.hello !== undefined)
        secrets.push(Buffer.from(core.hello.ourSeed), Buffer.from(core.hello.theirSeed));
    }
    expect(secrets.length).toBe(6);
    const all = [...written.lines, ...written.events, tree].join('\n');
    for (const secret of secrets) {
      for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const) {
        const text = secret.toString(form);
        expect(all.includes(form === 'base64' ? text.slice(0, 40) : text)).toBe(false);
      }
      expect(all.includes([...secret].join(','))).toBe(false);
    }
  });
});

describe('10,000 hostile names and reasons', () => {
  const SEED = 'hostile-names';
  const PIECES = [
    '\n',
    '\r\n',
    '\u0000',
    '\u001b[31m',
    '\u001b]0;x\u0007',
    '\ud800',
    '\udfff',
    '\u2028',
    '\u2029',
    '\u0085',
    '"',
    '\\',
    '","level":60,"msg":"',
    '</script>',
    '%s',
    '😀',
    '\u202e',
    'a',
    ' ',
    '{',
    '}',
  ];

  test('give one parseable line each, at most 4 KiB, without a control character', async () => {
    const random = seededRandom(SEED);
    const hostile = (): string => {
      const count = random.u32() % 24;
      const text = Array.from({ length: count }, () => PIECES[random.u32() % PIECES.length]).join('');
      return random.u32() % 50 === 0 ? text.repeat(1 + (random.u32() % 2_000)) : text;
    };
    const lines: string[] = [];
    const runtime = new Runtime({
      random,
      logger: ndjsonLogger(meshWorld().clock, 'trace', (line) => void lines.push(line)),
      crashDetails: true,
    });
    const hub = new EventHub(runtime);
    const ways: ((text: string) => unknown)[] = [
      (text) =>
        runtime.reportCrash(
          runtime.spawn({ type: text, receive: () => {} }, { label: text }),
          new Error(text),
        ),
      (text) =>
        runtime.reportCrash(
          runtime.spawn({ type: 'T', receive: () => {} }, { label: text }) as Process,
          text,
        ),
      (text) => runtime.defect(Object.assign(new Error(text), { name: text, stack: text })),
      (text) =>
        hub.emit('service.advertised', { procedure: text, provider: text, metadata: { [text]: [text] } }),
      (text) => hub.emit('uplink.lost', { peer: text, reason: text }),
    ];
    for (let n = 0; n < 10_000; n++) {
      lines.length = 0;
      const text = hostile();
      (ways[n % ways.length] as (text: string) => unknown)(text);
      const [line = ''] = lines;
      const at = `seed ${SEED}, number ${n}`;
      expect([at, lines.length]).toEqual([at, 1]);
      expect([at, Buffer.byteLength(`${line}\n`) <= 4_096]).toEqual([at, true]);
      // oxlint-disable-next-line no-control-regex
      expect([at, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(line)]).toEqual([at, false]);
      const parsed = JSON.parse(line) as { level: number; event?: string };
      expect([at, typeof parsed.level, typeof parsed.event]).toEqual([at, 'number', 'string']);
      expect([at, parsed.level <= 50]).toEqual([at, true]);
    }
    expect(snapshot(runtime.firstChild ?? undefined, 'x').root.name.length).toBeGreaterThanOrEqual(0);
  });
});
