/** What a figure of ours is compared with, of the same nodes in the same round. */
/** The direct connection between the same two nodes. */
export const DIRECT = 'direct';
/** A datagram there and back through the same delays, without QUIC. */
export const UDP = 'bare udp';

/** What our nodes serve: bytes come back as they are. */
export const ECHO = 'bench.echo';
