/**
 * A closed realm by the command alone, over real QUIC: made, members certified, strangers refused.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { advertise, CALCULATOR, endAll, run, startNode } from '../cli/process.ts';

let folder: string;
const at = (name: string): string => join(folder, name);

/** Makes an identity, has it certified, and gives the flags of that member. */
async function certify(name: string): Promise<readonly string[]> {
  const identity = ['--identity', at(`${name}.key`)];
  const { node, id } = await startNode(...identity);
  await node.end();
  const realm = ['--realm', at('realm.key')];
  const issued = await run(['realm', 'issue', ...realm, '--node', id, '--out', at(`${name}.membership`)]);
  expect(issued).toMatchObject({ code: 0, stderr: '' });
  const membership = ['--membership', at(`${name}.membership`)];
  return [...identity, ...membership, '--realm', 'io.macula', '--realm-key', at('realm.pub')];
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-realm-'));
});
afterEach(endAll);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a closed realm', () => {
  test('serves its members and refuses everybody else, at once', { timeout: 60_000 }, async () => {
    expect(await run(['realm', 'init', 'io.macula', '--out', folder])).toMatchObject({ code: 0, stderr: '' });
    const [node, provider, caller] = await Promise.all(['node', 'provider', 'caller'].map(certify));
    const { url } = await startNode(...(node ?? []));
    await advertise(url, CALCULATOR, ...(provider ?? []));
    const call = ['call', url, 'calculator.compute', '{"operation":"add","a":2,"b":3}'];
    expect(await run([...call, ...(caller ?? [])])).toMatchObject({ code: 0, stdout: '{"result":5}\n' });
    // in the realm by name only
    const stranger = await run([...call, '--json', '--realm', 'io.macula']);
    expect(stranger.code).toBe(1);
    expect(JSON.parse(stranger.stdout)).toMatchObject({
      error: { tag: 'unauthorized', message: expect.stringContaining('this realm is closed') as string },
    });
    // a stolen certificate lacks its node's key: it does not even start
    const thief = await run([...call, '--json', ...(caller ?? []), '--identity', at('thief.key')]);
    expect(thief.code).toBe(2);
    expect(JSON.parse(thief.stdout)).toMatchObject({
      error: { tag: 'invalid_args', message: expect.stringContaining('is for another node') as string },
    });
  });

  test('is made with files that are never overwritten, and misuse exits with 2', async () => {
    const again = await run(['realm', 'init', 'io.macula', '--out', folder, '--json']);
    expect(again.code).toBe(2);
    expect(JSON.parse(again.stdout)).toMatchObject({ ok: false, error: { tag: 'invalid_args' } });
    for (const wrong of [
      ['realm'],
      ['realm', 'issue', '--realm', at('realm.key')],
      ['realm', 'issue', '--realm', at('realm.key'), '--node', 'zz', '--out', at('x')],
      ['realm', 'init', 'default', '--out', folder],
    ])
      expect((await run(wrong)).code).toBe(2);
  });
});
