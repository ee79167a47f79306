/**
 * The place of NAT traversal among the ways to a peer (seed 002): asked when no address leads to a node.
 *
 * An interface: whoever punches holes and finds relays shares it as `natConnector`. Nobody does yet.
 */
import type { Process } from '../../actor/process.ts';

export interface NatConnector {
  /**
   * Begins an attempt for at most `timeout` ms; undefined when none can be made now. It has succeeded when the node is
   * connected, and failed when the process has ended before.
   */
  attempt(nodeId: string, hints: NatHints, timeout: number): Process | undefined;
}

/** What whoever wants the node knows of the way. */
export interface NatHints {
  /** `host:port` of a relay to use. */
  readonly relay?: string;
  readonly skipHolePunch?: boolean;
}
