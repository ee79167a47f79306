/** The log goes to stderr; whoever read it may be gone. That must cost lines, not the process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const INDEX = pathToFileURL(resolve(import.meta.dirname, '../../dist/src/index.js')).href;

const SERVICE = `
  import { startNode } from '${INDEX}';
  const node = await startNode({ listen: '127.0.0.1:0' });
  await node.advertise('dead.end', () => { throw new Error('logged'); });
  process.stdout.write('ready');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  const tags = [];
  for (let n = 0; n < 5; n++) {
    tags.push((await node.tryCall('dead.end')).error.failure.tag);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await node.close();
  process.stdin.destroy();
  process.stdout.write(tags.join());
`;

test('a log that nobody reads any more costs its lines and nothing else', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SERVICE], {
    stdio: 'pipe',
    timeout: 25_000,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await expect.poll(() => said, { timeout: 20_000 }).toBe('ready');
  child.stderr.destroy();
  await once(child.stderr, 'close');
  child.stdin.write('go');
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, said]).toEqual([0, `ready${Array(5).fill('handler_crash').join()}`]);
});
