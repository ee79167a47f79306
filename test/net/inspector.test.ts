/** The inspector of a node over real HTTP: what it shows, what it does, and that it comes back. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CrashRing } from '../../src/mesh/events/crash-ring.ts';
import { InspectorError } from '../../src/inspect/inspector-error.ts';
import type { ActorRow } from '../../src/inspect/row.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import { worker } from '../../src/otp/supervisor.ts';
import { processOf, processesOf, runtimeOf } from '../mesh-world.ts';
import { endAll, run } from '../cli/process.ts';
import { inspected, type Events, type Inspected } from './inspected.ts';
import { until } from './quic-bench.ts';

const SECRET = 'canary-90d1f7b2';

const keeper: GenServer<unknown, object, { add(n: number): number }> = {
  label: 'keeper',
  init: (given) => ({ given, sum: 0 }),
  handleCall: { add: (n, state) => reply(n, state) },
  handleInfo: (message, state) => {
    if (message === 'fail') throw new RangeError(SECRET, { cause: new TypeError(SECRET) });
    return noReply(state);
  },
};

const withKeeper = (actions = true): Promise<Inspected> =>
  inspected({ actions }, { children: [worker('keeper', keeper, undefined)] });

const rowsOf = async (on: Inspected): Promise<ActorRow[]> =>
  ((await on.json('/api/tree')) as { rows: ActorRow[] }).rows;
const rowOf = async (on: Inspected, name: string): Promise<ActorRow> =>
  (await rowsOf(on)).find((row) => row.name === name)!;
const audit = (on: Inspected): object[] =>
  on.lines
    .map(
      (line) =>
        JSON.parse(line) as {
          event: string;
          action?: string;
          target?: string;
          outcome?: string;
          level: number;
        },
    )
    .filter(({ event }) => event === 'inspector.action')
    .map(({ level, action, target, outcome }) => ({ level, action, target, outcome }));
const ready = (on: Inspected): Promise<void> => until(() => on.node.inspector !== undefined);

describe('what it shows', () => {
  test('the node, its tree in order, an actor, crashes, metrics', async () => {
    const on = await withKeeper();
    expect(await on.json('/api/node')).toEqual({
      schema: 1,
      node: on.node.url,
      role: 'node',
      id: on.node.id,
      pid: process.pid,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      nodeVersion: process.version,
      startedAt: expect.any(Number) as number,
      actions: true,
      views: expect.any(Array) as string[],
    });
    const tree = (await on.json('/api/tree')) as { rows: ActorRow[]; node: string; seq: number };
    expect(tree).toMatchObject({ schema: 1, node: on.node.url, seq: expect.any(Number) as number });
    const seen = new Set<string | null>([null]);
    for (const row of tree.rows) {
      expect([seen.has(row.parent), seen.has(row.after)]).toEqual([true, true]);
      seen.add(row.id);
    }
    expect(tree.rows.map(({ id }) => id)).toEqual(
      processesOf(on.node)
        .map(String)
        .toSorted(
          (a, b) => tree.rows.findIndex(({ id }) => id === a) - tree.rows.findIndex(({ id }) => id === b),
        ),
    );
    const row = tree.rows.find(({ name }) => name === 'keeper')!;
    expect(await on.json(`/api/actor/${encodeURIComponent(row.id)}`)).toMatchObject({
      row: { id: row.id, name: 'keeper', state: { type: 'object' } },
      status: {
        ancestors: [row.parent, expect.any(String)],
        names: [],
        debug: [],
        state: { type: 'object' },
      },
      crashes: [],
    });
    expect(await on.json('/api/crashes')).toEqual({ crashes: [] });
    expect((await on.ask('/metrics', { headers: on.bearer })).headers['content-type']).toBe(
      'text/plain; version=0.0.4; charset=utf-8',
    );
    expect(tree.rows.filter(({ busy }) => !busy).map(({ name }) => name)).toEqual(['inspector']);
  });

  test('what a procedure takes, to those who may call it', async () => {
    const [on, readOnly] = [await withKeeper(), await withKeeper(false)];
    const schema = { args: { type: 'object', properties: { a: { type: 'number' } } } };
    for (const { node } of [on, readOnly])
      await node.advertise('sums.add', () => 1, { metadata: { schema, token: SECRET } });
    const answer = await on.ask('/api/procedures/sums.add', { headers: on.bearer });
    expect(JSON.parse(answer.body)).toEqual({
      procedure: 'sums.add',
      description: '',
      args: schema.args,
      result: null,
    });
    const statuses = async (at: Inspected, name: string): Promise<number> =>
      (await at.ask(`/api/procedures/${name}`, { headers: at.bearer })).status;
    expect(await statuses(on, 'nothing.here')).toBe(404);
    expect(await statuses(on, '%')).toBe(404);
    expect(await statuses(readOnly, 'sums.add')).toBe(403);
  });

  test('HEAD says the same without a body', async () => {
    const on = await withKeeper();
    const [get, head] = [
      await on.ask('/api/node', { headers: on.bearer }),
      await on.ask('/api/node', { method: 'HEAD', headers: on.bearer }),
    ];
    expect([head.status, head.body, head.headers['content-length']]).toEqual([
      200,
      '',
      get.headers['content-length'],
    ]);
    expect((await on.ask('/api/stream', { method: 'HEAD', headers: on.bearer })).status).toBe(405);
  });

  test('a way that a place is not asked in is told which are', async () => {
    const on = await withKeeper();
    const allowed = async (path: string, method: string): Promise<unknown> => {
      const { status, headers } = await on.ask(path, { method, headers: on.bearer });
      return [status, headers.allow];
    };
    expect(await allowed('/api/tree', 'DELETE')).toEqual([405, 'GET, HEAD']);
    expect(await allowed('/api/stream', 'HEAD')).toEqual([405, 'GET']);
    expect(await allowed('/api/stream', 'POST')).toEqual([405, 'GET']);
    expect(await allowed('/api/actions', 'GET')).toEqual([405, 'POST']);
    expect(await allowed('/api/tree', 'GET')).toEqual([200, undefined]);
  });
});

describe('the event stream', () => {
  test('tells the tree, then what changes, and a crash with what its supervisor did', async () => {
    const on = await withKeeper();
    const stream = await on.stream('?interval=100');
    const { data } = await stream.first(({ event }) => event === 'snapshot');
    expect(data).toMatchObject({ schema: 1, node: on.node.url });
    const before = processOf(on.node, 'keeper');
    runtimeOf(on.node).send(before, 'fail');
    const crash = await stream.first(
      ({ event, data: told }) => event === 'crash' && told.decision !== undefined,
    );
    expect(crash.data).toMatchObject({
      pid: String(before),
      label: 'keeper',
      path: expect.arrayContaining(['app']) as string[],
      reason: expect.stringMatching(/^RangeError/) as string,
      cause: ['TypeError'],
      lastMessage: { type: 'string', size: 4 },
      decision: 'restarted',
    });
    expect(crash.data.stack.length).toBeGreaterThan(0);
    const delta = await stream.first(
      ({ event, data: told }) => event === 'delta' && told.removed.includes(String(before)),
    );
    expect(delta.data.added).toMatchObject([{ name: 'keeper', counters: { restarts: 1 } }]);
    expect(delta.data.seq).toBeGreaterThan(data.seq);
    const line = await stream.first(
      ({ event, data: told }) => event === 'log' && told.event === 'actor.crash',
    );
    // the same words as in the log
    expect(line.data).toMatchObject({ level: 'error', msg: 'keeper crashed' });
    const logged = on.lines.map((text) => JSON.parse(text) as { event: string; msg: string });
    expect(logged.find(({ event }) => event === 'actor.crash')?.msg).toBe('keeper crashed');
    expect(JSON.stringify(stream.all)).not.toContain(SECRET);
    expect(await on.json('/api/crashes')).toMatchObject({
      crashes: [{ id: crash.data.id, decision: 'restarted' }],
    });
    const id = encodeURIComponent(String(processOf(on.node, 'keeper')));
    expect(await on.json(`/api/actor/${id}`)).toMatchObject({ crashes: [{ id: crash.data.id }] });
  });

  test('eight are open at once, and one that leaves makes room', async () => {
    const on = await withKeeper();
    const streams: Events[] = [];
    for (let n = 0; n < 8; n++) streams.push(await on.stream());
    const ninth = await on.ask('/api/stream', { headers: on.bearer });
    expect([ninth.status, JSON.parse(ninth.body)]).toEqual([429, { error: '8 event streams are open' }]);
    streams[3]!.leave();
    let again: Events | undefined;
    for (let tries = 0; tries < 1_000 && again?.status !== 200; tries++) again = await on.stream();
    expect(again?.status).toBe(200);
    await again!.first(({ event }) => event === 'snapshot');
  });

  test('nobody listens to anything after the last has left', async () => {
    const on = await withKeeper();
    const { crashes, events } = (
      on.node as unknown as { context: { crashes: CrashRing; events: { wants: Record<string, boolean> } } }
    ).context;
    let listening = 0;
    const listen = crashes.listen.bind(crashes);
    crashes.listen = (tell) => {
      listening++;
      const leave = listen(tell);
      return () => {
        listening--;
        return leave();
      };
    };
    const wanted = { ...events.wants };
    const streams = [await on.stream(), await on.stream()];
    await until(() => listening === 1);
    for (const stream of streams) stream.leave();
    await until(() => listening === 0);
    expect(events.wants).toEqual(wanted);
  });

  test('one that vanishes before it was told anything harms nobody', async () => {
    const on = await withKeeper();
    for (let n = 0; n < 50; n++) {
      const socket = await on.socket();
      socket.write(
        `GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nAuthorization: Bearer ${on.token}\r\n\r\n`,
      );
      if (n % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
    await until(() => on.lines.length > 0);
    let told: Events | undefined;
    for (let tries = 0; tries < 1_000 && told?.status !== 200; tries++) told = await on.stream();
    await told!.first(({ event }) => event === 'snapshot');
    expect(on.lines.filter((line) => line.includes('runtime.defect'))).toEqual([]);
  });

  test('readers that do not read cost little, however busy the tree is', async () => {
    const idle: GenServer<void, number> = {
      label: 'busy',
      init: () => 0,
      handleInfo: (_message, n) => noReply(n + 1),
    };
    const children = Array.from({ length: 1_000 }, (_, n) => worker(`busy${n}`, idle, undefined));
    const on = await inspected({ actions: true }, { children });
    for (let n = 0; n < 8; n++) {
      const socket = await on.socket();
      socket.pause();
      socket.write(
        `GET /api/stream?interval=100 HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nAuthorization: Bearer ${on.token}\r\n\r\n`,
      );
    }
    const runtime = runtimeOf(on.node);
    const actors = processesOf(on.node).filter(({ label }) => label.startsWith('busy'));
    expect(actors).toHaveLength(1_000);
    const reader = await on.stream('?interval=100');
    expect(reader.status).toBe(429);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const bytes = (): number => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const round = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) {
        for (const actor of actors) runtime.send(actor, n);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await round(50);
    const before = bytes();
    await round(150);
    // thirty looks, of 300 KB and more each, for eight: all of it would be 70 MB
    expect(bytes() - before).toBeLessThan(20_000_000);
    expect((await on.ask('/api/node', { headers: on.bearer })).status).toBe(200);
  });
});

describe('actions', () => {
  test('kill, terminate, suspend, resume, restartChild and trace, each with its line in the log', async () => {
    const on = await withKeeper();
    const id = async (): Promise<string> => (await rowOf(on, 'keeper')).id;
    const ids: string[] = [];
    const act = async (action: string, more: object = {}): Promise<unknown> => {
      const target = await id();
      ids.push(target);
      const told = await on.act({ action, id: target, ...more });
      await until(() => processesOf(on.node).some(({ label }) => label === 'keeper'));
      return told;
    };
    expect(await act('kill')).toEqual({ ok: true });
    expect(await act('terminate', { reason: 'tired', timeoutMs: 1_000 })).toMatchObject({ ok: true });
    expect(await act('suspend')).toEqual({ ok: true });
    expect(await rowOf(on, 'keeper')).toMatchObject({ status: 'suspended' });
    expect(await act('resume')).toEqual({ ok: true });
    const old = await id();
    const restarted = (await act('restartChild')) as { value: string };
    expect(restarted).toEqual({ ok: true, value: await id() });
    expect(restarted.value).not.toBe(old);
    const traced = act('trace', { max: 2, ms: 60_000 });
    const process = processOf(on.node, 'keeper');
    await until(() => runtimeOf(on.node).scheduler.tracer !== null);
    runtimeOf(on.node).send(process, SECRET);
    runtimeOf(on.node).send(process, { [SECRET]: 1 });
    expect(await traced).toMatchObject({ ok: true, value: [{ kind: 'info' }, { kind: 'info' }] });
    expect(await act('trace', { max: 2, ms: 20 })).toEqual({ ok: true, value: [] });
    const actions = ['kill', 'terminate', 'suspend', 'resume', 'restartChild', 'trace', 'trace'];
    expect(audit(on)).toEqual(
      actions.map((action, n) => ({ level: 40, action, target: ids[n], outcome: 'ok' })),
    );
    expect(on.lines.join('\n')).not.toContain(SECRET);
  });

  test('what is refused has its line too', async () => {
    const on = await withKeeper();
    expect(await on.act({ action: 'kill', id: '<9.9>' })).toMatchObject({
      ok: false,
      error: { tag: 'not_found' },
    });
    expect(await on.act({ action: 'call', procedure: 'no.such', timeoutMs: 1_000 })).toMatchObject({
      ok: false,
    });
    expect(audit(on)).toMatchObject([
      { action: 'kill', target: '<9.9>', outcome: 'not_found' },
      { action: 'call', target: 'no.such', outcome: expect.stringMatching(/not_found|no_handler/) as string },
    ]);
  });

  test('call: values as JSON, also what JSON has no form for', async () => {
    const on = await withKeeper();
    await on.node.advertise('t.echo', (value) => value);
    await on.node.advertise('t.odd', () => ({ big: 2n ** 60n, bytes: new Uint8Array([1, 2]), none: NaN }));
    await on.node.advertise('t.fail', () => {
      throw new Error(SECRET);
    });
    const call = (procedure: string, args?: unknown): Promise<unknown> =>
      on.act({ action: 'call', procedure, args });
    expect(await call('t.echo', { a: [1, null, 'x'] })).toEqual({ ok: true, value: { a: [1, null, 'x'] } });
    expect(await call('t.echo', { n: { $bigint: '9007199254740993' } })).toEqual({
      ok: true,
      value: { n: { $bigint: '9007199254740993' } },
    });
    expect(await call('t.echo', { b: { $bytes: 'no base64!' } })).toMatchObject({
      ok: false,
      error: { tag: 'invalid_args' },
    });
    expect(await call('t.echo', JSON.parse('{"__proto__":{"polluted":1}}'))).toMatchObject({
      ok: false,
      error: { tag: 'unencodable' },
    });
    expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
    expect(await call('t.odd')).toEqual({
      ok: true,
      value: { big: { $bigint: String(2n ** 60n) }, bytes: { $bytes: 'AQI=' }, none: { $number: 'NaN' } },
    });
    const failed = await call('t.fail');
    expect(failed).toMatchObject({ ok: false, error: { tag: 'handler_crash' } });
    expect(JSON.stringify(failed)).not.toContain(SECRET);
    expect(on.lines.filter((line) => line.includes('runtime.defect'))).toEqual([]);
  });

  test('on the inspector itself: it comes back, and its line is there', async () => {
    const on = await withKeeper();
    for (const action of ['kill', 'terminate', 'restartChild']) {
      const { id } = await rowOf(on, 'inspector');
      await on.act({ action, id, timeoutMs: 1_000 }).catch(() => undefined);
      await until(() => audit(on).some((line) => (line as { target: string }).target === id));
      await ready(on);
      expect((await on.ask('/api/node', { headers: on.bearer })).status).toBe(200);
      expect((await rowOf(on, 'inspector')).id).not.toBe(id);
    }
    const { id } = await rowOf(on, 'inspector');
    expect(await on.act({ action: 'suspend', id })).toEqual({ ok: true });
    expect(await rowOf(on, 'inspector')).toMatchObject({ status: 'suspended' });
    expect(await on.act({ action: 'resume', id })).toEqual({ ok: true });
  });
});

describe('its own end', () => {
  test('it comes back at the same port with the same token and sessions, and the others are unharmed', async () => {
    const on = await withKeeper();
    const { cookie, key } = await on.enter();
    const others = (await rowsOf(on)).filter(({ name }) => name !== 'inspector').map(({ id }) => id);
    const stream = await on.stream();
    const half = await on.socket();
    half.on('error', () => undefined);
    half.write('POST /api/actions HTTP/1.1\r\nHost:');
    runtimeOf(on.node).exit(processOf(on.node, 'inspector'), 'kill');
    await until(() => stream.over());
    await ready(on);
    expect(on.node.inspector).toMatchObject({ address: `http://127.0.0.1:${on.port}`, token: on.token });
    const again = await on.stream();
    await again.first(({ event }) => event === 'snapshot');
    const page = await on.ask('/api/node', { headers: { cookie, 'x-espalier-key': key } });
    expect(page.status).toBe(200);
    const after = await rowsOf(on);
    expect(after.filter(({ name }) => name !== 'inspector').map(({ id }) => id)).toEqual(others);
  });

  test('its port taken meanwhile: the node lives on, and it is back when the port is free, without the sessions that the thief may know', async () => {
    const on = await withKeeper();
    const { cookie, key } = await on.enter();
    const others = (await rowsOf(on)).filter(({ name }) => name !== 'inspector').map(({ id }) => id);
    const thief = createServer();
    // in the turn of its end, before its supervisor hears of it
    const process = processOf(on.node, 'inspector');
    const listening = once(thief, 'listening');
    runtimeOf(on.node).onExit(process, () =>
      thief.listen({ port: on.port, host: '127.0.0.1', exclusive: true }),
    );
    runtimeOf(on.node).exit(process, 'kill');
    await listening;
    onTestFinished(() => void thief.close());
    await until(
      () =>
        on.lines.some((line) => line.includes('runtime.defect') && line.includes('EADDRINUSE')) ||
        on.node.inspector !== undefined,
    );
    expect(on.node.inspector).toBe(undefined);
    // longer than the intensity of any supervisor of ours allows a restart each second
    thief.close();
    await ready(on);
    const page = await on.ask('/api/node', { headers: { cookie, 'x-espalier-key': key } });
    expect(page.status).toBe(401);
    const after = await rowsOf(on);
    expect(after.filter(({ name }) => name !== 'inspector').map(({ id }) => id)).toEqual(others);
  });

  test('a node that closes while it is asked closes all the same', async () => {
    const on = await withKeeper();
    const streams = [await on.stream('?interval=100'), await on.stream()];
    const asking = Array.from({ length: 40 }, (_, n) =>
      on.ask(n % 2 === 0 ? '/api/tree' : '/api/crashes', { headers: on.bearer }).catch(() => undefined),
    );
    const tracing = on
      .act({ action: 'trace', id: (await rowOf(on, 'keeper')).id, max: 10, ms: 60_000 })
      .catch(() => undefined);
    await until(() => runtimeOf(on.node).scheduler.tracer !== null);
    await on.node.close();
    await Promise.all([...asking, tracing]);
    for (const stream of streams) await until(() => stream.over());
    await expect(on.ask('/api/node')).rejects.toThrow(/ECONNREFUSED/);
    expect(on.lines.filter((line) => line.includes('runtime.defect'))).toEqual([]);
    expect(on.node.inspector).toBe(undefined);
  });

  test('a port that is taken at the start is a clear error, and nothing of the node stays', async () => {
    const taken = createServer().listen({ port: 0, host: '127.0.0.1', exclusive: true });
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    const error: unknown = await inspected({ port }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InspectorError);
    expect(error).toMatchObject({
      message: `The inspector cannot listen at 127.0.0.1 port ${port}: EADDRINUSE`,
      failure: { tag: 'bind_failed', address: { host: '127.0.0.1', port }, code: 'EADDRINUSE' },
    });
  });

  test('the command says so in one line, and which of its options make no sense', async () => {
    onTestFinished(endAll);
    const taken = createServer().listen({ port: 0, host: '127.0.0.1', exclusive: true });
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    const node = ['node', '--listen', '127.0.0.1:0'];
    const ended = await run([...node, '--inspector', `${port}`]);
    expect(ended).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `error: The inspector cannot listen at 127.0.0.1 port ${port}: EADDRINUSE\n`,
    });
    const { code, stdout } = await run([...node, '--inspector', `${port}`, '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      { ok: false, error: { tag: 'bind_failed', details: { address: { port }, code: 'EADDRINUSE' } } },
    ]);
    for (const wrong of [
      ['--inspector', 'x'],
      ['--inspector', '65536'],
      ['--inspector=-1'],
      ['--inspector-actions'],
      ['--inspector', '--inspector-allow', 'x'],
      ['--inspector', '--inspector-token-file', '/nowhere'],
    ])
      expect(await run([...node, ...wrong])).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining('inspector') as string,
      });
  });

  test.each([
    [{ port: -1 }, /inspector\.port/],
    [{ port: 65_536 }, /inspector\.port/],
    [{ port: '9911' }, /inspector\.port/],
    [{ host: '0.0.0.0' }, /inspector\.host/],
    [{ host: '::' }, /inspector\.host/],
    [{ host: '192.168.1.1' }, /inspector\.host/],
    [{ host: 'localhost' }, /inspector\.host/],
    [{ host: '' }, /inspector\.host/],
    [{ actions: 'yes' }, /inspector\.actions/],
    [{ announce: 0 }, /inspector\.announce/],
    [{ allow: 'x' }, /inspector\.allow/],
    [{ allow: ['AB'.repeat(32)] }, /inspector\.allow/],
    [{ token: 'short' }, /inspector\.token/],
    [{ token: `${'x'.repeat(16)}; Path=/` }, /inspector\.token/],
    [{ token: 'x'.repeat(257) }, /inspector\.token/],
    [{ tokens: 1 }, /tokens/],
    [9911, /inspector/],
    [null, /inspector/],
  ])('options that make no sense are refused: %j', async (options, message) => {
    await expect(inspected(options as never)).rejects.toThrow(message);
  });
});
