/**
 * An effect as the body of an actor: it runs in a fiber of its own, takes messages with `receive`, and is the actor:
 *
 * | the effect | the actor |
 * |---|---|
 * | succeeds | ends `normal` |
 * | fails, or dies of a defect | ends with that failure or defect as its exit reason |
 * | is interrupted | is killed |
 *
 * | the actor | its fiber |
 * |---|---|
 * | is told to end, by its supervisor, `stopServer` or an exit signal | is interrupted; its finalizers are waited for |
 * | is killed | is interrupted; nobody waits for the finalizers |
 *
 * ```ts
 * const counter = Effect.gen(function* () {
 *   const { receive } = yield* Actor;
 *   for (let total = 0; ; ) {
 *     const message = yield* receive;
 *     if (message._tag === 'Cast') total += message.payload as number;
 *     if (message._tag === 'Call') message.from.reply(total);
 *   }
 * });
 * const tree = { children: [effectWorker('counter', counter)] };
 * ```
 * Clock, random and scheduler of the fiber are the runtime's. A scope closes when the effect ends. `sys.suspend` holds
 * messages back; the fiber goes on with those it has. When not to use one: where a GenServer does; a fiber costs more
 * per message.
 */
import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';
import type * as Fiber from 'effect/Fiber';
import type * as Scope from 'effect/Scope';
import type { Behavior } from '../actor/behavior.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Exit } from '../actor/monitor.ts';
import { Status, type Process, type Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { wrongSelf } from '../otp/arguments.ts';
import { childOf, type ChildOptions } from '../otp/child-options.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import type { MaybePromise } from '../otp/sequence.ts';
import { wrongOptions } from '../otp/start-options.ts';
import { startProcess, type ProcessOptions, type StartOptions, type StartResult } from '../otp/start.ts';
import { endOf } from './fiber-end.ts';
import { Inbox, type Message } from './inbox.ts';
import { servicesOf, type ActorRuntime } from './services.ts';

/** Identifies the actor that a body runs in. */
export interface Actor {
  readonly service: 'espalier/Actor';
}

/** What a body knows of its actor. */
export interface ActorShape {
  readonly self: Self;
  /** Takes the next message, waiting for one. Of several fibers that wait, the first gets it. */
  readonly receive: Effect.Effect<Message>;
}

/** The actor that a body runs in. */
export const Actor: Context.Service<Actor, ActorShape> = Context.Service<Actor, ActorShape>('espalier/Actor');

/** What every body is given. */
export type ActorServices = Actor | ActorRuntime | Scope.Scope;

/** An effect that an actor can run, when it is given the services `R`. */
export type Body<R = never> = Effect.Effect<unknown, unknown, R | ActorServices>;

interface State {
  readonly body: Body;
  readonly services: Context.Context<never>;
  readonly inbox: Inbox;
  /** What `trapExit` means to the user: to the kernel every such actor traps, so that its end can be waited for. */
  readonly trapExit: boolean;
  fiber: Fiber.Fiber<unknown, unknown> | undefined;
}

/** What others may see of it: messages that nobody has taken. */
const shown = (self: Process): Readonly<Record<string, unknown>> => ({
  waiting: (self.state as State | undefined)?.inbox.length ?? 0,
});

const effectBehavior: Behavior = {
  type: 'EffectActor',
  receive(kind, message, self) {
    const state = self.state as State;
    if (kind === Kind.system) return;
    if (kind === Kind.exit && !state.trapExit) {
      const { reason } = message as Exit;
      if (reason !== 'normal') self.runtime.stop(self, reason);
      return;
    }
    state.inbox.offer(kind, message);
  },
  /** Resolves when the finalizers have run; one that fails replaces the exit reason. */
  terminate(_reason, self) {
    const fiber = (self.state as State | undefined)?.fiber;
    if (fiber === undefined || fiber.pollUnsafe() !== undefined) return undefined;
    return new Promise((resolve, reject) => {
      fiber.addObserver((exit) => {
        const end = endOf(exit);
        if (end.tag === 'failed') reject(end.reason as Error);
        else resolve();
      });
      fiber.interruptUnsafe();
    });
  },
  inspect: shown,
  // its state is in its fiber; read only
  readState: shown,
};

/** Starts an actor linked to `parent`, as a child specification does. Never throws. */
export function startEffectLink(
  parent: Self,
  body: Body,
  services: Context.Context<never> = Context.empty(),
  options: Omit<StartOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  const wrong = wrongSelf('parent', parent) ?? wrongOptions(options);
  if (wrong !== undefined) return { tag: 'error', reason: wrong };
  return startEffectProcess(parent.runtime, body, services, { ...options, parent: parent as Process });
}

export function startEffectProcess(
  runtime: Runtime,
  body: Body,
  services: Context.Context<never>,
  options: ProcessOptions,
): MaybePromise<StartResult> {
  const { trapExit = false, ...rest } = options;
  return startProcess(
    runtime,
    effectBehavior,
    (self) => {
      const inbox = new Inbox(self);
      const actor: ActorShape = { self, receive: receiveFrom(inbox) };
      const all = Context.merge(services, servicesOf(runtime)).pipe(Context.add(Actor, actor));
      self.state = { body, services: all, inbox, trapExit, fiber: undefined } satisfies State;
      // its first step is the actor's first turn, before any message
      runtime.work(self, begin);
      return { tag: 'ok' };
    },
    { ...rest, trapExit: true, label: rest.label ?? rest.id ?? 'EffectActor' },
  );
}

function begin(self: Process): void {
  const state = self.state as State;
  // the signal is aborted when the actor dies, however it dies
  const run = Effect.runForkWith(state.services as Context.Context<Actor | ActorRuntime>);
  const fiber = run(Effect.scoped(state.body), { signal: self.signal });
  state.fiber = fiber;
  fiber.addObserver((exit) => {
    // it was told to end, and `terminate` watches; or it is dead
    if (self.status === Status.stopping || self.status === Status.dead) return;
    const end = endOf(exit);
    switch (end.tag) {
      case 'done':
        return self.runtime.stop(self, 'normal');
      case 'failed':
        return self.runtime.stop(self, end.reason);
      case 'interrupted':
        return self.runtime.exit(self, 'kill');
    }
  });
}

/** Messages are offered in the actor's own turn, so the fiber goes on there, not inside the sender's. */
function receiveFrom(inbox: Inbox): Effect.Effect<Message> {
  return Effect.suspend(() => {
    const first = inbox.poll();
    if (first !== undefined) return Effect.succeed(first);
    return Effect.callback<Message>((resume) => {
      const withdraw = inbox.await((message) => {
        resume(Effect.succeed(message));
      });
      return Effect.sync(withdraw);
    });
  });
}

/** What a body needs beside what every body is given. */
export type Needs<R> = Exclude<R, ActorServices>;

export type EffectWorkerOptions<R = never> = ChildOptions & {
  /** Exit signals of others become messages `Exit`. Default false: they end the actor. */
  readonly trapExit?: boolean | undefined;
} & ([Needs<R>] extends [never]
    ? object
    : {
        /** What the effect needs beside what every body is given: `yield* Effect.context<…>()`. */
        readonly services: Context.Context<Needs<R>>;
      });

/** A child specification for an actor whose body is an effect. */
export function effectWorker<A, E, R = never>(
  id: string,
  body: Effect.Effect<A, E, R>,
  ...[options = {} as EffectWorkerOptions<R>]: [Needs<R>] extends [never]
    ? [options?: EffectWorkerOptions<R>]
    : [options: EffectWorkerOptions<R>]
): ChildSpec {
  const { services, ...rest } = options as EffectWorkerOptions & {
    readonly services?: Context.Context<never> | undefined;
  };
  return childOf(id, 'worker', rest, (parent, each) => startEffectLink(parent, body as Body, services, each));
}
