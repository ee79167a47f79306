/** A process of its own for the mesh tests, on compiled code: node test/stress/mesh-child.mjs MODE [URL] */
import { connect, startNode } from '../../dist/src/index.js';
import { silentLogger } from '../../dist/src/otp.js';

const [mode, url] = process.argv.slice(2);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

switch (mode) {
  // serves until it is killed
  case 'serve': {
    const client = await connect(url, { logger: silentLogger });
    await client.advertise('child.echo', (args) => args);
    await client.advertise('child.hang', () => new Promise(() => {}));
    say({ ready: client.id });
    break;
  }
  // a node until it is killed
  case 'node': {
    const node = await startNode({ listen: '127.0.0.1:0', logger: silentLogger });
    await node.advertise('node.hang', () => new Promise(() => {}));
    say({ ready: node.url });
    break;
  }
  // does everything once and ends by itself
  case 'once': {
    const node = await startNode({ listen: '127.0.0.1:0', logger: silentLogger });
    const client = await connect(node.url, { logger: silentLogger });
    await client.advertise('a.b', ({ n }) => n + 1);
    const value = await node.call('a.b', { n: 1 }, { timeout: 600_000 });
    const hung = await node.advertise('c.d', () => new Promise(() => {}));
    const lost = client.tryCall('c.d', {}, { timeout: 600_000 });
    await hung.unadvertise();
    await client.disconnect({ timeout: 100 });
    await node.close({ timeout: 100 });
    say({ value, lost: (await lost).ok });
    break;
  }
  // fails in each way a start can fail, and ends by itself
  case 'fail': {
    const tags = [];
    const taken = await startNode({ listen: '127.0.0.1:0', logger: silentLogger });
    for (const attempt of [
      () => startNode({ listen: taken.url.slice('https://'.length), logger: silentLogger }),
      () => connect(taken.url, { realm: 'other', logger: silentLogger }),
      () => connect(taken.url, { nodeId: 'ab'.repeat(32), logger: silentLogger }),
      () => connect('https://127.0.0.1:1', { timeout: 300, logger: silentLogger }),
    ]) {
      tags.push(
        await attempt().then(
          () => 'ok',
          (error) => error.failure.tag,
        ),
      );
    }
    await taken.close();
    say({ tags });
    break;
  }
}
