/**
 * Applications: trees that start in the order of their dependencies and stop in reverse (OTP A1–A6).
 *
 * ```ts
 * const db = defineApplication({ name: 'db', start: () => ({ children: [worker('pool', pool, 4)] }) });
 * const web = defineApplication({
 *   name: 'web', dependencies: [db], type: 'permanent', env: { port: 80 },
 *   start: ({ env }) => ({ children: [worker('server', server, env.port)] }),
 * });
 * const applications = loadApplications(runtime, [web], { host: nodeHost() });
 * await applications.ensureAllStarted(web); // ['db', 'web']
 * ```
 * With a `host` the program lives while applications run; SIGINT and SIGTERM stop all in good order and end it. Source: Erlang/OTP `application`.
 */
import type { ExitReason } from '../actor/exit-reason.ts';
import type { Pid } from '../actor/pid.ts';
import type { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import {
  controllerBehavior,
  ControllerState,
  endWithin,
  type ApplicationInfo,
  type ControllerAnswer,
  type ControllerRequest,
  type StartSettings,
} from './application/controller.ts';
import {
  checkSettings,
  wantedName,
  type Application,
  type ApplicationType,
} from './application/definition.ts';
import { Environments, type Env } from './application/environment.ts';
import { KeepAlive } from './application/keep-alive.ts';
import { HostExit, onSignals, type Host } from './application/host.ts';
import { collect } from './application/start-order.ts';
import { refuse, wrongObject, wrongRuntime } from './arguments.ts';
import { checkDeadline, checkDuration } from './durations.ts';
import { ExitError, StartError } from './errors.ts';
import { ask, type CallOptions } from './server-ref.ts';
import { startedOrThrow, startProcess, type StartResult } from './start.ts';
import { stopProcess } from './stop.ts';

export type { ApplicationInfo, StartSettings } from './application/controller.ts';
export {
  defineApplication,
  type Application,
  type ApplicationContext,
  type ApplicationType,
} from './application/definition.ts';
export type { Host, HostSignal } from './application/host.ts';
export { nodeHost } from './application/node-host.ts';

/** Milliseconds for all applications to stop: what kills a container waits 10 s before it does. */
const TIMEOUT = 8_000;

/** How a set of applications is loaded. */
export interface ApplicationsOptions {
  /** Environments by application's name, over those of the definitions. */
  readonly env?: Readonly<Record<string, object>> | undefined;
  /**
   * The program they run in: it lives as long as one of them runs, starts or stops, and its signals stop all. Default
   * none: nothing keeps the program alive, nobody listens to signals, and the end of a permanent application is seen in
   * `ended` only.
   */
  readonly host?: Host | undefined;
  /** Milliseconds for all to stop after a signal or an end that ends all; then they are killed. Default 8,000. */
  readonly timeout?: number | undefined;
}

/**
 * Loads applications and those they depend on; none is started. Throws a `TypeError` for definitions and
 * environments that make no sense, for two of one name, and for dependencies that are not there or go in a circle; a
 * `RangeError` for an invalid timeout.
 */
export function loadApplications(
  runtime: Runtime,
  applications: readonly Application[],
  options: ApplicationsOptions = {},
): Applications {
  refuse(wrongRuntime(runtime) ?? wrongObject('options', 'an object', options));
  const { timeout = TIMEOUT, host } = options;
  checkDeadline('timeout', timeout);
  if (host !== undefined) checkHost(host);
  const definitions = collect(applications);
  const environments = new Environments(definitions, options.env ?? {});
  const keepAlive = host === undefined ? null : new KeepAlive(runtime.clock);
  const result = startProcess(
    runtime,
    controllerBehavior,
    (self) => {
      self.state = new ControllerState(definitions, environments, timeout, keepAlive);
      runtime.onExit(self, () => keepAlive?.hold(false));
      return { tag: 'ok' };
    },
    { label: 'applications', trapExit: true },
  ) as StartResult;
  const controller = startedOrThrow(result, {}, 'applications');
  return new Applications(controller, environments, timeout, host);
}

function checkHost(host: Partial<Host>): void {
  refuse(wrongObject('host', 'an object', host));
  if (typeof host.onSignal !== 'function' || typeof host.exit !== 'function')
    throw new TypeError('host must have onSignal and exit, as nodeHost() has');
}

/**
 * A set of applications that depend on each other, and what runs of them. Made by `loadApplications`. Source:
 * Erlang/OTP `application`; OTP A1–A6.
 */
export class Applications {
  readonly runtime: Runtime;
  /** The process above all of them. */
  readonly pid: Pid;
  /** With what all ended: `shutdown` after `stopAll`, `{ shutdown: { application_ended, reason } }`, `killed`. */
  readonly ended: Promise<ExitReason>;
  readonly #controller: Process;
  readonly #environments: Environments;
  readonly #timeout: number;

  /** Only `loadApplications` makes one. */
  constructor(pid: Pid, environments: Environments, timeout: number, host: Host | undefined) {
    const controller = pid as Process;
    this.runtime = controller.runtime;
    this.pid = pid;
    this.#controller = controller;
    this.#environments = environments;
    this.#timeout = timeout;
    this.ended = new Promise((resolve) => {
      this.runtime.onExit(controller, resolve);
    });
    if (host !== undefined) this.#live(host);
  }

  /** The environment, also before the start; frozen. Throws a `TypeError` for one that is not loaded. */
  env<E extends object>(application: Application<E>): Readonly<E>;
  env(application: string): Env;
  env(application: string | Application): Readonly<object> {
    return this.#environments.of(wantedName(application));
  }

  /**
   * Starts one whose dependencies run. Throws `StartError`: `{ not_started: dependency }`, `{ already_started: name }`,
   * `{ not_found: name }`, or what its start failed with; then nothing of it runs. @param settings.env over its
   * environment, key by key, as long as it runs. Not from within an application's own start. A `timeout` in `options` (default: without limit, as in
   * OTP) ends the waiting, not the start; other requests wait for that.
   */
  async start<E extends object>(
    application: string | Application<E>,
    settings: StartSettings & { readonly env?: Partial<E> } = {},
    options?: CallOptions,
  ): Promise<void> {
    const name = wantedName(application as string | Application);
    refuse(wrongObject('settings', 'an object', settings));
    checkSettings(settings.type, settings.env, 'env');
    await this.#start({ tag: 'start', name, settings }, options);
  }

  /**
   * Starts one after all it depends on that do not run yet, and gives the names of those it started, in order. When
   * one fails the others are stopped again: `StartError` as of `start`. @param settings.env by application's name.
   */
  async ensureAllStarted(
    application: string | Application,
    settings: {
      readonly type?: ApplicationType | undefined;
      readonly env?: Readonly<Record<string, object>> | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<readonly string[]> {
    refuse(wrongObject('settings', 'an object', settings));
    const { type, env = {} } = settings;
    const name = wantedName(application);
    checkSettings(type, env, 'env');
    for (const [one, its] of Object.entries(env)) checkSettings(undefined, its, `env of ${one}`);
    return this.#start({ tag: 'ensure', name, type, env }, options);
  }

  /** Stops one, its tree first, and no other. Throws `ExitError` `{ not_started: name }`, `{ not_found: name }`. */
  async stop(application: string | Application, options?: CallOptions): Promise<void> {
    const answer = await this.#ask({ tag: 'stop', name: wantedName(application) }, options);
    if (answer.tag === 'error') throw new ExitError(answer.name, answer.reason);
  }

  /** Those that run, the last started first; also while one starts or stops. Throws `ExitError` `noproc` after the end. */
  async which(): Promise<readonly ApplicationInfo[]> {
    if (!this.#controller.alive) throw new ExitError('applications', 'noproc');
    return [...(this.#controller.state as ControllerState).running.values()].toReversed();
  }

  /**
   * Stops all in reverse start order; after `timeout` ms (default: as they were loaded with) what is left is killed. For good: nothing can be started
   * any more. False when something had to be killed, or an end of one had ended all before. Throws a `RangeError` for a
   * invalid timeout.
   */
  async stopAll(options: { readonly timeout?: number | undefined } = {}): Promise<boolean> {
    refuse(wrongObject('options', 'an object', options));
    const { timeout = this.#timeout } = options;
    checkDuration('timeout', timeout);
    if (this.#controller.alive) {
      endWithin(this.#controller, timeout);
      await stopProcess(this.#controller, null, Infinity);
    }
    return (await this.ended) === 'shutdown';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAll();
  }

  /** The program lives and dies with them. */
  #live(host: Host): void {
    let signaled = false;
    const fail = (): void => host.exit(HostExit.failed);
    const off = onSignals(host, this.runtime.clock, () => {
      signaled = true;
      this.stopAll().then((well) => host.exit(well ? HostExit.stopped : HostExit.failed), fail);
    });
    this.ended.then((reason) => {
      if (signaled) return;
      off();
      if (reason !== 'shutdown') fail();
    }, fail);
  }

  async #start(message: ControllerRequest, options?: CallOptions): Promise<readonly string[]> {
    const answer = await this.#ask(message, options);
    if (answer.tag === 'error') throw new StartError(answer.name, answer.reason);
    return answer.tag === 'ok' ? answer.started : [];
  }

  #ask(message: ControllerRequest, options: CallOptions | undefined): Promise<ControllerAnswer> {
    return ask({ runtime: this.runtime, whom: this.pid }, message, options) as Promise<ControllerAnswer>;
  }
}
