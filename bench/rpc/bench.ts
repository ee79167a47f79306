/**
 * What does one call cost over loopback between two processes, the whole path: mutual TLS, codec, deadline,
 * mailbox, isolated child?
 */
import type { Bench } from '../harness/bench.ts';
import { CASES } from './cases.ts';
import { BIG, SMALL } from './plan.ts';
import { OURS, PEERS } from './peers.ts';
import { suite } from './suite.ts';

export const rpc: Bench = suite({
  name: 'rpc',
  question: 'What does one call cost over loopback between two processes, the whole path?',
  what: `echo of ${SMALL} B and of ${BIG / 1_024} KiB over loopback between two processes`,
  ours: OURS,
  peers: PEERS,
  cases: CASES,
});
