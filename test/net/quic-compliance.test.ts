/** QUIC over loopback keeps every promise of the transport interface. */
import { describeTransport } from '../transport/compliance.ts';
import { describePaths } from '../transport/path-compliance.ts';
import { quicBench } from './quic-bench.ts';

describeTransport('quic', quicBench);
describePaths('quic', quicBench);
