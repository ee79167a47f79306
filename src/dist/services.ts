/**
 * What every node answers by name: `net_kernel`, which pings ask, and `rex`, which old-style `rpc:call` asks.
 */
import { isAtom, atom } from '../codec/etf/atom.ts';
import { Tuple } from '../codec/etf/terms.ts';
import type { Process } from '../actor/process.ts';
import { replyTo, type GenServer } from '../otp/gen-server.ts';
import { noReply, reply } from '../otp/result.ts';
import type { DistContext } from './context.ts';
import { outcomeOf, startRun, type Outcome } from './running.ts';

/** Answers `is_auth`. Knows nothing, so that nobody's flood gets in the way of connections. */
export const authServer: GenServer<DistContext, DistContext> = {
  label: 'net_kernel',
  init: (context, self) => {
    context.exports.registerService('net_kernel', self as Process);
    return context;
  },
  handleRequest: (term, context) => {
    const isAuth = term instanceof Tuple && isAtom(term.elements[0], 'is_auth');
    return reply(isAuth ? atom('yes') : new Tuple([atom('error'), atom('undef')]), context);
  },
  handleInfo: (_message, context) => noReply(context),
};

/** Runs exported functions, each in a process of its own. */
export const rexServer: GenServer<DistContext, DistContext> = {
  label: 'rex',
  init: (context, self) => {
    context.exports.registerService('rex', self as Process);
    return context;
  },
  handleRequest: (term, context, _self, from) => {
    const [tag, module, name, args] = term instanceof Tuple ? (term.elements as readonly unknown[]) : [];
    if (!isAtom(tag, 'call') || !isAtom(module) || !isAtom(name) || !Array.isArray(args))
      return reply(badrpc(atom('undef')), context);
    const run = startRun(context, async (self) => {
      replyTo(from, answerOf(await outcomeOf(context, module.name, name.name, args)));
      context.runtime.die(self, 'normal');
    });
    return run === undefined ? reply(badrpc(atom('system_limit')), context) : noReply(context);
  },
  handleInfo: (_message, context) => noReply(context),
};

const badrpc = (reason: unknown): Tuple => new Tuple([atom('badrpc'), reason]);

/** What is thrown is a value, as with `rpc:call`. */
function answerOf(outcome: Outcome): unknown {
  if (outcome.tag === 'return' || outcome.tag === 'throw') return outcome.value;
  const { reason } = outcome;
  return badrpc(new Tuple([atom('EXIT'), outcome.tag === 'exit' ? reason : new Tuple([reason, []])]));
}
