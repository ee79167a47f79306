/**
 * Requests as Erlang writes them, and calls that came from another node.
 *
 * `tag` and `{tag, Payload}` are what `ref.call('tag', payload)` sends; whatever else is a request by itself.
 */
import { Call, type CallFailure } from '../actor/call.ts';
import { Atom, isAtom } from '../codec/etf/atom.ts';
import { Tuple } from '../codec/etf/terms.ts';
import { Request, TermRequest } from '../otp/server-call.ts';

export function requestToTerm(request: unknown): unknown {
  if (!(request instanceof Request)) return request;
  const tag = new Atom(request.tag);
  return request.payload === undefined ? tag : new Tuple([tag, request.payload]);
}

export function requestFromTerm(term: unknown): unknown {
  if (isAtom(term)) return new TermRequest(term.name, undefined, term);
  if (!(term instanceof Tuple) || term.length !== 2) return term;
  const [tag, payload] = term.elements as readonly unknown[];
  return isAtom(tag) ? new TermRequest(tag.name, payload, term) : term;
}

/** A call that came in: its answer goes back to where it came from. */
export class IncomingCall extends Call {
  readonly request: unknown;
  readonly #answer: (value: unknown) => void;
  readonly #failed: (failure: CallFailure) => void;
  constructor(request: unknown, answer: (value: unknown) => void, failed: (failure: CallFailure) => void) {
    super();
    this.request = request;
    this.#answer = answer;
    this.#failed = failed;
  }
  protected onReply(value: unknown): void {
    this.#answer(value);
  }
  protected onFailure(failure: CallFailure): void {
    this.#failed(failure);
  }
}
