/**
 * The command in three terminals: a node, a module that is advertised, a call.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { advertise, CALCULATOR, endAll, espalier, run, startNode, type Ready } from '../cli/process.ts';

afterEach(endAll);

interface CallDocument {
  readonly ok: boolean;
  readonly value?: unknown;
  readonly route?: string;
  readonly node?: string;
  readonly micros?: number;
}

const SUM = '{"operation":"add","a":2,"b":3}';

describe.each([
  { where: 'in the open realm', realm: [] },
  { where: 'in a realm of their own', realm: ['--realm', 'com.example'] },
])('three terminals $where', ({ realm }) => {
  test('node, advertise and call work together and end cleanly', async () => {
    const node = espalier(['node', '--listen', '127.0.0.1:0', '--json', ...realm]);
    const ready = await node.json<Ready>();
    expect(ready).toEqual({
      event: 'ready',
      url: expect.stringMatching(/^https:\/\/127\.0\.0\.1:[1-9][0-9]*$/),
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
    });

    const provider = espalier(['advertise', ready.url, CALCULATOR, '--json', ...realm]);
    expect(await provider.json<Ready>()).toEqual({
      event: 'ready',
      url: ready.url,
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      procedures: ['calculator.compute'],
    });

    const called = await run(['call', ready.url, 'calculator.compute', SUM, '--json', ...realm]);
    expect(called).toMatchObject({ code: 0, stderr: '' });
    const document = JSON.parse(called.stdout) as CallDocument;
    expect(document).toEqual({
      ok: true,
      value: { result: 5 },
      route: 'direct',
      node: ready.id,
      micros: expect.any(Number),
    });
    expect(document.micros).toBeGreaterThan(0);

    const plain = await run(['call', ready.url, 'calculator.compute', SUM, ...realm]);
    expect(plain).toMatchObject({ code: 0, stdout: '{"result":5}\n', stderr: '' });

    expect(await provider.end('SIGTERM')).toMatchObject({ code: 0, signal: null });
    const gone = await run(['call', ready.url, 'calculator.compute', SUM, ...realm]);
    expect(gone).toMatchObject({ code: 3, stdout: '' });
    expect(await node.end('SIGINT')).toMatchObject({ code: 0, signal: null });
  });
});

describe('the realm', () => {
  test('a caller of another realm is refused', async () => {
    const { node, url } = await startNode('--realm', 'com.example');
    const refused = await run(['call', url, 'calculator.compute', SUM, '--json']);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      ok: false,
      error: { tag: 'unauthorized', retryable: false },
    });
    expect((await node.end()).code).toBe(0);
  });

  test('comes from ESPALIER_REALM when the option is absent, and the option wins', async () => {
    const { node, url } = await startNode('--realm', 'com.example');
    const provider = await advertise(url, CALCULATOR, '--realm', 'com.example');
    const call = ['call', url, 'calculator.compute', SUM];
    expect((await run(call, { env: { ESPALIER_REALM: 'com.example' } })).code).toBe(0);
    const overruled = await run([...call, '--realm', 'other'], { env: { ESPALIER_REALM: 'com.example' } });
    expect(overruled.code).toBe(1);
    await provider.end();
    await node.end();
  });

  test('is required for a listener beyond loopback, and the message names the option', async () => {
    const refused = await run(['node', '--listen', '0.0.0.0:0']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('realm');
  });
});
