import { beforeAll, expect, test } from 'vitest';
import type { Pid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { startServer } from '../../src/otp/gen-server.ts';
import { erlNode, tsNode, type Erl, type Ts } from './dist-pair.ts';

let ts: Ts;
let erl: Erl;

/** Keeps what it gets, of which the first is where to find the log. */
const LOG = `register(log, spawn(fun() -> process_flag(trap_exit, true),
  (fun Loop(Log) -> receive
    {'$gen_call', From, log} -> gen_server:reply(From, lists:reverse(Log)), Loop(Log);
    {'$gen_call', From, self} -> gen_server:reply(From, self()), Loop(Log);
    {'$gen_call', From, count} -> gen_server:reply(From, length(Log)), Loop(Log);
    Any -> Loop([Any | Log]) end end)([]) end)), ok`;

beforeAll(async () => {
  ts = await tsNode();
  erl = await erlNode();
  await erl.erl.eval(LOG);
});

test('Erlang hears of the end of a process that has linked while the connection was made, behind what it sent', async () => {
  const there = (await ts.dist.call('log', erl.name, atom('self'))) as Pid;
  await ts.dist.disconnect(erl.name);
  const ref = await startServer(ts.runtime, { init: () => null, handleCall: {} });
  const pid = ref.pid as Process;
  await expect.poll(() => ts.dist.nodes()).toEqual([]);
  ts.runtime.link(pid, there);
  ts.runtime.send(there, atom('last'), pid);
  ts.runtime.exit(pid, 'kill');
  await expect
    .poll(() => ts.dist.call('log', erl.name, atom('log')))
    .toEqual([atom('last'), tuple(atom('EXIT'), expect.anything(), atom('killed'))]);
});

test('all that was sent to Erlang before this node ends arrives there', async () => {
  const other = await tsNode();
  expect(await other.dist.connect(erl.name)).toBe(true);
  const before = (await ts.dist.call('log', erl.name, atom('count'))) as number;
  const there = other.dist.whereis('log', erl.name);
  for (let count = 0; count < 700; count++) other.runtime.send(there, new Uint8Array(10_000));
  await other.dist.close();
  await expect.poll(() => ts.dist.call('log', erl.name, atom('count'))).toBe(before + 700);
});
