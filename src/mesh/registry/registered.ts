/** The registry's answer to a connection: a client's procedure is registered, unregistered, or refused. */
import type { RpcFailure } from '../errors/rpc-failure.ts';

export class Registered {
  readonly requestId: Uint8Array;
  readonly failure: RpcFailure | undefined;
  constructor(requestId: Uint8Array, failure: RpcFailure | undefined) {
    this.requestId = requestId;
    this.failure = failure;
  }
}
