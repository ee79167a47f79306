/** The NAT check over real sockets of loopback: there is no NAT, and all that can be measured is. */
import { afterEach, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { natCheck } from '../../src/cli/doctor/nat-check.ts';
import type { Check } from '../../src/cli/doctor/checks.ts';
import { startNode, type Node } from '../../src/node.ts';
import { contextOf } from '../mesh-world.ts';

const nodes: Node[] = [];
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close({ timeout: 1_000 });
});

/** Each at a host of its own, peered with each other and connected. */
async function twoStations(): Promise<readonly Node[]> {
  const settings = { logger: silentLogger, dht: false, station: true } as const;
  for (const listen of ['127.0.0.2:0', '127.0.0.3:0']) nodes.push(await startNode({ ...settings, listen }));
  // neither port was known before
  for (const node of nodes) {
    contextOf(node).routing.stations.all = nodes
      .filter((other) => other !== node)
      .map(({ id, url }) => ({ name: url, nodeId: id, addresses: [], isSelf: false }));
  }
  await nodes[0]?.peers.sendMessageAndWait(new URL(nodes[1]?.url ?? '').host, 'ping');
  return nodes;
}

// other hosts of loopback are there by themselves on Linux only
test.runIf(process.platform === 'linux')('two stations of loopback show that there is no NAT', async () => {
  const urls = (await twoStations()).map(({ url }) => url);
  const checks: Check[] = [];
  const report = await natCheck(
    urls,
    { logger: silentLogger, listen: '127.0.0.1:0' },
    { timeout: 5_000, signal: AbortSignal.timeout(20_000), done: (check) => checks.push(check) },
  );
  expect(checks.filter(({ status }) => status !== 'ok')).toEqual([]);
  expect(report).toMatchObject({ behindNat: false, mapping: 'ei', filtering: 'ei', allocation: 'pp' });
  expect(report?.reflexive).toHaveLength(1);
});
