/**
 * A call that a peer asked for: its outcome goes back over the connection it came on.
 */
import type { Value } from '../../codec/value.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { RpcCall, type CallInit } from '../router/rpc-call.ts';
import type { BodyStream } from './body-stream.ts';

export interface Answering {
  answer(call: PeerCall, outcome: { readonly result: Value } | { readonly failure: RpcFailure }): void;
}

export class PeerCall extends RpcCall {
  readonly id: Uint8Array;
  readonly key: string;
  /** The stream it came on, when it was too large for a frame. */
  readonly body: BodyStream | undefined;
  /** What its args hold in memory, bytes, about. */
  readonly weight: number;
  readonly #connection: Answering;

  constructor(
    init: CallInit,
    id: Uint8Array,
    key: string,
    body: BodyStream | undefined,
    weight: number,
    connection: Answering,
  ) {
    super(init);
    this.id = id;
    this.key = key;
    this.body = body;
    this.weight = weight;
    this.#connection = connection;
  }

  protected onValue(value: Value): void {
    this.#connection.answer(this, { result: value });
  }

  protected onRefused(failure: RpcFailure): void {
    this.#connection.answer(this, { failure });
  }
}
