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
 * With a `host`, SIGINT and SIGTERM stop all in good order and end the program. Source: Erlang/OTP `application`.
 */
import type { ExitReason } from '../actor/exit-reason.ts';
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
import { nameOf, type Application, type ApplicationType } from './application/definition.ts';
import { Environments, type Env } from './application/environment.ts';
import { HostExit, onSignals, type Host } from './application/host.ts';
import { collect } from './application/start-order.ts';
import { ExitError, StartError } from './errors.ts';
import { request, type CallOptions } from './server-ref.ts';
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
const DEADLINE = 8_000;

export interface ApplicationsOptions {
  /** Environments by application's name, over those of the definitions. */
  readonly env?: Readonly<Record<string, object>>;
  /**
   * The program they run in. Default none: nobody listens to signals, and the end of a permanent application is seen
   * in `ended` only.
   */
  readonly host?: Host;
  /** Milliseconds for all to stop after a signal or an end that ends all; then they are killed. Default 8,000. */
  readonly deadline?: number;
}

/**
 * Loads applications and those they depend on; none is started. Throws a `TypeError` for two of one name, and for
 * dependencies that are not there or go in a circle.
 */
export function loadApplications(
  runtime: Runtime,
  applications: readonly Application[],
  options: ApplicationsOptions = {},
): Applications {
  const { deadline = DEADLINE } = options;
  if (!(deadline > 0)) throw new RangeError('deadline must be positive milliseconds or Infinity');
  const definitions = collect(applications);
  const environments = new Environments(definitions, options.env ?? {});
  const result = startProcess(
    runtime,
    controllerBehavior,
    (self) => {
      self.state = new ControllerState(definitions, environments, deadline);
      return { tag: 'ok' };
    },
    { label: 'applications', trapExit: true },
  ) as StartResult;
  const controller = startedOrThrow(result, 'applications') as Process;
  return new Applications(controller, environments, deadline, options.host);
}

export class Applications {
  readonly runtime: Runtime;
  /** The process above all of them. */
  readonly pid: Process;
  /** With what all ended: `shutdown` after `stopAll`, `{ shutdown: { application_ended, reason } }`, `killed`. */
  readonly ended: Promise<ExitReason>;
  readonly #environments: Environments;
  readonly #deadline: number;

  /** Only `loadApplications` makes one. */
  constructor(controller: Process, environments: Environments, deadline: number, host: Host | undefined) {
    this.runtime = controller.runtime;
    this.pid = controller;
    this.#environments = environments;
    this.#deadline = deadline;
    this.ended = new Promise((resolve) => {
      this.runtime.onExit(controller, resolve);
    });
    if (host !== undefined) this.#live(host);
  }

  /** The environment, also before the start; frozen. Throws a `TypeError` for one that is not loaded. */
  env<E extends object>(application: Application<E>): Readonly<E>;
  env(application: string): Env;
  env(application: string | Application): Readonly<object> {
    return this.#environments.of(nameOf(application));
  }

  /**
   * Starts one whose dependencies run. Throws `StartError`: `{ not_started: dependency }`, `{ already_started: name }`,
   * `{ not_found: name }`, or what its start failed with; then nothing of it runs. @param settings.env over its
   * environment, key by key, as long as it runs. Not from within an application's own start.
   */
  async start<E extends object>(
    application: string | Application<E>,
    settings: StartSettings & { readonly env?: Partial<E> } = {},
    options?: CallOptions,
  ): Promise<void> {
    const name = nameOf(application as string | Application);
    await this.#start({ tag: 'start', name, settings }, options);
  }

  /**
   * Starts one after all it depends on that do not run yet, and gives the names of those it started, in order. When
   * one fails the others are stopped again: `StartError` as of `start`. @param settings.env by application's name.
   */
  ensureAllStarted(
    application: string | Application,
    settings: {
      readonly type?: ApplicationType;
      readonly env?: Readonly<Record<string, object>>;
    } = {},
    options?: CallOptions,
  ): Promise<readonly string[]> {
    const { type, env = {} } = settings;
    return this.#start({ tag: 'ensure', name: nameOf(application), type, env }, options);
  }

  /** Stops one, its tree first, and no other. Throws `ExitError` `{ not_started: name }`, `{ not_found: name }`. */
  async stop(application: string | Application, options?: CallOptions): Promise<void> {
    const answer = await this.#ask({ tag: 'stop', name: nameOf(application) }, options);
    if (answer.tag === 'error') throw new ExitError(answer.name, answer.reason);
  }

  /** Those that run, the last started first. */
  async which(options?: CallOptions): Promise<readonly ApplicationInfo[]> {
    const answer = await this.#ask({ tag: 'which' }, options);
    return answer.tag === 'which' ? answer.running : [];
  }

  /**
   * Stops all in reverse start order; after the deadline what is left is killed. For good: nothing can be started
   * any more. False when something had to be killed, or an end of one had ended all before.
   */
  async stopAll(options: { readonly deadline?: number } = {}): Promise<boolean> {
    if (this.pid.alive) {
      endWithin(this.pid, options.deadline ?? this.#deadline);
      await stopProcess(this.pid, null, Infinity);
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

  #ask(message: ControllerRequest, options: CallOptions = { timeout: Infinity }): Promise<ControllerAnswer> {
    return request(this, message.tag, message, options) as Promise<ControllerAnswer>;
  }
}
