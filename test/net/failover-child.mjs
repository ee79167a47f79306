/** A provider, on compiled code; one that waits is there to be killed: node failover-child.mjs BOOTSTRAP [waits] */
import { startNode } from '../../dist/src/index.js';
import { silentLogger } from '../../dist/src/otp.js';

const node = await startNode({ listen: '127.0.0.1:0', bootstrap: [process.argv[2]], logger: silentLogger });
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const work = async (_args, { signal }) => {
  say({ began: 'work.slow' });
  if (process.argv[3] === 'waits') {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, 60_000);
      signal.addEventListener('abort', () => clearTimeout(timer));
    });
  }
  return process.pid;
};
await node.advertise('work.pid', () => process.pid);
const slow = await node.advertise('work.slow', work);
while (slow.state() !== 'published') await new Promise((resolve) => setTimeout(resolve, 10));
say({ ready: node.id });
