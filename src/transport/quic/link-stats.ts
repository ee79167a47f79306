/**
 * What is measured of a link, from quiche's counters.
 */
import type { LinkStats } from '../transport.ts';
import type { NativeConnection } from './binding.ts';

/** Before anything was sent. */
export const NO_STATS: LinkStats = { rtt: 0, bytesSent: 0, bytesReceived: 0, lost: 0, arrivals: 0 };

export function linkStats(native: NativeConnection): LinkStats {
  const { sentBytes, recvBytes, lost, recv } = native.stats();
  const rtt = native.pathStats()[0]?.rtt ?? 0;
  return { rtt, bytesSent: sentBytes, bytesReceived: recvBytes, lost, arrivals: recv };
}
