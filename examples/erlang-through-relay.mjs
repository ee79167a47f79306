/**
 * Two stock Erlang nodes that cannot reach each other, clustered through a dist relay, without a line of Erlang for it.
 *
 *   node examples/erlang-through-relay.mjs            serves until Ctrl-C, and says what to type in two terminals
 *   node examples/erlang-through-relay.mjs --once     starts two erl that talk to each other, and ends
 *
 * The relay and both bridges are in one program here. In life each node has its bridge beside it, and only the relay has to be
 * reachable: `espalier relay`, `espalier dist bridge`.
 */
import { spawn } from 'node:child_process';
import { startDistBridge, startDistRelay } from 'espalier/distribution';

const once = process.argv.includes('--once');
const COOKIE = 'lattice';
const [A, B] = ['a', 'b'].map((name) => `${name}${once ? process.pid : ''}@127.0.0.1`);

const relay = await startDistRelay(once ? { listen: '127.0.0.1:0' } : {});
/** The cookie is a secret of the bridges: no relay can stand between those who know it. */
const bridge = (name, epmdPort) =>
  startDistBridge({ relays: relay.url, name, epmdPort: once ? 0 : epmdPort, secret: COOKIE });
const [atA, atB] = [await bridge(A, 7701), await bridge(B, 7702)];
for (const each of [atA, atB]) await each.ready();

if (once) {
  const registered = new Promise((resolve) => atB.events.addEventListener('bridge.registered', resolve));
  const b = startErlang(
    atB,
    'register(echo, self()), receive {From, Message} -> From ! Message end, timer:sleep(60000).',
  );
  await registered;
  const EXPRESSIONS = [
    `net_adm:ping('${B}')`,
    `rpc:call('${B}', lists, sum, [[1, 2, 39]])`,
    `lists:member('${B}', nodes())`,
    `begin {echo, '${B}'} ! {self(), "through the relay"}, receive Said -> Said after 5000 -> nothing end end`,
    `begin Big = rand:bytes(1048576), rpc:call('${B}', erlang, md5, [Big]) =:= erlang:md5(Big) end`,
  ];
  const a = startErlang(
    atA,
    `${EXPRESSIONS.map((text) => `io:format("~p~n", [${text}])`).join(', ')}, halt().`,
  );
  await new Promise((resolve) => a.once('close', resolve));
  console.log('clients of the relay:', relay.status().clients.length);
  b.kill('SIGKILL');
  await close();
} else {
  for (const { name, epmdPort } of [atA, atB])
    console.log(`ERL_EPMD_PORT=${epmdPort} erl -start_epmd false -name ${name} -setcookie ${COOKIE}`);
  console.log(`\nand in the first one:\n\n1> net_adm:ping('${B}').`);
  process.once('SIGINT', () => void close());
}

/** An Erlang node behind a bridge: nothing is special about it but where it looks for others. */
function startErlang({ name, epmdPort }, program) {
  const args = ['-noshell', '-noinput', '-start_epmd', 'false', '-name', name, '-setcookie', COOKIE];
  return spawn('erl', [...args, '-kernel', 'logger_level', 'none', '-eval', program], {
    env: { ...process.env, ERL_EPMD_PORT: String(epmdPort) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function close() {
  for (const each of [atA, atB, relay]) await each.close();
}
