import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import {
  defineApplication,
  loadApplications,
  type Application,
  type ApplicationsOptions,
  type HostSignal,
} from '../../src/otp/application.ts';
import { collect, startOrder } from '../../src/otp/application/start-order.ts';
import { ExitError, StartError } from '../../src/otp/errors.ts';
import { dynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import { failure, reasonOf, world } from '../actor/world.ts';
import { child, plan, type Plan } from './tree.ts';

/** An application with one worker of its name, which logs its start and stop. */
const app = (made: Plan, name: string, options: Partial<Application> = {}): Application =>
  defineApplication({
    name,
    start: () => ({ children: [child(made, name, { restart: 'temporary' })], intensity: 0 }),
    stop: () => void made.log.push(`stopped ${name}`),
    ...options,
  });

/** A program that keeps what it is told. */
function fakeHost() {
  let notify: ((signal: HostSignal) => void) | undefined;
  const exits: number[] = [];
  return {
    exits,
    get listening() {
      return notify !== undefined;
    },
    signal: (signal: HostSignal) => notify?.(signal),
    host: {
      onSignal: (run: (signal: HostSignal) => void) => {
        notify = run;
        return () => (notify = undefined);
      },
      exit: (code: number) => void exits.push(code),
    },
  };
}

/** db ← cache ← web, and stats on its own. */
function begin(
  options: ApplicationsOptions = {},
  more: Partial<Record<'db' | 'cache' | 'web' | 'stats', Partial<Application>>> = {},
) {
  const all = world();
  const made = plan();
  const db = app(made, 'db', more.db);
  const cache = app(made, 'cache', { dependencies: [db], ...more.cache });
  const web = app(made, 'web', { dependencies: ['cache', db], ...more.web });
  const stats = app(made, 'stats', more.stats);
  const applications = loadApplications(all.runtime, [web, cache, stats], options);
  const names = async (): Promise<readonly string[]> => (await applications.which()).map(({ name }) => name);
  const pidOf = async (name: string): Promise<Process> =>
    ((await applications.which()).find((one) => one.name === name)?.pid ?? expect.fail()) as Process;
  /** Ends an application's top supervisor. */
  const end = async (name: string, reason: unknown): Promise<void> => {
    all.runtime.exit((await pidOf(name)).firstChild as Process, reason, await pidOf(name));
    await all.clock.settle();
  };
  return { ...all, made, log: made.log, applications, db, cache, web, stats, names, pidOf, end };
}

describe('start (A1, A2)', () => {
  test('ensureAllStarted starts dependencies first and lists what it started', async () => {
    const { applications, web, db, log, names } = begin();
    await applications.start(db);
    expect(await applications.ensureAllStarted(web)).toEqual(['cache', 'web']);
    expect(log).toEqual(['start db', 'start cache', 'start web']);
    expect(await names()).toEqual(['web', 'cache', 'db']);
    expect(await applications.ensureAllStarted('web')).toEqual([]);
  });

  test('a dependency that does not run is not_started, and nothing starts', async () => {
    const { applications, web, log } = begin();
    const error = await failure(applications.start(web));
    expect(error).toBeInstanceOf(StartError);
    expect((error as StartError).reason).toEqual({ not_started: 'cache' });
    expect((error as StartError).message).toBe('web did not start: { not_started: cache }');
    expect(log).toEqual([]);
  });

  test('one that runs is already_started, one nobody loaded not_found', async () => {
    const { applications } = begin();
    await applications.start('db');
    expect(await reasonOf(applications.start('db'))).toEqual({ already_started: 'db' });
    expect(await reasonOf(applications.start('none'))).toEqual({ not_found: 'none' });
    expect(await reasonOf(applications.ensureAllStarted('none'))).toEqual({ not_found: 'none' });
    expect(await reasonOf(applications.stop('none'))).toEqual({ not_found: 'none' });
  });

  test("a failing child is the error's cause, and nothing of the application keeps running", async () => {
    const { applications, made, log, runtime, clock, names } = begin(
      {},
      {
        db: { start: () => ({ children: [child(made2, 'first'), child(made2, 'second')] }) },
      },
    );
    made2.failures.set('second', 1);
    const error = (await failure(applications.start('db'))) as StartError;
    await clock.settle();
    expect([error.message, error.cause]).toEqual(['db/second did not start: no start', 'no start']);
    expect(made2.log).toEqual(['start first', 'fail second', 'stop first shutdown']);
    expect([log, made.log, await names(), runtime.alive]).toEqual([[], [], [], 1]);
  });
  const made2 = plan();

  test('a callback that throws, rejects, or gives ignore fails the start with that', async () => {
    const bug = new Error('bug');
    const starts: Application['start'][] = [
      () => {
        throw bug;
      },
      () => Promise.reject(bug),
      () => ({ id: 'x', start: () => ({ tag: 'ignore' }) }),
    ];
    for (const start of starts) {
      const { applications, runtime, log } = begin({}, { db: { start } } as never);
      expect([bug, 'ignore']).toContain(await reasonOf(applications.start('db')));
      expect([runtime.alive, log]).toEqual([1, []]);
    }
  });

  test('when one of many fails, those started for it stop again and the others stay', async () => {
    const { applications, made, log, names } = begin();
    await applications.start('db');
    made.failures.set('web', 1);
    expect(((await failure(applications.ensureAllStarted('web'))) as Error).message).toBe(
      'web/web did not start: no start',
    );
    expect(log.slice(1)).toEqual(['start cache', 'fail web', 'stop cache shutdown', 'stopped cache']);
    expect(await names()).toEqual(['db']);
  });

  test('the top may be any child specification, come later, or not be there', async () => {
    const { applications, pidOf } = begin({}, {
      db: { start: () => Promise.resolve(dynamicSupervisor('sessions')) },
      stats: { start: undefined },
    } as never);
    await applications.start('db');
    await applications.start('stats');
    expect((await pidOf('db')).firstChild?.behavior.type).toBe('DynamicSupervisor');
    expect([...childrenOf(await pidOf('stats'))]).toEqual([]);
    await applications.stop('stats');
    await applications.stop('db');
  });
});

describe('stop (A2)', () => {
  test('stops the tree, then runs the stop callback; others go on, also those that depend on it', async () => {
    const { applications, log, names } = begin();
    await applications.ensureAllStarted('web');
    log.length = 0;
    await applications.stop('db');
    expect(log).toEqual(['stop db shutdown', 'stopped db']);
    expect(await names()).toEqual(['web', 'cache']);
    expect(await failure(applications.stop('db'))).toBeInstanceOf(ExitError);
    expect(await reasonOf(applications.stop('db'))).toEqual({ not_started: 'db' });
    await applications.start('db');
    expect(await names()).toEqual(['db', 'web', 'cache']);
  });

  test('stopAll stops them one after the other in reverse start order and ends all', async () => {
    const { applications, log, runtime, made } = begin({}, {
      cache: { start: () => ({ children: [child(madeSlow, 'cache', { linger: 100 })] }) },
    } as never);
    await applications.ensureAllStarted('web');
    await applications.start('stats');
    log.length = 0;
    const stopped = applications.stopAll();
    await (runtime.clock as ReturnType<typeof world>['clock']).advance(100);
    expect(await stopped).toBe(true);
    expect(made.log).toEqual([
      'stop stats shutdown',
      'stopped stats',
      'stop web shutdown',
      'stopped web',
      'stopped cache',
      'stop db shutdown',
      'stopped db',
    ]);
    expect([runtime.alive, await applications.ended, runtime.timers.size]).toEqual([0, 'shutdown', 0]);
    expect(await reasonOf(applications.start('db'))).toBe('noproc');
    expect(await applications.stopAll()).toBe(true);
  });
  const madeSlow = plan();

  test('a stop callback that throws is reported and stops nothing', async () => {
    const { applications, names, reports } = begin(
      {},
      {
        db: {
          stop: () => {
            throw new Error('bug');
          },
        },
      },
    );
    await applications.ensureAllStarted('web');
    await applications.stop('db');
    expect(await names()).toEqual(['web', 'cache']);
    expect(reports.filter(({ tag }) => tag === 'crash').map(({ label }) => label)).toEqual(['db']);
  });

  test('which is answered while a start hangs, and refused after the end', async () => {
    const { applications, clock, names } = begin({}, { web: { start: () => new Promise(() => {}) } });
    await applications.ensureAllStarted('cache');
    const starting = reasonOf(applications.start('web'));
    await clock.settle();
    expect(await names()).toEqual(['cache', 'db']);
    await applications.stopAll();
    expect([await starting, await reasonOf(applications.which())]).toEqual(['shutdown', 'noproc']);
  });

  test('a start that hangs does not hold up the end of all', async () => {
    const { applications, log, clock } = begin({}, { web: { start: () => new Promise(() => {}) } });
    await applications.ensureAllStarted('cache');
    log.length = 0;
    const starting = reasonOf(applications.start('web'));
    await clock.settle();
    expect(await applications.stopAll()).toBe(true);
    expect(await starting).toBe('shutdown');
    expect(log).toEqual(['stop cache shutdown', 'stopped cache', 'stop db shutdown', 'stopped db']);
  });
});

describe('an end nobody asked for (A4)', () => {
  test.each([
    ['permanent', 'normal', true],
    ['permanent', 'shutdown', true],
    ['permanent', 'bug', true],
    ['transient', 'normal', false],
    ['transient', 'shutdown', true],
    ['transient', 'bug', true],
    ['temporary', 'normal', false],
    ['temporary', 'bug', false],
  ] as const)('%s, %s: all end: %s', async (type, reason, all) => {
    const { applications, runtime, log, reports, clock, names, pidOf } = begin();
    await applications.ensureAllStarted('web');
    await applications.start('stats', { type });
    log.length = 0;
    const master = await pidOf('stats');
    runtime.stop(master.firstChild as Process, reason);
    await clock.settle();
    expect(log.slice(0, 2)).toEqual(['stop stats shutdown', 'stopped stats']);
    expect(reports.filter((one) => one.tag === 'supervisor' && one.label === 'applications')).toMatchObject([
      { context: 'child_terminated', child: 'stats', reason },
    ]);
    if (all) {
      expect(await applications.ended).toEqual({ shutdown: { application_ended: 'stats', reason } });
      expect(log.slice(2).filter((line) => line.startsWith('stopped'))).toEqual([
        'stopped web',
        'stopped cache',
        'stopped db',
      ]);
      expect(await applications.stopAll()).toBe(false);
    } else expect(await names()).toEqual(['web', 'cache', 'db']);
  });

  test('temporary is the default; the type of a start wins over the definition', async () => {
    const { applications, end, names } = begin({}, { db: { type: 'permanent' } });
    await applications.start('db', { type: 'temporary' });
    await applications.start('stats');
    await end('db', 'kill');
    await end('stats', 'kill');
    expect(await names()).toEqual([]);
    expect(applications.pid).toMatchObject({ alive: true });
  });

  test('a supervisor that gives up ends its application with shutdown', async () => {
    const { applications, pidOf, runtime, clock } = begin(
      {},
      {
        db: { type: 'permanent', start: () => ({ children: [child(plan(), 'x')], intensity: 0 }) },
      },
    );
    await applications.start('db');
    runtime.exit((await pidOf('db')).firstChild?.firstChild as Process, 'kill');
    await clock.settle();
    expect(await applications.ended).toEqual({
      shutdown: { application_ended: 'db', reason: 'shutdown' },
    });
  });
});

describe('environment (A5)', () => {
  const server = defineApplication({
    name: 'server',
    env: { port: 80, host: 'here' },
    start: ({ env }) => {
      seen.push(env);
      return { children: [] };
    },
  });
  const seen: object[] = [];

  test('is readable before the start, configured over the definition, overridden by a start while it runs', async () => {
    const applications = loadApplications(world().runtime, [server], { env: { server: { port: 81 } } });
    const port: number = applications.env(server).port;
    expect([port, applications.env('server')]).toEqual([81, { port: 81, host: 'here' }]);
    await applications.start(server, { env: { host: 'there' } });
    expect(applications.env(server)).toEqual({ port: 81, host: 'there' });
    await applications.stop(server);
    await applications.ensureAllStarted(server, { env: { server: { port: 82 } } });
    await applications.stop(server);
    expect(applications.env(server)).toEqual({ port: 81, host: 'here' });
    expect(seen).toEqual([
      { port: 81, host: 'there' },
      { port: 82, host: 'here' },
    ]);
    expect(Object.isFrozen(seen[0])).toBe(true);
  });

  test('of an application that is not there is a TypeError', () => {
    const { runtime } = world();
    expect(() => loadApplications(runtime, [server]).env('none')).toThrow(TypeError);
    expect(() => loadApplications(runtime, [server], { env: { none: {} } })).toThrow(TypeError);
  });
});

describe('signals (A6)', () => {
  const hanging = { stop: () => new Promise<void>(() => {}) };

  test('the first stops all in reverse order, then the program exits with 0', async () => {
    const program = fakeHost();
    const { applications, log, clock } = begin({ host: program.host });
    await applications.ensureAllStarted('web');
    log.length = 0;
    program.signal('SIGTERM');
    await clock.settle();
    expect(log.filter((line) => line.startsWith('stopped'))).toEqual([
      'stopped web',
      'stopped cache',
      'stopped db',
    ]);
    expect(program.exits).toEqual([0]);
  });

  test('one deadline for all: what is left is killed, and the program exits with 1', async () => {
    const program = fakeHost();
    const { applications, clock, runtime } = begin({ host: program.host }, { web: hanging, cache: hanging });
    await applications.ensureAllStarted('web');
    program.signal('SIGINT');
    await clock.advance(7_999);
    expect(program.exits).toEqual([]);
    await clock.advance(1);
    expect([program.exits, runtime.alive]).toEqual([[1], 0]);
  });

  test('the second exits at once; two SIGINT of one Ctrl-C are one', async () => {
    const program = fakeHost();
    const { applications, clock } = begin({ host: program.host }, { web: hanging });
    await applications.ensureAllStarted('web');
    program.signal('SIGINT');
    await clock.advance(30);
    program.signal('SIGINT');
    await clock.settle();
    expect(program.exits).toEqual([]);
    await clock.advance(1);
    program.signal('SIGINT');
    expect(program.exits).toEqual([130]);
    const other = fakeHost();
    const second = begin({ host: other.host }, { web: hanging });
    await second.applications.ensureAllStarted('web');
    other.signal('SIGINT');
    other.signal('SIGTERM');
    expect(other.exits).toEqual([143]);
  });

  test('the end of a permanent one exits with 1, also when the others hang', async () => {
    const program = fakeHost();
    const { applications, clock, end } = begin({ host: program.host, timeout: 50 }, { web: hanging });
    await applications.ensureAllStarted('web');
    await applications.start('stats', { type: 'permanent' });
    await end('stats', 'kill');
    expect(program.exits).toEqual([]);
    await clock.advance(50);
    expect([program.exits, program.listening]).toEqual([[1], false]);
  });

  test('after stopAll nobody listens, and the program goes on', async () => {
    const program = fakeHost();
    const { applications } = begin({ host: program.host });
    expect(program.listening).toBe(true);
    expect(await applications.stopAll()).toBe(true);
    expect([program.exits, program.listening]).toEqual([[], false]);
  });
});

describe('definitions', () => {
  test('startOrder puts each after what it needs, once', () => {
    const made = plan();
    const a = app(made, 'a');
    const b = app(made, 'b', { dependencies: [a] });
    const c = app(made, 'c', { dependencies: ['a', b] });
    const d = app(made, 'd', { dependencies: [c, b] });
    expect(startOrder(collect([d]), 'd')).toEqual(['a', 'b', 'c', 'd']);
  });

  test('refuses two of one name, an unknown dependency, and a circle, naming them', () => {
    const made = plan();
    const x = app(made, 'x', { dependencies: ['y'] });
    const y = app(made, 'y', { dependencies: ['z'] });
    const z = app(made, 'z', { dependencies: ['x'] });
    expect(() => collect([x, app(made, 'x')])).toThrow('two are named x');
    expect(() => collect([x])).toThrow('x depends on y');
    expect(() => collect([x, y, z])).toThrow('x needs y needs z needs x');
  });

  test.each([
    { name: '' },
    { name: 'a', type: 'eternal' },
    { name: 'a', env: 7 },
    { name: 'a', start: 7 },
    { name: 'a', dependencies: [7] },
  ])('defineApplication refuses %o', (definition) => {
    expect(() => defineApplication(definition as unknown as Application)).toThrow(TypeError);
  });

  test.each([0, Number.NaN])('refuses the timeout %s', (deadline) => {
    expect(() => loadApplications(world().runtime, [], { timeout: deadline })).toThrow(RangeError);
  });
});
