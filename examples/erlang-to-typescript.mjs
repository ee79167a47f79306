/**
 * A GenServer in TypeScript, called from Erlang.
 *
 *   epmd -daemon
 *   node examples/erlang-to-typescript.mjs            serves until Ctrl-C, and says what to type in erl
 *   node examples/erlang-to-typescript.mjs --once     starts an erl that calls it, and ends (needs no epmd)
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createRuntime, noReply, reply, startServer } from 'espalier/otp';
import { startDistribution, TcpCarrier } from 'espalier/distribution';

const once = process.argv.includes('--once');
const COOKIE = 'lattice';

const counter = {
  label: 'counter',
  init: (start) => start,
  // gen_server:call(…, {add, 2}) and gen_server:call(…, total)
  handleCall: {
    add: (amount, total) => reply(total + amount, total + amount),
    total: (_none, total) => reply(total, total),
  },
  // gen_server:cast(…, {set, 0})
  handleCast: { set: (value) => noReply(value) },
  // anything else, as the term it is
  handleRequest: (term, total) => reply(term, total),
};

const runtime = createRuntime();
const dist = await startDistribution(runtime, {
  name: once ? `ts${process.pid}@127.0.0.1` : 'ts@127.0.0.1',
  cookie: COOKIE,
  carriers: [new TcpCarrier(once ? { epmd: false } : {})],
  functions: { text: { upper: (bytes) => Buffer.from(bytes).toString().toUpperCase() } },
});
await startServer(runtime, counter, 40, { name: 'counter', scope: dist.names });

const EXPRESSIONS = [
  `net_adm:ping('${dist.name}')`,
  `gen_server:call({counter, '${dist.name}'}, {add, 2})`,
  `gen_server:cast({counter, '${dist.name}'}, {set, 7})`,
  `gen_server:call({counter, '${dist.name}'}, total)`,
  `gen_server:call({counter, '${dist.name}'}, #{any => {"term", <<"at">>, [all|1.5]}})`,
  `rpc:call('${dist.name}', text, upper, [<<"espalier">>])`,
];

if (once) {
  // an erl that asks no epmd: it finds every node at our port
  const print = EXPRESSIONS.map((text) => `io:format("~0p~n", [${text}])`).join(', ');
  const [{ port }] = dist.addresses();
  const noEpmd = ['-start_epmd', 'false', '-erl_epmd_port', String(port), '-dist_listen', 'false'];
  const name = ['-name', `erl${process.pid}@127.0.0.1`, '-setcookie', COOKIE];
  const args = ['-noshell', '-noinput', ...noEpmd, ...name, '-eval', `${print}, halt().`];
  const { stdout } = await promisify(execFile)('erl', args);
  process.stdout.write(stdout);
  await dist.close();
} else {
  console.log(`${dist.name} is up. In another terminal:\n\n  erl -name erl@127.0.0.1 -setcookie ${COOKIE}\n`);
  for (const text of EXPRESSIONS) console.log(`  ${text}.`);
  process.once('SIGINT', () => void dist.close());
}
