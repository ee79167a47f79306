/**
 * What the teller of the demo asks its members to do, and what they answer. Plain JSON: it crosses processes.
 */
import type { TreeSnapshot } from '../../inspect/snapshot.ts';
import type { ErrorDocument } from '../error-document.ts';
import type { Json } from '../json-value.ts';

export interface CallOrder {
  readonly procedure: string;
  readonly args: { readonly [key: string]: Json };
  /** Milliseconds. */
  readonly timeout: number;
}

/** How a call went: `outcome` is `ok` or the tag of the error. */
export interface CallReport {
  /** Where the provider was found; null when none was. */
  readonly route: string | null;
  readonly outcome: string;
  readonly micros: number;
  readonly value?: Json;
  readonly error?: ErrorDocument;
}

/** Every order by name: its arguments and its answer. */
export interface Orders {
  /** Becomes a node on a free port of loopback. */
  listen(): { readonly url: string; readonly id: string };
  /** Becomes a client of a node. */
  connect(order: { readonly url: string }): { readonly id: string };
  /** Advertises the procedures of the demo. */
  serve(): { readonly procedures: readonly string[] };
  call(order: CallOrder): CallReport;
  /** Its tree of actors, once no invocation of a finished call is left in it. */
  tree(): TreeSnapshot;
  /** Leaves in good order, as soon as a call of the procedure `during` is running, else now. */
  leave(order: { readonly during?: string }): null;
  /** The story is told: live as long as the teller. */
  stay(): null;
}

export type OrderName = keyof Orders;
export type OrderArgs<Name extends OrderName> = Orders[Name] extends (order: infer Args) => unknown
  ? Args
  : undefined;
export type OrderAnswer<Name extends OrderName> = ReturnType<Orders[Name]>;

/** A process of the demo, or what stands for one. */
export interface Member {
  /** Undefined when it lives in the teller's process. */
  readonly pid: number | undefined;
  order<Name extends OrderName>(name: Name, args: OrderArgs<Name>): Promise<OrderAnswer<Name>>;
  /** Makes it end; false when it had to be killed or failed. Idempotent. */
  end(): Promise<boolean>;
}
