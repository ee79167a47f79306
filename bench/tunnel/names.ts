/**
 * Names in the bench `tunnel`.
 */
/** Two Erlang nodes without anything between them: whom tunnels are compared with. */
export const DIRECT = 'direct';
/** Two Erlang nodes with three processes between them that pass bytes on over TCP: the least that three hops cost. */
export const PIPES = 'tcp pipes';
/** Two nodes of ours, connected without a relay. */
export const QUIC = 'over quic';
/** What `--peers` may leave out: all that needs Erlang. */
export const ERL = 'erl';
/** Two Erlang nodes through bridge, relay and bridge. */
export const TUNNEL = 'tunnel';
