/**
 * What the parts of a client of dist relays share. Plain data that outlives its actors; who may write what is said at each field.
 */
import type { NameScope } from '../../../actor/names.ts';
import type { Runtime } from '../../../actor/runtime.ts';
import type { Identity } from '../../../identity/identity.ts';
import type { EventHub } from '../../../mesh/events/hub.ts';
import type { Endpoint } from '../../../transport/transport.ts';
import type { ClientStateName } from './client-machine.ts';
import type { ExpectedLinks } from './expected-links.ts';
import type { RelayLink } from './relay-link.ts';
import type { ClientTunnel, Kernel } from './client-tunnel.ts';

/** Durations in ms. */
export interface ClientSettings {
  /** For a connection to a relay. Default 5,000. */
  readonly connectTime: number;
  /** For the relay's answer to our name. Default 10,000 (SPEC §11.3). */
  readonly identifyTime: number;
  /** For a tunnel, the handshake of its encryption included. Default 15,000 (SPEC §11.3). */
  readonly tunnelTime: number;
  /** Without a sign of life a relay is asked after so long. Default 1,000. */
  readonly probe: number;
}

/** What is known of one relay. Its actor writes it. */
export interface RelayState {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  state: ClientStateName;
  link: RelayLink | undefined;
  /** When it took our name, clock ms; undefined while it has not. */
  since: number | undefined;
  /** It was lost since we first had it. */
  returned: boolean;
  /** Why it was lost, or could not be reached; empty: it never was. */
  reason: string;
}

export interface ClientContext {
  readonly runtime: Runtime;
  /** Where its actors are found: `endpoint`, `relays`, `tunnels`. */
  readonly scope: NameScope;
  readonly events: EventHub;
  /** What we say our name is. */
  readonly name: string;
  /** Undefined while whoever holds it is restarted. */
  readonly identity: () => Identity | undefined;
  readonly endpoint: () => Endpoint | undefined;
  /** Who takes connections of the other ends of tunnels. */
  readonly expected: ExpectedLinks;
  readonly settings: ClientSettings;
  readonly realm: string | undefined;
  /** What shows that we are a member of it. */
  readonly proof: () => Uint8Array | undefined;
  /** Whether what goes to that node and comes from it is encrypted from end to end. */
  readonly encrypts: (node: string) => boolean;
  /** The key that it has to prove then, 32 bytes of its id; undefined: any. */
  readonly keyOf: (node: string) => Uint8Array | undefined;
  /** What it has to know then; undefined: nothing. */
  readonly secretOf: (node: string) => string | undefined;
  /** In the order in which they are preferred. */
  readonly relays: readonly RelayState[];
  /** By their ids. Each tunnel's actor writes its own. */
  readonly tunnels: Map<string, ClientTunnel>;
  /** Who takes tunnels that others open. Written by `setKernel`. */
  readonly hand: { kernel: Kernel | undefined };
  /** Those who wait for a relay that knows us. */
  readonly waiting: Set<() => void>;
}
