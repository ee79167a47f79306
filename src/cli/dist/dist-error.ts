/**
 * How a question to a node of the distribution failed, for exit codes, documents and people. Pure.
 */
import { Tuple } from '../../codec/etf/terms.ts';
import { termText, type TextOptions } from '../../codec/etf/text.ts';
import type { ErpcError } from '../../dist/erpc.ts';
import { reasonToTerm } from '../../dist/reasons.ts';
import type { ExitError } from '../../otp/errors.ts';

export type DistFailure =
  /** Out of reach, or the connection was lost. */
  | { readonly tag: 'noconnection'; readonly node: string; readonly detail: string }
  /** Nobody has that name. */
  | { readonly tag: 'noproc'; readonly node: string; readonly name: string }
  /** There is no such function, or it was not exported. */
  | { readonly tag: 'undef'; readonly node: string; readonly function: string }
  /** Milliseconds. What was asked may still run. */
  | { readonly tag: 'timeout'; readonly timeout: number }
  /** Whoever was asked ended. `reason` as Erlang writes it. */
  | { readonly tag: 'exit'; readonly reason: string }
  /** The function failed. */
  | { readonly tag: 'exception'; readonly class: string; readonly reason: string }
  /** Nobody knows where Erlang nodes are. */
  | { readonly tag: 'no_epmd'; readonly address: string; readonly detail: string }
  /** Another node of this machine goes by it. */
  | { readonly tag: 'name_taken'; readonly name: string; readonly port: number }
  /** The node does not do this, or not now: `notsup`, `system_limit`, … */
  | { readonly tag: 'refused'; readonly node: string; readonly reason: string };

export class DistError extends Error {
  override readonly name = 'DistError';
  readonly failure: DistFailure;
  constructor(failure: DistFailure, options?: ErrorOptions) {
    super(describe(failure), options);
    this.failure = failure;
  }
}

function describe(failure: DistFailure): string {
  switch (failure.tag) {
    case 'noconnection':
      return `no connection to ${failure.node}: ${failure.detail}`;
    case 'noproc':
      return `nobody at ${failure.node} is registered as ${failure.name}`;
    case 'undef':
      return `${failure.node} has no function ${failure.function}, or does not export it`;
    case 'timeout':
      return `no answer within ${failure.timeout} ms`;
    case 'exit':
      return `it ended: ${failure.reason}`;
    case 'exception':
      return `it failed (${failure.class}): ${failure.reason}`;
    case 'no_epmd':
      return `EPMD does not answer at ${failure.address} (${failure.detail}); epmd -daemon starts it`;
    case 'name_taken':
      return `a node on this machine is ${failure.name} already, at port ${failure.port}`;
    case 'refused':
      return `${failure.node} refuses: ${failure.reason}`;
  }
}

/** Who was asked what, for the failure. */
export interface Asked {
  readonly node: string;
  /** The registered name; `module:function/arity` of a function. */
  readonly what: string;
  /** Milliseconds that were given in all. */
  readonly timeout: number;
  readonly text: TextOptions;
}

const LOST = 'it was lost before the answer';

/** A call or a spawn that failed. */
export function ofExit(error: ExitError, { node, what, timeout, text }: Asked): DistError {
  const { reason } = error;
  const options = { cause: error };
  if (reason === 'noconnection') return new DistError({ tag: 'noconnection', node, detail: LOST }, options);
  if (reason === 'noproc') return new DistError({ tag: 'noproc', node, name: what }, options);
  if (reason === 'undef') return new DistError({ tag: 'undef', node, function: what }, options);
  if (reason === 'timeout') return new DistError({ tag: 'timeout', timeout }, options);
  if (reason === 'notsup' || reason === 'system_limit')
    return new DistError({ tag: 'refused', node, reason }, options);
  const word = refusalIn(reason);
  if (word !== undefined) return new DistError({ tag: 'refused', node, reason: word }, options);
  return new DistError({ tag: 'exit', reason: termText(reasonToTerm(reason), text) }, options);
}

/** Whether it is that function which is missing, and none that it called. Espalier nodes have no stack to show. */
function isFrameOf(stack: unknown, what: string): boolean {
  const [frame] = Array.isArray(stack) ? (stack as readonly unknown[]) : [];
  if (!(frame instanceof Tuple)) return true;
  const [module, name] = frame.elements as readonly unknown[];
  return what.startsWith(`${String(module)}:${String(name)}/`);
}

/** Nothing was sent: a word for why. */
function refusalIn(reason: unknown): string | undefined {
  if (typeof reason !== 'object' || reason === null) return undefined;
  if ('overloaded' in reason) return 'overloaded';
  return 'tag' in reason && typeof reason.tag === 'string' ? reason.tag : undefined;
}

/** A function that was run and waited for. */
export function ofErpc(error: ErpcError, { node, what, timeout, text }: Asked): DistError {
  const { failure } = error;
  const options = { cause: error };
  switch (failure.tag) {
    case 'noconnection':
      return new DistError({ tag: 'noconnection', node, detail: LOST }, options);
    case 'timeout':
      return new DistError({ tag: 'timeout', timeout }, options);
    case 'signal':
      return new DistError({ tag: 'exit', reason: termText(reasonToTerm(failure.reason), text) }, options);
    case 'exception': {
      const { class: kind, reason, stack } = failure;
      if (kind === 'error' && reason === 'undef' && isFrameOf(stack, what))
        return new DistError({ tag: 'undef', node, function: what }, options);
      return new DistError(
        { tag: 'exception', class: kind, reason: termText(reasonToTerm(reason), text) },
        options,
      );
    }
    case 'refused':
      return new DistError({ tag: 'refused', node, reason: termText(failure.reason, text) }, options);
    case 'notsup':
    case 'system_limit':
    case 'overloaded':
    case 'canceled':
      return new DistError({ tag: 'refused', node, reason: failure.tag }, options);
  }
}
