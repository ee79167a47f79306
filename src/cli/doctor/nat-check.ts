/**
 * The NAT check of `espalier doctor --nat`: a node that lives for a moment asks the stations, from one socket.
 *
 * The first station is asked alone: another one that it is peered with, to which nothing was sent from here, shows what
 * strangers may do. Then all, for the mapping shows only where two are compared. Shell: starts a node and ends it.
 */
import { systemClock } from '../../actor/clock.ts';
import type { NodeOptions } from '../../mesh/client/options.ts';
import { RpcError } from '../../mesh/errors/rpc-error.ts';
import { describeFailure } from '../../mesh/errors/rpc-failure.ts';
import type { NatReport } from '../../mesh/nat/detection/report.ts';
import { connectTarget } from '../../mesh/url.ts';
import { startNode, type Node } from '../../node.ts';
import { usageError } from '../error-document.ts';
import type { Check } from './checks.ts';
import { natVerdicts } from './nat-verdicts.ts';

/** For the goodbye, milliseconds: nothing of ours is in flight. */
const GOODBYE = 1_000;
/** Stations that are asked; the check compares two, and one more may be down. */
const MOST = 8;

export interface NatCheckOptions {
  /** For each step: connecting to a station, a measurement. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** Told of each check as it is done. */
  readonly done: (check: Check) => void;
}

/** `report` is undefined when no station could be reached. Throws `RpcError` when an option makes no sense. */
export async function natCheck(
  urls: readonly string[],
  settings: NodeOptions,
  options: NatCheckOptions,
): Promise<NatReport | undefined> {
  const addresses = addressesOf(urls, settings.realm);
  const { signal, timeout, done } = options;
  const node = await startNode({ ...settings, dht: false, timeout, signal });
  try {
    let report: NatReport | undefined;
    for (const [index, address] of addresses.entries()) {
      const met = await meet(node, address, options);
      done(met);
      const last = index === addresses.length - 1;
      const isReached = met.status === 'ok';
      if ((isReached && report === undefined) || (last && report !== undefined && addresses.length > 1))
        report = await node.nat({ force: true, timeout, signal });
    }
    const verdicts = report === undefined ? [UNREACHED] : natVerdicts(report);
    for (const verdict of verdicts) done(verdict);
    return report;
  } finally {
    await node.close({ timeout: GOODBYE });
  }
}

const UNREACHED: Check = {
  name: 'nat',
  status: 'fail',
  detail: 'no station could be reached, so nothing was measured',
  hint: 'where a browser works and this does not, UDP is blocked: only a station over TLS helps',
};

async function meet(node: Node, address: string, { timeout, signal }: NatCheckOptions): Promise<Check> {
  const begun = systemClock.now();
  try {
    await node.peers.sendMessageAndWait(address, 'ping', {}, { timeout, signal });
  } catch (error) {
    if (!(error instanceof RpcError) || error.failure.tag === 'canceled') throw error;
    return {
      name: 'station',
      status: 'fail',
      detail: `${address}: ${describeFailure(error.failure)}`,
    };
  }
  const took = Math.round(systemClock.now() - begun);
  return { name: 'station', status: 'ok', detail: `${address} has answered, after ${took} ms` };
}

/** As `host:port`. */
function addressesOf(urls: readonly string[], realm: string | undefined): readonly string[] {
  if (urls.length > MOST) throw usageError('nat', `must be at most ${MOST} stations`);
  return urls.map((url) => {
    const target = connectTarget(url, realm);
    if (target.ok) return `${target.target.host}:${target.target.port}`;
    throw target.error.tag === 'invalid_url'
      ? usageError('nat', `must be a list of URLs, each https://host:port, not ${url}`)
      : usageError('realm', 'is required for stations that are not on loopback');
  });
}
