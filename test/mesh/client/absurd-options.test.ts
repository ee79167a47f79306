/**
 * What users may hand over by mistake or malice: the answer is a typed error that names the option, never a raw
 * TypeError, and nothing is started.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IdentityError } from '../../../src/identity/identity-error.ts';
import { connectLocal } from '../../../src/index.ts';
import { RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import { connect, startNode } from '../../../src/node.ts';
import { servicesOf } from '../../../src/cli/service-module.ts';
import { noReply, startServer, type GenServer } from '../../../src/otp.ts';
import { failure } from '../../actor/world.ts';
import { meshWorld, pair, REALM } from '../../mesh-world.ts';

function revoked(): never {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy as never;
}

/** A proxy that refuses everything. */
const refusing = (): never =>
  new Proxy(() => undefined, {
    get: () => {
      throw new TypeError('no get');
    },
    has: () => {
      throw new TypeError('no has');
    },
    ownKeys: () => {
      throw new TypeError('no keys');
    },
    getPrototypeOf: () => {
      throw new TypeError('no prototype');
    },
  }) as never;

const NAMES = [
  'identity',
  'transport',
  'runtime',
  'logger',
  'signal',
  'limits',
  'children',
  'realm',
  'timeout',
];

const WRONG: readonly [string, unknown][] = [
  ...NAMES.map((name): [string, unknown] => [name, revoked()]),
  ...NAMES.map((name): [string, unknown] => [name, refusing()]),
  ['identity', {}],
  ['identity', []],
  ['identity', { file: 5 }],
  ['identity', { file: '' }],
  ['identity', { file: 'a\0b' }],
  ['identity', { nodeId: new Uint8Array(3) }],
  ['transport', {}],
  ['transport', { open: true }],
  ['logger', {}],
  ['logger', { info: () => undefined }],
  ['signal', {}],
  ['signal', Object.create(AbortSignal.prototype)],
  ['signal', Object.create(AbortSignal.prototype, { aborted: { value: false } })],
  ['timeout', NaN],
  ['timeout', 0],
  ['limits', { streams: revoked() }],
];

test.each(WRONG)(
  'startNode and connect: %s that makes no sense is invalid_args and named',
  async (name, value) => {
    const world = meshWorld();
    const { node } = await pair(world);
    const runtime = world.runtime();
    const options = { realm: REALM, runtime, transport: world.network.transport(), [name]: value };
    for (const attempt of [
      () => startNode({ ...options, listen: '0.0.0.0:0' }),
      () => connect(node.url, options),
    ]) {
      const error = (await world.rejection(attempt())) as RpcError;
      expect(error).toBeInstanceOf(RpcError);
      expect(error.failure).toMatchObject({ tag: 'invalid_args' });
      expect((error.failure as { field: string }).field.startsWith(name)).toBe(true);
    }
    expect([runtime.spawned, runtime.timers.size]).toEqual([0, 0]);
  },
);

test('connectLocal of what is no node is invalid_args', () => {
  for (const node of [undefined, {}, revoked(), refusing(), { local: 5 }]) {
    const attempt = (): unknown => {
      try {
        return connectLocal(node as never);
      } catch (error) {
        return error;
      }
    };
    expect(attempt()).toMatchObject({ failure: { tag: 'invalid_args', field: 'node' } });
  }
});

describe('an identity file that is no file', () => {
  test('a named pipe, a directory and a device are refused at once', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'espalier-identity-'));
    const [pipe, folder] = [join(directory, 'pipe'), join(directory, 'folder')];
    execFileSync('mkfifo', ['-m', '600', pipe]);
    mkdirSync(folder, { mode: 0o700 });
    const world = meshWorld();
    for (const file of [pipe, folder, '/dev/zero']) {
      const attempt = startNode({
        realm: REALM,
        listen: '0.0.0.0:0',
        runtime: world.runtime(),
        transport: world.network.transport(),
        identity: { file },
      });
      const error = (await world.rejection(attempt)) as IdentityError;
      expect([error.constructor, error.failure.tag]).toEqual([IdentityError, 'unreadable']);
    }
    rmSync(directory, { recursive: true });
  });
});

describe('tryCall', () => {
  test.each([
    ['a revoked proxy', revoked()],
    ['a proxy that refuses', refusing()],
    ['a fake', Object.create(AbortSignal.prototype)],
    ['a fake with aborted', Object.create(AbortSignal.prototype, { aborted: { value: false } })],
    ['a plain object', { aborted: false, addEventListener: () => undefined }],
  ])('never throws: %s as signal is invalid_args', async (_what, signal) => {
    const world = meshWorld();
    const { client } = await pair(world);
    const result = await client.tryCall('a.b', {}, { signal: signal as AbortSignal });
    expect(result.ok ? result : result.error.failure).toMatchObject({ tag: 'invalid_args' });
  });
});

test('a call of a server with a timeout that is none is a RangeError, and nothing is sent', async () => {
  const world = meshWorld();
  const runtime = world.runtime();
  let asked = 0;
  const server: GenServer<undefined, null, { get(): number }> = {
    init: () => null,
    handleCall: {
      get: () => {
        asked++;
        return noReply(null);
      },
    },
  };
  const ref = await startServer(runtime, server, undefined);
  for (const timeout of [NaN, -1, '5' as never, null as never]) {
    expect(await failure(ref.call('get', undefined, { timeout }))).toBeInstanceOf(RangeError);
  }
  await world.clock.advance(1);
  expect([asked, runtime.timers.size]).toEqual([0, 0]);
});

test.each([
  ['a revoked proxy', revoked()],
  ['a proxy that refuses', new Proxy({}, { ownKeys: () => expect.fail('asked') })],
  [
    'a getter that throws',
    {
      get 'a.b'(): never {
        throw new Error('no');
      },
    },
  ],
  [
    'an entry that throws',
    {
      'a.b': {
        get handler(): never {
          throw new Error('no');
        },
      },
    },
  ],
  ['a revoked entry', { 'a.b': revoked() }],
])('a module whose default export is %s is invalid_args', (_what, exported) => {
  try {
    servicesOf(exported, 'default');
    expect.fail('accepted');
  } catch (error) {
    expect(error).toBeInstanceOf(RpcError);
    expect((error as RpcError).failure).toMatchObject({ tag: 'invalid_args', field: 'module' });
  }
});
