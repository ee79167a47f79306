/**
 * Random programs for a state machine: what its n-th callback returns. The same program runs in OTP's gen_statem
 * (`order.erl`) and here; the order in which callbacks are called has to be the same.
 *
 * Timers that run never fire, so that no trace depends on time: what is compared are events, inserted and
 * postponed ones, enter calls, and timeouts of 0.
 */
import { virtualClock } from '../../../../src/testing/virtual-clock.ts';
import { Runtime } from '../../../../src/actor/runtime.ts';
import { silentLogger } from '../../../../src/actor/logger.ts';
import { seededRandom, type Random } from '../../../../src/actor/random.ts';
import {
  eventTimeout,
  genericTimeout,
  keepState,
  nextEvent,
  nextState,
  postpone,
  repeatState,
  startStatem,
  stateTimeout,
  type StatemAction,
  type EnterEvent,
  type QueuedEvent,
  type StatemResult,
  type TimeoutTime,
} from '../../../../src/otp/gen-statem.ts';

type Act =
  | { readonly do: 'postpone' }
  | { readonly do: 'insert'; readonly type: 'internal' | 'cast' | 'info'; readonly content: number }
  | { readonly do: 'timeout'; readonly name: Timeout; readonly time: TimeoutTime; readonly content: number };

type Timeout = 'timeout' | 'state_timeout' | 't1' | 't2';

interface Step {
  readonly to: 'a' | 'b' | 'c' | 'keep' | 'repeat';
  readonly actions: readonly Act[];
}

export interface Program {
  readonly events: readonly Step[];
  readonly enters: readonly Step[];
  readonly init: readonly Act[];
  readonly casts: number;
}

/** Longer than any run. */
const NEVER = 100_000;
const TIMES: readonly TimeoutTime[] = [0, 0, 0, NEVER, NEVER, Infinity, 'update', 'cancel'];
const TARGETS = ['a', 'b', 'c', 'keep', 'repeat'] as const;

export function programs(count: number, seed: string): readonly Program[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => program(random));
}

function program(random: Random): Program {
  let content = 10;
  const below = (n: number): number => random.u32() % n;
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const list = <T>(most: number, make: () => T): readonly T[] =>
    Array.from({ length: below(most + 1) }, make);
  const timeout = (): Act => ({
    do: 'timeout',
    name: pick(['timeout', 'state_timeout', 't1', 't2'] as const),
    time: pick(TIMES),
    content: ++content,
  });
  const act = (): Act => {
    const chance = below(10);
    if (chance < 5) return timeout();
    if (chance < 7) return { do: 'postpone' };
    return { do: 'insert', type: pick(['internal', 'cast', 'info'] as const), content: ++content };
  };
  return {
    events: list(16, () => ({ to: pick(TARGETS), actions: list(3, act) })),
    enters: list(8, () => ({ to: pick(['keep', 'keep', 'repeat'] as const), actions: list(2, timeout) })),
    init: list(2, timeout),
    casts: 1 + below(6),
  };
}

/** The program as OTP reads it. */
export function termOf({ events, enters, init, casts }: Program): string {
  const acts = (list: readonly Act[]): string => `[${list.map(actTerm).join()}]`;
  const steps = (list: readonly Step[]): string =>
    `[${list.map(({ to, actions }) => `{${to},${acts(actions)}}`).join()}]`;
  return `{${steps(events)},${steps(enters)},${acts(init)},${casts}}.`;
}

function actTerm(act: Act): string {
  if (act.do === 'postpone') return 'postpone';
  if (act.do === 'insert') return `{next_event,${act.type},${act.content}}`;
  const name = act.name.startsWith('t1') || act.name === 't2' ? `{timeout,${act.name}}` : act.name;
  if (act.time === 'cancel') return `{${name},cancel}`;
  return `{${name},${act.time === Infinity ? 'infinity' : act.time},${act.content}}`;
}

function actionOf(act: Act): StatemAction {
  if (act.do === 'postpone') return postpone;
  if (act.do === 'insert') {
    const { type, content } = act;
    return nextEvent(type === 'cast' ? { type, tag: 'c', content } : { type, content });
  }
  if (act.name === 'timeout') return eventTimeout(act.time, act.content);
  if (act.name === 'state_timeout') return stateTimeout(act.time, act.content);
  return genericTimeout(act.name, act.time, act.content);
}

/**
 * Runs the program here: the last state, then a word for each callback, as `order.erl` writes it.
 * @param later which of the callbacks give a promise, by their number.
 */
export async function traceOf(
  { events, enters, init, casts }: Program,
  later: (callback: number) => boolean = () => false,
): Promise<string> {
  const clock = virtualClock();
  const runtime = new Runtime({ clock, random: seededRandom('trace'), logger: silentLogger });
  const log: string[] = [];
  const left = { events: [...events], enters: [...enters] };
  const decide = (event: QueuedEvent | EnterEvent, state: string): StatemResult<string, null> => {
    const entered = event.type === 'enter';
    log.push(entered ? `enter ${String(event.oldState)}>${state}` : line(event, state));
    const step = (entered ? left.enters : left.events).shift() ?? { to: 'keep', actions: [] };
    const actions = step.actions.map(actionOf);
    if (step.to === 'keep') return keepState(null, actions);
    return step.to === 'repeat' ? repeatState(null, actions) : nextState(step.to, null, actions);
  };
  const handleEvent = (
    event: QueuedEvent | EnterEvent,
    state: string,
  ): StatemResult<string, null> | Promise<StatemResult<string, null>> => {
    const result = decide(event, state);
    return later(log.length) ? Promise.resolve(result) : result;
  };
  const machine = { stateEnter: true, init: () => nextState('a', null, init.map(actionOf)), handleEvent };
  const ref = await startStatem<undefined, string, null, object, { c(n: number): void }>(
    runtime,
    machine,
    undefined,
  );
  for (let n = 1; n <= casts; n++) ref.cast('c', n);
  await clock.settle();
  const { pid } = ref as unknown as { readonly pid: { readonly state: { readonly state: string } } };
  return [pid.state.state, ...log].join('; ');
}

function line(event: QueuedEvent, state: string): string {
  const type =
    event.type === 'genericTimeout'
      ? String(event.name)
      : event.type === 'stateTimeout'
        ? 'state_timeout'
        : event.type;
  return `${type} ${String(event.content)} ${state}`;
}
