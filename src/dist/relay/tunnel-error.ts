/**
 * Why there is no tunnel, or none any more: for people and programs.
 */
export type TunnelFailure =
  /** None of the relays knows the target. */
  | 'target_not_connected'
  /** No relay has taken our name yet. */
  | 'not_identified'
  /** The relay does not let us: its reason is in the message. */
  | 'refused'
  | 'timeout'
  | 'aborted'
  /** The connection to the relay has ended. */
  | 'connection_error'
  /** The relay has answered with another node than was asked for. */
  | 'wrong_target'
  /** The other end speaks in the clear, and is not known as one that may. */
  | 'not_encrypted'
  /** The other end has proven another key than the one expected, or none. */
  | 'wrong_peer'
  /** The other end does not know the secret. */
  | 'unproven'
  /** The other end, or the relay, has cut it: the code is in the message. */
  | 'reset'
  /** Too much at once; nothing was begun. */
  | 'overloaded'
  /** Closed here. */
  | 'closed';

export class TunnelError extends Error {
  override readonly name = 'TunnelError';
  readonly failure: TunnelFailure;
  constructor(failure: TunnelFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
