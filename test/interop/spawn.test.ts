import { beforeAll, describe, expect, test } from 'vitest';
import { Down, Exit } from '../../src/actor/monitor.ts';
import type { Pid } from '../../src/actor/pid.ts';
import type { Self } from '../../src/actor/process.ts';
import { exit } from '../../src/actor/exit-reason.ts';
import { atom, isAtom } from '../../src/codec/etf/atom.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { ErpcError, RemoteName } from '../../src/distribution.ts';
import type { ExitError } from '../../src/otp/errors.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import { erlNode, tsNode, type Erl, type Ts } from './dist-pair.ts';
import { Inbox } from './inbox.ts';

let ts: Ts;
let other: Ts;
let erl: Erl;
const ran: unknown[] = [];

beforeAll(async () => {
  ts = await tsNode();
  other = await tsNode({
    functions: {
      math: {
        add: (a: number, b: number) => a + b,
        fail: () => {
          throw new TypeError('a secret');
        },
        toss: () => {
          // oxlint-disable-next-line only-throw-error
          throw 7;
        },
        leave: () => exit('gone'),
        note: (value: unknown) => void ran.push(value),
        wait: () => new Promise(() => {}),
      },
    },
  });
  erl = await erlNode();
});

/** A process that traps exits, does what it is told, and whose messages a test can wait for. */
async function actor(): Promise<{
  readonly inbox: Inbox;
  readonly pid: Pid;
  run<T>(act: (self: Self) => T): Promise<Awaited<T>>;
}> {
  const inbox = new Inbox();
  const server: GenServer<undefined, null, { run(act: (self: Self) => unknown): unknown }> = {
    trapExit: true,
    init: () => null,
    handleCall: { run: async (act, state, self) => reply(await act(self), state) },
    handleInfo: (message, state) => {
      inbox.add(message);
      return noReply(state);
    },
  };
  const ref = await startServer(ts.runtime, server);
  return { inbox, pid: ref.pid as Pid, run: async (act) => (await ref.call('run', act)) as never };
}

describe('spawn', () => {
  test('runs any function of an Erlang node, and gives a pid that can be sent to', async () => {
    const { inbox, pid: here } = await actor();
    const pid = await ts.dist.spawn(erl.name, 'erlang', 'send', [here, tuple(atom('hello'), 1)]);
    expect(pid.node).toBe(erl.name);
    expect(await inbox.next()).toEqual(tuple(atom('hello'), 1));
  });

  test('runs what another node of ours exports, and nothing else', async () => {
    ran.length = 0;
    await ts.dist.spawn(other.dist.name, 'math', 'note', ['text']);
    await expect.poll(() => ran).toEqual(['text']);
    const refused = ts.dist.spawn(other.dist.name, 'os', 'cmd', ['id']);
    await expect(refused).rejects.toMatchObject({ name: 'ExitError', reason: 'undef' });
    const inherited = ts.dist.spawn(other.dist.name, 'math', 'constructor', []);
    await expect(inherited).rejects.toMatchObject({ reason: 'undef' });
  });

  test('runs on its own node what it exports itself', async () => {
    ran.length = 0;
    const pid = await other.dist.spawn(other.dist.name, 'math', 'note', [1]);
    expect(pid.node).toBe(other.runtime.node);
    await expect.poll(() => ran).toEqual([1]);
    const refused = other.dist.spawn(other.dist.name, 'os', 'cmd', []);
    await expect(refused).rejects.toMatchObject({ reason: 'undef' });
  });

  test('of a node out of reach is noconnection', async () => {
    const refused = ts.dist.spawn('nobody@127.0.0.1', 'erlang', 'node', []);
    await expect(refused).rejects.toMatchObject({ name: 'ExitError', reason: 'noconnection' });
  });

  test('with a monitor tells of its end once, with this reference, whoever runs it', async () => {
    for (const [node, module, name, args, reason] of [
      [erl.name, 'erlang', 'exit', [atom('why')], 'why'],
      [erl.name, 'lists', 'seq', [1, 3], 'normal'],
      [other.dist.name, 'math', 'leave', [], 'gone'],
      [other.dist.name, 'math', 'add', [1, 2], 'normal'],
    ] as const) {
      const { inbox, run } = await actor();
      const { pid, ref } = await run((self) => ts.dist.spawnMonitor(self, node, module, name, args));
      const down = (await inbox.next()) as Down;
      expect(down).toBeInstanceOf(Down);
      expect([down.ref === ref, down.pid, down.reason]).toEqual([true, pid, reason]);
      expect(inbox.rest()).toEqual([]);
    }
  });

  test('a monitor that is taken back is quiet', async () => {
    const { inbox, run } = await actor();
    const node = other.dist.name;
    const spawned = await run((self) => ts.dist.spawnMonitor(self, node, 'math', 'wait', []));
    const told = await run((self) => {
      self.demonitor(spawned.ref);
      return self.monitor(spawned.pid);
    });
    ts.runtime.exit(spawned.pid, 'kill');
    const down = (await inbox.next()) as Down;
    expect([down.ref === told, inbox.rest()]).toEqual([true, []]);
  });

  test('with a link is an Exit here when it ends there, and an end there when this one does', async () => {
    const { inbox, run } = await actor();
    const crash = await run((self) => ts.dist.spawnLink(self, erl.name, 'erlang', 'exit', [atom('why')]));
    const said = (await inbox.next()) as Exit;
    expect(said).toBeInstanceOf(Exit);
    expect([said.from, said.reason]).toEqual([crash, 'why']);
    const { pid: doomed, run: within } = await actor();
    const { inbox: watching, run: watch } = await actor();
    for (const [node, module, name, args] of [
      [erl.name, 'timer', 'sleep', [atom('infinity')]],
      [other.dist.name, 'math', 'wait', []],
    ] as const) {
      const pid = await within((self) => ts.dist.spawnLink(self, node, module, name, args));
      await watch((self) => void self.monitor(pid));
    }
    ts.runtime.exit(doomed, 'kill');
    expect([await watching.next(), await watching.next()]).toMatchObject([
      { reason: 'killed' },
      { reason: 'killed' },
    ]);
  });

  test('with both has one of each', async () => {
    const { inbox, run } = await actor();
    const args = [atom('why')];
    await run((self) => ts.dist.spawnMonitor(self, erl.name, 'erlang', 'exit', args, { link: true }));
    const both = [await inbox.next(), await inbox.next()];
    expect(both.filter((one) => one instanceof Exit)).toHaveLength(1);
    expect(both.filter((one) => one instanceof Down)).toHaveLength(1);
  });

  test('that nobody waits for any more is told so when it is linked, and is watched by nobody', async () => {
    await erl.erl.eval(`register(teller, spawn(fun() -> (fun Loop(Seen) -> receive
      {'$gen_call', From, seen} -> gen_server:reply(From, Seen), Loop(Seen);
      Any -> Loop([Any | Seen]) end end)([]) end)), ok`);
    const program = 'teller ! list_to_binary(pid_to_list(self())), receive stop -> ok end.';
    const forms = await erl.erl.eval(`{ok, Tokens, _} = erl_scan:string("${program}"),
      {ok, Forms} = erl_parse:parse_exprs(Tokens), Forms`);
    const { inbox, run } = await actor();
    const seen = async (): Promise<readonly Uint8Array[]> =>
      (await ts.dist.call('teller', erl.name, atom('seen'))) as Uint8Array[];
    for (const link of [false, true]) {
      const giveUp = new AbortController();
      const reason = await run(async (self) => {
        const options = { link, signal: giveUp.signal };
        const started = ts.dist.spawnMonitor(self, erl.name, 'erl_eval', 'exprs', [forms, []], options);
        giveUp.abort('enough');
        return started.catch((error: unknown) => (error as ExitError).reason);
      });
      expect(reason).toEqual({ canceled: 'enough' });
      await expect.poll(async () => (await seen()).length).toBe(link ? 2 : 1);
      const [latest] = await seen();
      const pid = `list_to_pid("${new TextDecoder().decode(latest)}")`;
      if (link) await expect.poll(() => erl.erl.eval(`is_process_alive(${pid})`)).toBe(false);
      else {
        const watched = `element(2, process_info(${pid}, monitored_by))`;
        await expect.poll(() => erl.erl.eval(watched)).toEqual([]);
        expect(await erl.erl.eval(`is_process_alive(${pid})`)).toBe(true);
      }
    }
    expect(inbox.rest()).toEqual([]);
  });

  test('wrong arguments are refused before anything is sent', async () => {
    const { dist } = ts;
    await expect(dist.spawn('no node', 'm', 'f', [])).rejects.toThrow(TypeError);
    await expect(dist.spawn(erl.name, 'm'.repeat(256), 'f', [])).rejects.toThrow(RangeError);
    await expect(dist.erpc(erl.name, 'm', '\ud800', [])).rejects.toThrow(TypeError);
    await expect(dist.spawn(erl.name, 'm', 'f', 7 as never)).rejects.toThrow(TypeError);
    await expect(dist.spawn(erl.name, 'm', 'f', [], { timeout: -1 })).rejects.toThrow(RangeError);
    await expect(dist.spawnLink({} as Self, erl.name, 'm', 'f', [])).rejects.toThrow(TypeError);
    await expect(dist.spawn(erl.name, 'm', 'f', [() => 1])).rejects.toMatchObject({
      reason: { tag: 'unencodable' },
    });
  });
});

describe('Erlang spawns here', () => {
  const there = (): string => `'${other.dist.name}'`;

  test('exported functions, with link and monitor; of others it hears undef', async () => {
    const down = (call: string): Promise<unknown> =>
      erl.erl.eval(`{P, R} = ${call}, receive {'DOWN', R, process, P, Why} -> Why end`);
    expect(await down(`spawn_monitor(${there()}, math, leave, [])`)).toBe(atom('gone'));
    expect(await down(`spawn_monitor(${there()}, math, add, [1, 2])`)).toBe(atom('normal'));
    expect(await down(`spawn_monitor(${there()}, math, fail, [])`)).toEqual(
      tuple(atom('crash'), new TextEncoder().encode('TypeError')),
    );
    const linked = `process_flag(trap_exit, true), P = spawn_link(${there()}, math, leave, []),
      receive {'EXIT', P, Why} -> Why end`;
    expect(await erl.erl.eval(linked)).toBe(atom('gone'));
    const refused = (module: string): Promise<unknown> =>
      erl.erl.eval(`R = spawn_request(${there()}, ${module}, cmd, ["id"], [monitor]),
        receive {spawn_reply, R, error, Why} -> Why end`);
    expect([await refused('os'), await refused('erpc')]).toEqual([atom('undef'), atom('undef')]);
  });

  test('a process that it can end, and that nobody else holds', async () => {
    const killed = `P = spawn(${there()}, math, wait, []), R = monitor(process, P), exit(P, kill),
      receive {'DOWN', R, process, P, Why} -> Why end`;
    expect(await erl.erl.eval(killed)).toBe(atom('killed'));
    const held = `P = spawn(${there()}, math, wait, []), true = link(P), unlink(P), exit(P, stop),
      R = monitor(process, P), receive {'DOWN', R, process, P, Why} -> Why end`;
    expect([atom('stop'), atom('noproc')]).toContain(await erl.erl.eval(held));
  });
});

describe('erpc', () => {
  const failure = async (
    node: string,
    module: string,
    name: string,
    args: readonly unknown[],
    options = {},
  ): Promise<unknown> => {
    const error: unknown = await ts.dist.erpc(node, module, name, args, options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ErpcError);
    return (error as ErpcError).failure;
  };

  test('gives what the function gives, on both kinds of nodes and on its own', async () => {
    expect(await ts.dist.erpc(erl.name, 'lists', 'seq', [1, 3])).toEqual([1, 2, 3]);
    expect(await ts.dist.erpc(erl.name, 'erlang', 'node', [])).toBe(atom(erl.name));
    expect(await ts.dist.erpc(other.dist.name, 'math', 'add', [1, 2])).toBe(3);
    expect(await other.dist.erpc(other.dist.name, 'math', 'add', [1, 2])).toBe(3);
  });

  test('tells error, exit and throw of the function apart', async () => {
    const undef = { tag: 'exception', class: 'error', reason: 'undef' };
    expect(await failure(erl.name, 'no', 'such', [])).toMatchObject(undef);
    expect(await failure(other.dist.name, 'no', 'such', [])).toMatchObject(undef);
    expect(await failure(erl.name, 'erlang', 'error', [atom('badarg')])).toMatchObject({
      class: 'error',
      reason: 'badarg',
    });
    expect(await failure(erl.name, 'erlang', 'exit', [atom('gone')])).toMatchObject({
      tag: 'exception',
      class: 'exit',
      reason: 'gone',
    });
    expect(await failure(other.dist.name, 'math', 'leave', [])).toMatchObject({
      tag: 'exception',
      class: 'exit',
      reason: 'gone',
    });
    expect(await failure(erl.name, 'erlang', 'throw', [7])).toMatchObject({ class: 'throw', reason: 7 });
    expect(await failure(other.dist.name, 'math', 'toss', [])).toMatchObject({ class: 'throw', reason: 7 });
    expect(await failure(other.dist.name, 'math', 'fail', [])).toMatchObject({
      class: 'error',
      reason: tuple(atom('crash'), 'TypeError'),
    });
  });

  test('tells the end of the call from that of the function', async () => {
    const forever = [atom('infinity')];
    expect(await failure(erl.name, 'timer', 'sleep', forever, { timeout: 50 })).toEqual({ tag: 'timeout' });
    const signal = AbortSignal.abort('enough');
    expect(await failure(erl.name, 'timer', 'sleep', forever, { signal })).toEqual({
      tag: 'canceled',
      reason: 'enough',
    });
    expect(await failure('nobody@127.0.0.1', 'm', 'f', [])).toEqual({ tag: 'noconnection' });
    expect(await failure(erl.name, 'm', 'f', [() => 1])).toMatchObject({ tag: 'refused' });
    const kill = `[exit(P, kill) || P <- processes(), {current_function, {timer, sleep, 1}} <-
      [process_info(P, current_function)]], ok`;
    const killed = failure(erl.name, 'timer', 'sleep', forever);
    await ts.dist.erpc(erl.name, 'erlang', 'node', []);
    await erl.erl.eval(kill);
    expect(await killed).toEqual({ tag: 'signal', reason: 'killed' });
  });

  test('hears of a node that goes', async () => {
    const doomed = await erlNode();
    const lost = failure(doomed.name, 'timer', 'sleep', [atom('infinity')]);
    await ts.dist.erpc(doomed.name, 'erlang', 'node', []);
    await doomed.erl.kill();
    expect(await lost).toEqual({ tag: 'noconnection' });
  });

  test('rpc gives the value, and rejects what is badrpc', async () => {
    expect(await ts.dist.rpc(erl.name, 'erlang', 'abs', [-1])).toBe(1);
    expect(await ts.dist.rpc(erl.name, 'erlang', 'throw', [7])).toBe(7);
    expect(await ts.dist.rpc(other.dist.name, 'math', 'toss', [])).toBe(7);
    for (const { node, reason } of [
      { node: erl.name, reason: atom('undef') },
      { node: other.dist.name, reason: atom('undef') },
    ]) {
      const error: unknown = await ts.dist.rpc(node, 'no', 'such', []).catch((e: unknown) => e);
      const { badrpc } = (error as { reason: { badrpc: { elements: readonly unknown[] } } }).reason;
      expect(isAtom(badrpc.elements[0], 'EXIT')).toBe(true);
      expect(badrpc.elements[1]).toMatchObject({ elements: [reason, expect.anything()] });
    }
  });
});

describe('a monitor on a name', () => {
  test('says noproc, the reason, or noconnection, and the name', async () => {
    await erl.erl.eval(`register(named, spawn(fun() -> receive R -> exit(R) end end)), ok`);
    const { inbox, run } = await actor();
    const name = new RemoteName(erl.name, 'named');
    const ref = await run((self) => self.monitor(name));
    ts.runtime.send(name, atom('over'));
    expect(await inbox.next()).toEqual(new Down(ref, name, 'over'));
    const again = await run((self) => self.monitor(name));
    expect(await inbox.next()).toEqual(new Down(again, name, 'noproc'));
    const nowhere = new RemoteName('nobody@127.0.0.1', 'named');
    const none = await run((self) => self.monitor(nowhere));
    expect(await inbox.next()).toEqual(new Down(none, nowhere, 'noconnection'));
  });

  test('hears of the end of its node', async () => {
    const doomed = await erlNode();
    await doomed.erl.eval(`register(named, spawn(fun() -> receive R -> exit(R) end end)), ok`);
    const { inbox, run } = await actor();
    const name = new RemoteName(doomed.name, 'named');
    const ref = await run((self) => self.monitor(name));
    await ts.dist.erpc(doomed.name, 'erlang', 'node', []);
    await doomed.erl.kill();
    expect(await inbox.next()).toEqual(new Down(ref, name, 'noconnection'));
  });

  test('is taken back, also by the end of who watches', async () => {
    await erl.erl.eval(`register(held, spawn(fun() -> receive R -> exit(R) end end)), ok`);
    const monitors = `length(element(2, process_info(whereis(held), monitored_by)))`;
    const { inbox, pid, run } = await actor();
    const name = new RemoteName(erl.name, 'held');
    const [first] = await run((self) => [self.monitor(name), self.monitor(name)] as const);
    await expect.poll(() => erl.erl.eval(monitors)).toBe(2);
    await run((self) => self.demonitor(first));
    await expect.poll(() => erl.erl.eval(monitors)).toBe(1);
    ts.runtime.exit(pid, 'kill');
    await expect.poll(() => erl.erl.eval(monitors)).toBe(0);
    expect(inbox.rest()).toEqual([]);
  });

  test('works between nodes of ours, and for a name of its own node', async () => {
    for (const { runtime, dist } of [other, ts]) {
      const idle = { init: () => null };
      const server = await startServer(runtime, idle, undefined, { name: 'idle', scope: dist.names });
      const { inbox, run } = await actor();
      const name = new RemoteName(dist.name, 'idle');
      const [taken, ref] = await run((self) => [self.monitor(name), self.monitor(name)] as const);
      await run((self) => self.demonitor(taken));
      if (dist !== ts.dist) await ts.dist.erpc(dist.name, 'math', 'add', [1, 2]);
      runtime.exit(server.pid as Pid, { shutdown: 'over' });
      expect(await inbox.next()).toEqual(new Down(ref, name, { shutdown: 'over' }));
      const none = await run((self) => self.monitor(name));
      expect(await inbox.next()).toEqual(new Down(none, name, 'noproc'));
      expect(inbox.rest()).toEqual([]);
    }
  });
});
