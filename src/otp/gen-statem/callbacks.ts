/**
 * The callbacks of a definition as the machine calls them: untyped, in either mode, made once per definition.
 */
import type { Process } from '../../actor/process.ts';
import { wrongObject } from '../arguments.ts';
import type { CallbackModule } from './action.ts';
import { isRedaction } from '../redact.ts';
import { silenced } from '../sequence.ts';
import type { StatemEvent } from './event.ts';
import type { FormatStatus, StatemStatus } from './status.ts';
import { NextState } from './result.ts';
import { badValue, isModule } from './transition.ts';

type StateCallback = (event: StatemEvent, data: unknown, self: Process) => unknown;

interface Definition {
  readonly label?: string | undefined;
  readonly stateEnter?: boolean | undefined;
  readonly hibernateAfter?: number | undefined;
  readonly states?: Readonly<Record<string, StateCallback>>;
  handleEvent?(event: StatemEvent, state: unknown, data: unknown, self: Process): unknown;
  init?(args: unknown, self: Process): unknown;
  formatStatus?(status: StatemStatus): object;
  codeChange?(from: unknown, state: unknown, data: unknown, extra: unknown): unknown;
  terminate?(reason: unknown, state: unknown, data: unknown, self: Process): void | Promise<void>;
}

/** The error of what is no definition at all. */
export const wrongStatem = (statem: unknown, name: string = 'statem'): TypeError | undefined =>
  wrongObject(name, 'the definition of a state machine (states or handleEvent)', statem);

const known = new WeakMap<object, Callbacks>();

/** Throws `bad_return_from_callback_mode` for what has no callbacks, or those of both modes. */
export function callbacksOf(definition: CallbackModule): Callbacks {
  let callbacks = known.get(definition);
  if (callbacks === undefined) {
    if (!isModule(definition)) throw badValue('bad_return_from_callback_mode', definition);
    callbacks = new Callbacks(definition as Definition);
    known.set(definition, callbacks);
  }
  return callbacks;
}

export class Callbacks {
  readonly label: string;
  readonly stateEnter: boolean;
  readonly hibernateAfter: number;
  readonly #definition: Definition;
  /** Own functions only: a state may be called `constructor`. */
  readonly #states: ReadonlyMap<unknown, StateCallback> | undefined;

  constructor(definition: Definition) {
    this.#definition = definition;
    this.label = definition.label ?? 'GenStatem';
    this.stateEnter = definition.stateEnter === true;
    this.hibernateAfter = definition.hibernateAfter ?? Infinity;
    if (definition.states !== undefined) {
      this.#states = new Map(Object.entries(definition.states));
    }
  }

  /** Calls the callback of `state`, in whichever mode. */
  invoke(event: StatemEvent, state: unknown, data: unknown, self: Process): unknown {
    if (this.#states === undefined) return this.#definition.handleEvent?.(event, state, data, self);
    const callback = this.#states.get(state);
    if (typeof callback === 'function') return callback(event, data, self);
    if (typeof state !== 'string') throw badValue('bad_state_from_state_function', state);
    throw new TypeError(`undef: no state function ${state}`);
  }

  init(args: unknown, self: Process): unknown {
    if (this.#definition.init === undefined) throw new TypeError('undef: no init');
    return this.#definition.init(args, self);
  }

  /** State and data as this version has them. A throw, or anything else but `nextState`, changes nothing. */
  codeChange(from: unknown, state: unknown, data: unknown, extra: unknown): NextState<unknown, unknown> {
    if (this.#definition.codeChange === undefined) throw new TypeError('undef: no codeChange');
    const next = this.#definition.codeChange(from, state, data, extra);
    if (!(next instanceof NextState)) {
      silenced(next);
      throw badValue('bad_return_from_code_change', next);
    }
    return next as NextState<unknown, unknown>;
  }

  terminate(reason: unknown, state: unknown, data: unknown, self: Process): void | Promise<void> {
    return this.#definition.terminate?.(reason, state, data, self);
  }

  get formatStatus(): FormatStatus | undefined {
    const definition = this.#definition;
    if (definition.formatStatus === undefined) return undefined;
    if (isRedaction(definition.formatStatus)) return definition.formatStatus as FormatStatus;
    return (status) => definition.formatStatus?.(status) as object;
  }
}
