/** A process to be killed, on compiled code: node test/recovery/process-child.mjs node|provider|caller ARGUMENT */
import { connect, startNode } from '../../dist/src/index.js';
import { silentLogger } from '../../dist/src/otp.js';

const [mode, argument, file] = process.argv.slice(2);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const logger = silentLogger;
const identity = file === undefined ? {} : { identity: { file } };

switch (mode) {
  case 'node': {
    const node = await startNode({ listen: `127.0.0.1:${argument}`, logger, ...identity });
    await node.advertise('node.pid', () => process.pid);
    await node.advertise('node.hang', () => new Promise(() => {}));
    say({ ready: node.url });
    break;
  }
  case 'provider': {
    const client = await connect(argument, { logger, ...identity });
    await client.advertise('work.pid', () => process.pid);
    say({ ready: client.id });
    break;
  }
  case 'caller': {
    const client = await connect(argument, { logger, ...identity });
    say({ ready: client.id });
    const called = await client.call('work.pid', {}, { timeout: 2_000 });
    say({ called });
    // calls go on, so that it dies in the middle of one
    setInterval(() => void client.tryCall('work.pid', {}, { timeout: 1_000 }), 10);
    break;
  }
}
