import { beforeAll, describe, expect, test } from 'vitest';
import { atom } from '../../src/codec/etf/atom.ts';
import type { Tuple } from '../../src/codec/etf/terms.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { startServer } from '../../src/otp/gen-server.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import { ServerRef } from '../../src/otp/server-ref.ts';
import { erlNode, tsNode, type Erl, type Ts } from './dist-pair.ts';

let ts: Ts;
let erl: Erl;
const infos: unknown[] = [];

beforeAll(async () => {
  ts = await tsNode({ functions: { math: { add: (a: number, b: number) => a + b, fail: () => fail() } } });
  erl = await erlNode();
  await startServer(ts.runtime, counter, undefined, { name: 'counter', scope: ts.dist.names });
});

const fail = (): never => {
  throw new TypeError('a secret');
};

const counter = {
  init: () => 0,
  handleCall: {
    add: (amount: number, total: number) => reply(total + amount, total + amount),
    crash: () => fail(),
  },
  handleCast: { set: (value: number) => noReply(value) },
  handleRequest: (term: unknown, total: number) => reply(term, total),
  handleInfo: (message: unknown, total: number) => {
    infos.push(message);
    return noReply(total);
  },
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const there = (): string => `'${ts.dist.name}'`;

describe('Erlang calls TypeScript', () => {
  test('a ping is answered, and the node is hidden', async () => {
    expect(await erl.erl.eval(`net_adm:ping(${there()})`)).toBe(atom('pong'));
    expect(await erl.erl.eval('nodes(hidden)')).toEqual([atom(ts.dist.name)]);
    expect(await erl.erl.eval('nodes()')).toEqual([]);
  });

  test('a tag and a payload reach the handler of that tag, anything else the catch-all', async () => {
    expect(await erl.erl.eval(`gen_server:call({counter, ${there()}}, {add, 3})`)).toBe(3);
    const echo = await erl.erl.eval(
      `T = {hello, 1.0, <<"x">>, [1|2], #{a => <<1:3>>}, self(), make_ref(), 1 bsl 100, fun erlang:now/0},
       gen_server:call({counter, ${there()}}, T) =:= T`,
    );
    expect(echo).toBe(true);
  });

  test('rpc and erpc run exported functions; others are undef, and a crash tells its kind only', async () => {
    expect(await erl.erl.eval(`rpc:call(${there()}, math, add, [1, 2])`)).toBe(3);
    expect(await erl.erl.eval(`erpc:call(${there()}, math, add, [1, 2])`)).toBe(3);
    expect(await erl.erl.eval(`rpc:call(${there()}, os, cmd, ["id"])`)).toEqual(
      tuple(atom('badrpc'), tuple(atom('EXIT'), tuple(atom('undef'), []))),
    );
    const crash = await erl.erl.eval(`try erpc:call(${there()}, math, fail, []) catch error:E -> E end`);
    expect(crash).toEqual(tuple(atom('exception'), tuple(atom('crash'), bytes('TypeError')), []));
  });

  test('a name that nobody has is noproc', async () => {
    const reason = await erl.erl.eval(
      `try gen_server:call({nobody, ${there()}}, x) catch exit:{R, _} -> R end`,
    );
    expect(reason).toBe(atom('noproc'));
  });

  test('messages to a name and to a pid arrive in the order in which they were sent', async () => {
    infos.length = 0;
    await erl.erl.eval(`[{counter, ${there()}} ! N || N <- lists:seq(1, 500)], ok`);
    await erl.erl.eval(`gen_server:call({counter, ${there()}}, sync)`);
    expect(infos).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
  });
});

describe('TypeScript calls Erlang', () => {
  const server = `register(echo, spawn(fun() -> (fun Loop() -> receive
    {'$gen_call', {P, Tag} = From, stop} -> gen_server:reply(From, ok), exit(stopped);
    {'$gen_call', From, Request} -> gen_server:reply(From, {Request, node()}), Loop();
    Any -> put(last, Any), Loop() end end)() end)), ok`;

  test('a call by name is answered; one of a process that ends hears why', async () => {
    await erl.erl.eval(server);
    const ref = new ServerRef(ts.runtime, ts.dist.whereis('echo', erl.name));
    const answer = (await ref.call('hello', { a: 1 })) as Tuple;
    expect(answer.elements[1]).toBe(atom(erl.name));
    expect(answer.elements[0]).toEqual(tuple(atom('hello'), new Map([[bytes('a'), 1]])));
    expect(await ref.call('stop')).toBe(atom('ok'));
    await expect(ref.call('hello', 1)).rejects.toMatchObject({ reason: 'noproc' });
  });

  test('a node that does not exist is noconnection', async () => {
    const ref = new ServerRef(ts.runtime, ts.dist.whereis('echo', 'nobody@127.0.0.1'));
    await expect(ref.call('hello', 1)).rejects.toMatchObject({ reason: 'noconnection' });
    expect(await ts.dist.ping('nobody@127.0.0.1')).toBe(false);
  });
});
