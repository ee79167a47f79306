// What a user gets: packs the package, installs the tarball in an empty folder, and uses it from there, with and
// without the native addon.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'espalier-pack-'));

/** What belongs into the package. */
const ALLOWED =
  /^(dist|src|supervisors|docs)\/[\w/.-]+\.(js|d\.ts|map|ts|md)$|^(dist\/)?src\/inspect\/page\/[\w/.-]+\.(html|css|svg|json|mjs|LICENSE)$|^docs\/[\w-]+\.png$|^examples\/[\w-]+\.(mjs|erl)$|^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/;

/** Runs a command in the folder; its output. */
const run = (command, ...args) =>
  execFileSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 300_000,
  });

const script = (name, text) => {
  writeFileSync(join(folder, name), text);
  return run(process.execPath, name).trim();
};

const demand = (what, seen, wanted) => {
  if (seen !== wanted) throw new Error(`${what}: expected ${wanted}, got ${seen}`);
  console.log(`ok  ${what}`);
};

/** A strict user's program against the declarations; `skipLibCheck` off, so ours are checked too. */
function typesOf() {
  writeFileSync(
    join(folder, 'user.ts'),
    `import { startNode, type Client, type RpcFailure } from 'espalier';
     import { GenServer, createRuntime } from 'espalier/otp';
     import { startDistribution, TcpCarrier, type Distribution } from 'espalier/distribution';
     import { startWorkerPool } from 'espalier/isolation';
     import { startMachine } from 'espalier/xstate';
     import { memoryNetwork, virtualClock } from 'espalier/testing';
     export const used: unknown[] = [startNode, createRuntime, startDistribution, TcpCarrier, startWorkerPool, startMachine, memoryNetwork, virtualClock];
     export type Seen = [Client, RpcFailure, Distribution, GenServer<never, never, never>];
    `,
  );
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023', 'esnext.disposable'],
        typeRoots: [join(root, 'node_modules/@types')],
        types: ['node'],
      },
      files: ['user.ts'],
    }),
  );
  run(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.');
  return 'ok';
}

try {
  const tarballs = join(folder, 'tarball');
  mkdirSync(tarballs);
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', tarballs], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [{ filename, files, size }] = JSON.parse(packed);
  const stray = files.map(({ path }) => path).filter((path) => !ALLOWED.test(path));
  demand(
    `the tarball (${files.length} files, ${Math.round(size / 1024)} KiB) holds nothing else`,
    stray.join(),
    '',
  );

  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  run('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', join(tarballs, filename));

  demand(
    'every subpath imports',
    script(
      'import.mjs',
      `for (const path of ['', '/otp', '/isolation', '/xstate', '/effect', '/testing']) await import('espalier' + path);
       const { startNode, connect } = await import('espalier');
       const node = await startNode({ listen: '127.0.0.1:0' });
       await node.advertise('pack.double', ({ n }) => n * 2);
       const client = await connect(node.url);
       console.log(await client.call('pack.double', { n: 21 }));
       await client.disconnect();
       await node.close();`,
    ),
    '42',
  );
  const version = JSON.parse(execFileSync('npm', ['pkg', 'get', 'version'], { cwd: root, encoding: 'utf8' }));
  demand('the command runs', run('npx', '--no-install', 'espalier', '--version').trim(), version);
  demand('it has its own types', typesOf(), 'ok');

  rmSync(join(folder, 'node_modules/@matrixai'), { recursive: true });
  demand(
    'without the native addon actors work: a killed server is back and answers',
    script(
      'actors.mjs',
      `import { createRuntime, NameScope, reply, ServerRef, silentLogger, startSupervisor, worker } from 'espalier/otp';
       const counter = {
         label: 'counter',
         init: (start) => start,
         handleCall: {
           add: (amount, total) => reply(total + amount, total + amount),
           fail: () => { throw new Error('as asked'); },
         },
       };
       const runtime = createRuntime({ logger: silentLogger });
       const scope = new NameScope();
       const app = await startSupervisor(runtime, {
         strategy: 'oneForOne',
         intensity: 3,
         children: [worker('counter', counter, 10, { scope })],
       });
       const ref = new ServerRef(runtime, { scope, name: 'counter' });
       const before = await ref.call('add', 5);
       const crash = await ref.call('fail').catch(({ cause }) => cause.message);
       console.log(before, crash, await ref.call('add', 1));
       await app.stop();`,
    ),
    '15 as asked 11',
  );
  demand(
    'without the native addon the mesh says what is missing',
    script(
      'missing.mjs',
      `import { startNode } from 'espalier';
       const error = await startNode({ listen: '127.0.0.1:0' }).catch((error) => error);
       console.log(/No QUIC for/.test(error.message + error.cause?.message));`,
    ),
    'true',
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
