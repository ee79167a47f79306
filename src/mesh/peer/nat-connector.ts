/**
 * The place of NAT traversal among the ways to a peer (seed 002): asked for a way to a node that no address of its own
 * leads to.
 *
 * An interface of the pool; the NAT connector (`mesh/nat/connector.ts`) shares itself as `natConnector`.
 */
import type { Process } from '../../actor/process.ts';

export interface NatConnector {
  /**
   * Begins an attempt for at most `timeout` ms; undefined when none can be made now. It tells `pool` each way that it
   * finds (`WayFound`), or that has turned out to be none (`WayLost`), and fails when there is none left. A process that ends
   * orderly has done its part; it does so when it is told that nobody needs a way any more (`Unwanted`).
   */
  attempt(wanted: NatWish, timeout: number, pool: Process): Process | undefined;
}

export interface NatWish extends NatHints {
  /** Hex id. */
  readonly nodeId: string;
  /** `host:port` of stations to which the node has attached, as its record says. */
  readonly stations: readonly string[];
}

/** What whoever wants the node knows of the way. */
export interface NatHints {
  /** `host:port` of the one relay to use. */
  readonly relay?: string;
  readonly skipHolePunch?: boolean;
}

/** A way to the node, to be dialed: `relay:` and a session. */
export class WayFound {
  readonly attempt: Process;
  readonly address: string;
  constructor(attempt: Process, address: string) {
    this.attempt = attempt;
    this.address = address;
  }
}

/** A way that was told leads nowhere after all. */
export class WayLost {
  readonly attempt: Process;
  readonly address: string;
  constructor(attempt: Process, address: string) {
    this.attempt = attempt;
    this.address = address;
  }
}

/** To an attempt: nobody needs a way any more. Those that it told are given back by whoever was told. */
export class Unwanted {
  readonly unwanted = true;
}
