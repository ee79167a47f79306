/**
 * What the drawings are filled in with: the context of one node or client, and the arguments of its actors.
 */
import type { ChildSpec } from '../src/otp/child-spec.ts';
import type { Identity } from '../src/identity/identity.ts';
import type { MeshContext } from '../src/mesh/context.ts';
import type { RoutingTableArgs } from '../src/mesh/dht/routing-table-server.ts';
import type { EndpointArgs } from '../src/transport/endpoint-server.ts';
import type { PeeringsArgs } from '../src/mesh/station/peerings.ts';
import type { UplinkArgs } from '../src/mesh/peer/uplink.ts';
import type { RolesParts } from './roles.ts';

export interface NodeParts {
  readonly context: MeshContext;
  readonly identity: Identity;
  readonly endpoint: EndpointArgs;
  /** The stations to which it attaches; undefined: none. */
  readonly attachments: PeeringsArgs | undefined;
  /** Undefined: it takes no part in the DHT. */
  readonly dht: RoutingTableArgs | undefined;
  /** The user's own children. */
  readonly children: readonly ChildSpec[];
  /** What it does beside; undefined: nothing. */
  readonly roles: RolesParts | undefined;
}

export interface ClientParts extends NodeParts {
  readonly uplink: UplinkArgs;
}
