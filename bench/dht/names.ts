/** Names of the contenders. */
export const ESPALIER = 'espalier';
export const HYPERDHT = 'hyperdht';
export const LIBP2P = 'libp2p';
export const BARE = 'bare quic';
export const KADEMLIA = 'kademlia-routing-table';
