/**
 * Processes that are started on another node: `erlang:spawn/4` and its relatives.
 *
 * On a node of this project an exported function runs (`DistributionOptions.functions`), on an Erlang node any. Link and monitor are
 * those of the process that is given, and come to be with the new process. What it prints is for nobody here: it has no group
 * leader. Source: Erlang/OTP `erlang:spawn_request/5`.
 */
import { PromiseCall } from '../actor/call.ts';
import type { Pid, Ref } from '../actor/pid.ts';
import type { Process, Self } from '../actor/process.ts';
import { refuse, wrongBoolean, wrongSelf } from '../otp/arguments.ts';
import { ExitError, exitErrorOf } from '../otp/errors.ts';
import type { CallOptions } from '../otp/server-ref.ts';
import { answerTo, checkAsked, described, type Asked } from './asking.ts';
import type { DistContext } from './context.ts';
import type { Outgoing } from './kernel/outgoing.ts';
import { runOf, startRun } from './running.ts';

/** `timeout`: ms, default 5,000; what is started later is told to end when it is linked, and is watched by nobody. */
export type SpawnOptions = CallOptions;

export interface SpawnMonitorOptions extends CallOptions {
  /** Links it too. Default false. */
  readonly link?: boolean | undefined;
}

/** A process elsewhere, and the monitor that has been on it from its beginning. */
export interface Spawned {
  readonly pid: Pid;
  readonly ref: Ref;
}

interface Relation {
  readonly self: Self | undefined;
  readonly link: boolean;
  readonly monitor: boolean;
}

const NONE: Relation = { self: undefined, link: false, monitor: false };

export class Spawner {
  readonly #context: DistContext;
  readonly #outgoing: Outgoing;

  constructor(context: DistContext, outgoing: Outgoing) {
    this.#context = context;
    this.#outgoing = outgoing;
  }

  async spawn(asked: Asked, options: SpawnOptions = {}): Promise<Pid> {
    const { pid } = await this.#spawn(asked, NONE, options);
    return pid;
  }

  async link(self: Self, asked: Asked, options: SpawnOptions = {}): Promise<Pid> {
    refuse(wrongSelf('self', self));
    const { pid } = await this.#spawn(asked, { self, link: true, monitor: false }, options);
    return pid;
  }

  async monitor(self: Self, asked: Asked, options: SpawnMonitorOptions = {}): Promise<Spawned> {
    refuse(wrongSelf('self', self) ?? wrongBoolean('link', options.link));
    const started = await this.#spawn(asked, { self, link: options.link === true, monitor: true }, options);
    return started as Spawned;
  }

  async #spawn(
    asked: Asked,
    relation: Relation,
    options: CallOptions,
  ): Promise<{ readonly pid: Pid; readonly ref?: Ref | undefined }> {
    checkAsked(asked);
    const what = described('spawn', asked);
    const { node, module, name, args } = asked;
    const { runtime } = this.#context;
    const { self, link, monitor } = relation;
    if (node === this.#context.name) return this.#here(what, asked, relation);
    return answerTo(
      runtime,
      options,
      (failure) => exitErrorOf(what, failure),
      (resolve, reject) => new PromiseCall(asked, resolve as (value: unknown) => void, reject),
      (call) => {
        this.#outgoing.spawn(node, {
          module,
          function: name,
          args: () => args,
          from: (self as Process | undefined) ?? null,
          link,
          monitor,
          notify: null,
          call,
          started: (pid, ref) => void call.reply({ pid, ref }),
        });
      },
    );
  }

  /** On this very node. */
  #here(
    what: string,
    { module, name, args }: Asked,
    { self, link, monitor }: Relation,
  ): { readonly pid: Pid; readonly ref: Ref | undefined } {
    const run = runOf(this.#context, module, name, args);
    if (run === undefined) throw new ExitError(what, 'undef');
    const pid = startRun(this.#context, run);
    if (pid === undefined) throw new ExitError(what, 'system_limit');
    if (link) self?.link(pid);
    return { pid, ref: monitor ? self?.monitor(pid) : undefined };
  }
}
