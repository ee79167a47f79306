/** A provider to be killed, on compiled code: node test/net/failover-child.mjs BOOTSTRAP */
import { startNode } from '../../dist/src/index.js';
import { silentLogger } from '../../dist/src/otp.js';

const node = await startNode({ listen: '127.0.0.1:0', bootstrap: [process.argv[2]], logger: silentLogger });
const wait = async (_args, { signal }) => {
  // long enough to be killed in the middle, for the first caller only
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, 60_000);
    signal.addEventListener('abort', () => clearTimeout(timer));
    process.stdin.once('data', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return process.pid;
};
await node.advertise('work.pid', () => process.pid);
const slow = await node.advertise('work.slow', wait);
while (slow.state() !== 'published') await new Promise((resolve) => setTimeout(resolve, 10));
process.stdout.write(`${JSON.stringify({ ready: node.id })}\n`);
