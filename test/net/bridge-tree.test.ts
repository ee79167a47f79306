/** The tree of a bridge for an Erlang node, as drawn. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { silentLogger, systemClock, systemRandom } from '../../src/otp.ts';
import { startDistBridge } from '../../src/dist-relay.ts';
import { memoryNetwork } from '../../src/transport/memory/network.ts';
import { portRequest } from '../dist/bridge/epmd-bytes.ts';
import { childrenById, drawn } from '../supervisors/drawn.ts';
import { expectDrawn, expectRestForOne } from '../supervisors/tree-rules.ts';

const started = async () => {
  const runtime = new Runtime({ logger: silentLogger });
  const network = memoryNetwork({ clock: systemClock, random: systemRandom });
  const bridge = await startDistBridge({
    runtime,
    transport: network.transport(),
    relays: 'quic://198.18.40.20:4434',
    name: 'a@127.0.0.1',
    epmdPort: 0,
  });
  onTestFinished(() => bridge.close());
  /** Its EPMD answers where it did: behind that port is a door to the node. */
  const asked = async (): Promise<readonly number[]> => {
    const socket = connect(bridge.epmdPort, '127.0.0.1').on('error', () => {});
    socket.on('connect', () => socket.write(portRequest('b')));
    const [answer] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown];
    socket.destroy();
    return answer instanceof Uint8Array ? [...answer.subarray(0, 2)] : [];
  };
  return { runtime, asked, root: runtime.firstChild as Process };
};

test('a bridge runs as bridge.ts draws it, with a child for each node that was looked for', async () => {
  const { root, asked } = await started();
  expectDrawn(root, drawn('bridge'), ['doors']);
  expect(await asked()).toEqual([119, 0]);
  const doors = childrenById(root).get('doors') as Process;
  expect(Array.from(childrenOf(doors), ({ label }) => label)).toEqual(['door to b@127.0.0.1']);
});

test('a bridge loses by a kill what stands behind, and EPMD answers again', async () => {
  const { root, asked, runtime } = await started();
  await expectRestForOne(
    runtime,
    root,
    () => expect.poll(asked, { timeout: 10_000 }).toEqual([119, 0]) as unknown as Promise<void>,
  );
});
