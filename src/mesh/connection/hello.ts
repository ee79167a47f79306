/**
 * The hello: who we are, in which realm, and whether the peer is accepted. Pure.
 *
 * CONNECT is answered by connected or refused; nothing else is processed before (DESIGN §8, Hello).
 */
import type { ConnectedPayload, ConnectPayload, RefusedPayload } from '../../codec/payloads.ts';
import { wireErrorOf } from '../../codec/wire-error.ts';
import type { PeerIdentity } from '../../transport/transport.ts';
import type { MeshSettings } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';

/** The protocol version spoken here; another major version is refused. */
const PROTOCOL_VERSION = '1.0';

export interface Self {
  readonly nodeId: Uint8Array;
  readonly realm: string;
  readonly epoch: Uint8Array;
  readonly capabilities: readonly string[];
  /** Of our membership in a closed realm. */
  readonly proof?: Uint8Array | undefined;
}

/**
 * What we say that we are: `node` listens and serves its clients, `dht` keeps records and is asked for nodes, `station`
 * passes on what others want of each other.
 */
export const capabilitiesOf = (
  role: 'node' | 'client',
  dht: boolean,
  station: boolean = false,
): readonly string[] => [
  'rpc',
  ...(role === 'node' ? ['node'] : []),
  ...(dht ? ['dht'] : []),
  ...(station ? ['station'] : []),
];

/**
 * Whether others may ask it and have it keep records: whoever attaches to stations is behind something that lets nobody
 * in, unless it says where it can be dialed. It searches and publishes all the same.
 */
export const keepsRecords = ({
  dht,
  stations,
  announce,
}: Pick<MeshSettings, 'dht' | 'stations' | 'announce'>): boolean =>
  dht && (stations.length === 0 || announce.length > 0);

/** What an accepted hello told. */
export interface Greeting {
  /** Random per process life of the dialer; undefined when we are the dialer. */
  readonly epoch: Uint8Array | undefined;
  /** The peer has an older connection to us, and may answer on it. */
  readonly holds: boolean;
  readonly capabilities: readonly string[];
  /** 32 bytes each: they key the path probes. */
  readonly ourSeed: Uint8Array;
  readonly theirSeed: Uint8Array;
}

/** What is said of other connections to the same peer: one that is trusted, and any. */
export interface Others {
  readonly have: boolean;
  readonly holds: boolean;
}

export function connectPayload(self: Self, { have, holds }: Others, seed: Uint8Array): ConnectPayload {
  return {
    version: PROTOCOL_VERSION,
    node_id: self.nodeId,
    realm: self.realm,
    capabilities: self.capabilities,
    epoch: self.epoch,
    have,
    seed,
    holds,
    ...proofOf(self),
  };
}

export function connectedPayload(self: Self, seed: Uint8Array, holds: boolean): ConnectedPayload {
  const { nodeId: node_id, realm, capabilities } = self;
  return { node_id, realm, version: PROTOCOL_VERSION, seed, capabilities, holds, ...proofOf(self) };
}

const proofOf = ({ proof }: Self): Pick<ConnectPayload, 'realm_proof'> =>
  proof === undefined ? {} : { realm_proof: proof };

/** The acceptor's judgment; undefined accepts. In a closed realm `ProvenMembership` judges too. */
export function judgeConnect(
  payload: ConnectPayload,
  peer: PeerIdentity,
  self: Self,
): RefusedPayload | undefined {
  if (!sameMajor(payload.version)) {
    return { code: 'protocol_error', message: `version ${payload.version.slice(0, 16)} is not spoken here` };
  }
  if (!sameBytes(payload.node_id, peer.nodeId)) {
    return { code: 'unauthorized', message: 'the claimed node id is not the proven one' };
  }
  if (payload.realm !== self.realm)
    return { code: 'unauthorized', message: 'this node serves another realm' };
  return undefined;
}

/** The dialer's judgment of the answer; undefined accepts. */
export function judgeConnected(
  payload: ConnectedPayload,
  peer: PeerIdentity,
  self: Self,
): RpcFailure | undefined {
  if (!sameBytes(payload.node_id, peer.nodeId)) {
    return { tag: 'unauthorized', detail: 'the claimed node id is not the proven one' };
  }
  if (payload.realm !== self.realm) return { tag: 'unauthorized', detail: 'the node serves another realm' };
  if (!sameMajor(payload.version))
    return { tag: 'protocol_error', detail: 'the node speaks another version' };
  return undefined;
}

export function refusal(payload: RefusedPayload): RpcFailure {
  const { tag } = wireErrorOf(payload.code);
  if (tag === 'overloaded') return { tag, bound: 'connections' };
  if (payload.code === 'protocol_error') return { tag: 'protocol_error', detail: payload.message };
  return { tag: 'unauthorized', detail: payload.message };
}

const sameMajor = (version: string): boolean => version.split('.')[0] === PROTOCOL_VERSION.split('.')[0];

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
