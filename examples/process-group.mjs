/**
 * One process group with members in TypeScript and in Erlang: each side sees all of them, and loses them when their node goes.
 *
 *   node examples/process-group.mjs --once     starts an erl of its own (needs no epmd), and ends
 *   node examples/process-group.mjs            does it with one of yours:
 *
 *   epmd -daemon; erl -name erl@127.0.0.1 -setcookie lattice
 *   1> pg:start_link(), pg:join(resize, self()), net_kernel:connect_node('ts@127.0.0.1').
 *   2> flush(), pg:get_members(resize).
 */
import { createRuntime, noReply, ProcessGroups, startServer } from 'espalier/otp';
import { atom, startDistribution, TcpCarrier } from 'espalier/distribution';
import { freePort, startErlang } from './own-erlang.mjs';

const once = process.argv.includes('--once');
const COOKIE = 'lattice';
/** A member in Erlang that keeps what it gets, and ends after a minute. */
const MEMBER = `{ok, _} = pg:start_link(), ok = pg:join(resize, self()),
  receive Message -> persistent_term:put(got, Message) after 60000 -> halt() end,
  receive never -> ok after 60000 -> halt() end.`;
const erlang = once ? `erl${process.pid}@127.0.0.1` : 'erl@127.0.0.1';
const port = once ? await freePort() : 0;
const child = once ? startErlang(erlang, port, COOKIE, MEMBER) : undefined;

const runtime = createRuntime();
const groups = new ProcessGroups();
const dist = await startDistribution(runtime, {
  name: once ? `ts${process.pid}@127.0.0.1` : 'ts@127.0.0.1',
  cookie: COOKIE,
  carriers: [new TcpCarrier(once ? { dialOnly: true, epmd: false, portOf: () => port } : {})],
  // the scope `pg` is Erlang's own
  groups: { pg: groups },
});

const worker = {
  label: 'worker',
  init: () => null,
  handleInfo: (message, state) => {
    console.log('a worker in TypeScript got:', String(message));
    return noReply(state);
  },
};
for (const { pid } of [await startServer(runtime, worker), await startServer(runtime, worker)])
  groups.join('resize', pid);

// whoever connects: the groups of both become one
await until(async () => (await dist.ping(erlang)) && groups.getMembers('resize').length === 3);
console.log('members here and there:', groups.getMembers('resize').length);
console.log('of them here:', groups.getLocalMembers('resize').length);
const there = await dist.erpc(erlang, 'pg', 'get_members', [atom('resize')]);
console.log('as Erlang sees it:', there.length);

// the same send for all: a pid is a pid
for (const pid of groups.getMembers('resize')) runtime.send(pid, atom('picture'));
await until(
  async () =>
    (await dist.erpc(erlang, 'persistent_term', 'get', [atom('got'), atom('nothing')])) !== atom('nothing'),
);
console.log(
  'the member in Erlang got:',
  String(await dist.erpc(erlang, 'persistent_term', 'get', [atom('got')])),
);

await dist.disconnect(erlang);
await until(() => groups.getMembers('resize').length === 2);
console.log('without Erlang:', groups.getMembers('resize').length);

await dist.close();
child?.kill('SIGKILL');

async function until(condition) {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 200) throw new Error(`${erlang} does not answer as it should`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
