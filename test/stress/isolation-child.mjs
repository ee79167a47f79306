/** Compiled code under plain node: a pool and a server in threads; says what it saw as one line of JSON. */
import { createRuntime } from 'espalier/otp';
import { startWorkerPool, startWorkerServer } from 'espalier/isolation';

const runtime = createRuntime();
const fixture = (name) => new URL(`../isolation/fixtures/${name}`, import.meta.url);
const failure = (promise) => promise.then(String, (error) => error.failure ?? error.reason);

const pool = await startWorkerPool(runtime, { module: fixture('work.mjs'), size: 1, heapMb: 16 });
const sum = await pool.call('add', [1, 2]);
const loop = await failure(pool.call('spin', [new SharedArrayBuffer(8)], { timeout: 200 }));
const oom = await failure(pool.call('fill', [], { timeout: 30_000 }));
const after = await pool.call('add', [3, 4]);

const server = await startWorkerServer(runtime, { module: fixture('otp-server.mjs') }, 10);
const added = await server.call('add', 5);
const open = server.call('later');
server.cast('answer', 'late');
const late = await open;
const bye = await server.call('end');
const second = await startWorkerServer(runtime, { module: fixture('otp-server.mjs') }, 0);
const exits = await failure(second.call('exits', 'enough'));

// neither an idle pool nor an idle server keeps the program alive
const idle = await startWorkerServer(runtime, { module: fixture('otp-server.mjs') }, 0);
await idle.call('add', 1);
process.stdout.write(`${JSON.stringify({ sum, loop, oom, after, added, late, bye, exits })}\n`);
