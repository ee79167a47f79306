/**
 * A gen_server of Erlang, called from TypeScript: calls, a monitor, a link between the two.
 *
 *   erl -name erl@127.0.0.1 -setcookie lattice -eval '{ok,_} = c:c("examples/counter", [{outdir,"/tmp"}]).'
 *   1> counter:start_link(40).
 *   node examples/typescript-to-erlang.mjs            asks that one
 *   node examples/typescript-to-erlang.mjs --once     starts an erl of its own (needs no epmd), and ends
 */
import { fileURLToPath } from 'node:url';
import { createRuntime, Down, noReply, ServerRef, startServer } from 'espalier/otp';
import { atom, startDistribution, TcpCarrier } from 'espalier/distribution';
import { freePort, startErlang } from './own-erlang.mjs';

const once = process.argv.includes('--once');
const COOKIE = 'lattice';
const FILE = fileURLToPath(new URL('counter.erl', import.meta.url));
/** Compiles the server, starts it, and waits to be killed, a minute at most. */
const SERVER = `{ok, counter, Code} = compile:file("${FILE}", [binary]),
  {module, counter} = code:load_binary(counter, "counter", Code), process_flag(trap_exit, true),
  {ok, _} = counter:start_link(40), receive never -> ok after 60000 -> halt() end.`;
const erlang = once ? `erl${process.pid}@127.0.0.1` : 'erl@127.0.0.1';

const port = once ? await freePort() : 0;
const child = once ? startErlang(erlang, port, COOKIE, SERVER) : undefined;

const runtime = createRuntime();
const dist = await startDistribution(runtime, {
  name: `ts${process.pid}@127.0.0.1`,
  cookie: COOKIE,
  // it calls only: nobody has to find it
  carriers: [new TcpCarrier({ dialOnly: true, ...(once ? { epmd: false, portOf: () => port } : {}) })],
});

// the same ServerRef as for a server here
const counter = new ServerRef(runtime, dist.whereis('counter', erlang));

for (let tries = 0; ; tries++) {
  const failure = await counter.call('total').then(
    () => undefined,
    (error) => error,
  );
  if (failure === undefined) break;
  if (tries > 100) throw failure;
  await new Promise((resolve) => setTimeout(resolve, 50));
}
console.log('add 2:', await counter.call('add', 2));
counter.cast('set', 7);
console.log('total:', await counter.call('total'));

// a pid is a pid wherever it lives
const pid = await dist.rpc(erlang, 'erlang', 'whereis', [atom('counter')]);
let told;
const down = new Promise((resolve) => (told = resolve));
await startServer(runtime, {
  label: 'watcher',
  init: (_none, self) => {
    self.monitor(pid);
    return null;
  },
  handleInfo: (message, state) => {
    if (message instanceof Down) told(message.reason);
    return noReply(state);
  },
});
const failed = await counter.call('fail').catch((error) => error);
console.log('the caller hears:', failed.reason);
console.log('the watcher hears:', await down);

await dist.close();
child?.kill('SIGKILL');
