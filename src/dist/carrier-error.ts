/**
 * Why a carrier does not listen: for people and programs.
 */
export type CarrierFailure =
  /** Somebody else listens there. */
  | 'address_in_use'
  /** It cannot listen there. */
  | 'listen_failed'
  /** There is no EPMD, or it does not answer. */
  | 'no_epmd'
  /** EPMD knows another node of that name. */
  | 'name_taken';

export class CarrierError extends Error {
  override readonly name = 'CarrierError';
  readonly failure: CarrierFailure;
  constructor(failure: CarrierFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
