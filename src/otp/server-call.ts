/**
 * A call of a server that waits behind a promise: request, return address, deadline and promise in one object.
 */
import { Call, type CallFailure } from '../actor/call.ts';
import { deferred, unsettled, type Deferred } from './deferred.ts';
import { exitErrorOf } from './errors.ts';

/** A request or a cast on its way: a tag of the server's protocol and its payload. */
export class Request {
  readonly tag: string;
  readonly payload: unknown;
  constructor(tag: string, payload: unknown) {
    this.tag = tag;
    this.payload = payload;
  }
}

/** A request of another node. Where no tag names it, it is the term it came as. */
export class TermRequest extends Request {
  readonly term: unknown;
  constructor(tag: string, payload: unknown, term: unknown) {
    super(tag, payload);
    this.term = term;
  }
}

export class ServerCall extends Call implements Deferred<unknown> {
  readonly tag: string;
  readonly payload: unknown;
  resolve: (value: unknown) => void = unsettled;
  reject: (error: unknown) => void = unsettled;
  #request: Request | undefined = undefined;

  constructor(tag: string, payload: unknown) {
    super();
    this.tag = tag;
    this.payload = payload;
  }

  /** What waits for the answer. Once per call. */
  promise(): Promise<unknown> {
    return deferred(this);
  }

  /** For those who take any request; servers read tag and payload. */
  get request(): Request {
    return (this.#request ??= new Request(this.tag, this.payload));
  }

  protected onReply(value: unknown): void {
    this.resolve(value);
  }

  protected onFailure(failure: CallFailure): void {
    this.reject(exitErrorOf(`call ${this.tag}`, failure));
  }
}
