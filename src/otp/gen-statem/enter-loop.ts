/**
 * `enterStatemLoop`: a process that did something of its own first goes on as a state machine. Source: Erlang/OTP
 * `gen_statem:enter_loop`.
 */
import { refuse, wrongObject } from '../arguments.ts';
import { EnterLoop, type EnterOptions } from '../enter-loop.ts';
import type { AnyProtocol, Protocol } from '../server-ref.ts';
import { wrongSettings } from '../start-options.ts';
import type { Actions } from './action.ts';
import { statemBehavior } from './behavior.ts';
import { wrongStatem } from './callbacks.ts';
import type { GenStatem } from './definition.ts';
import { nextState } from './result.ts';

/** How a process goes on as a machine. */
export interface EnterStatemOptions extends Omit<EnterOptions, 'continue' | 'timeout' | 'hibernate'> {
  /** Performed before the first event, as those of `init` are. */
  readonly actions?: Actions | undefined;
}

/**
 * For `startAndEnter`: the process goes on as this machine, in `state`. `init` does not run, the enter call does. It
 * exits with `{ process_not_registered: name }` when it does not hold the name it says.
 */
export const enterStatemLoop = <
  State,
  Data,
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
>(
  statem: GenStatem<never, State, Data, Calls, Casts>,
  state: NoInfer<State>,
  data: NoInfer<Data>,
  options: EnterStatemOptions = {},
): EnterLoop<Calls, Casts> => {
  refuse(
    wrongStatem(statem) ??
      wrongSettings(statem) ??
      wrongObject('options', 'an object', options) ??
      wrongSettings(options),
  );
  return new EnterLoop(statem, options, (self, hibernateAfter) => {
    const behavior = statemBehavior(statem);
    self.behavior = behavior;
    behavior.enter(nextState<unknown, unknown>(state, data, options.actions), self, hibernateAfter);
  });
};
