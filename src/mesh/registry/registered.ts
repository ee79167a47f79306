/** What the registry and the connections of clients tell each other. */
import type { Process } from '../../actor/process.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { Offer } from './service-table.ts';

/** A connected client's wish; the answer is a `Registered` message to its connection. */
export interface Registration {
  readonly connection: Process;
  readonly nodeId: string;
  readonly requestId: Uint8Array;
  readonly procedure: string;
  readonly offer: Offer;
  readonly remove: boolean;
}

/** Everything a client has registered, for a registry that was restarted. */
export interface Enrollment {
  readonly connection: Process;
  readonly nodeId: string;
  /** By name. */
  readonly procedures: ReadonlyMap<string, Offer>;
}

/** Whether a connected client answers. */
export interface Trust {
  readonly connection: Process;
  readonly trusted: boolean;
}

/** The registry's answer. */
export class Registered {
  readonly registration: Registration;
  readonly failure: RpcFailure | undefined;
  constructor(registration: Registration, failure: RpcFailure | undefined) {
    this.registration = registration;
    this.failure = failure;
  }
}
