import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Exit } from '../../src/actor/monitor.ts';
import { Down } from '../../src/actor/monitor.ts';
import type { Pid } from '../../src/actor/pid.ts';
import type { Self } from '../../src/actor/process.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import { erlNode, tsNode, type Erl, type Ts } from './dist-pair.ts';
import { Inbox } from './inbox.ts';

let ts: Ts;
let erl: Erl;

beforeAll(async () => {
  ts = await tsNode();
  erl = await erlNode();
  await erl.erl.eval(`net_adm:ping('${ts.dist.name}')`);
  // answers what it is asked about itself, and does what it is told
  await erl.erl.eval(`register(agent, spawn(fun() -> process_flag(trap_exit, true),
    (fun Loop(Log) -> receive
      {'$gen_call', From, log} -> gen_server:reply(From, lists:reverse(Log)), Loop(Log);
      {'$gen_call', From, clear} -> gen_server:reply(From, ok), Loop([]);
      {'$gen_call', From, spawn} -> gen_server:reply(From, spawn(fun() -> receive {stop, R} -> exit(R) end end)), Loop(Log);
      {'$gen_call', From, {link, P}} -> link(P), gen_server:reply(From, ok), Loop(Log);
      {'$gen_call', From, {unlink, P}} -> unlink(P), gen_server:reply(From, ok), Loop(Log);
      {'$gen_call', From, {monitor, P}} -> gen_server:reply(From, monitor(process, P)), Loop(Log);
      {'$gen_call', From, {exit, P, R}} -> gen_server:reply(From, exit(P, R)), Loop(Log);
      {'$gen_call', From, self} -> gen_server:reply(From, self()), Loop(Log);
      Any -> Loop([Any | Log]) end end)([]) end)), ok`);
});

/** A process whose messages a test can wait for, and which does what it is told. */
async function actor(
  trapExit = true,
): Promise<{ readonly inbox: Inbox; readonly pid: Pid; run: (act: (self: Self) => void) => Promise<void> }> {
  const inbox = new Inbox();
  const server: GenServer<undefined, null, { run(act: (self: Self) => void): void }> = {
    trapExit,
    init: () => null,
    handleCall: {
      run: (act, state, self) => {
        act(self);
        return reply(undefined, state);
      },
    },
    handleInfo: (message, state) => {
      inbox.add(message);
      return noReply(state);
    },
  };
  const ref = await startServer(ts.runtime, server);
  return { inbox, pid: ref.pid as Pid, run: async (act) => await ref.call('run', act) };
}

beforeEach(() => call(atom('clear')));

const call = (request: unknown): Promise<unknown> => ts.dist.call('agent', erl.name, request);

describe('monitors', () => {
  test('the end of an Erlang process is a Down with its reason', async () => {
    const { inbox, run } = await actor();
    const pid = (await call(atom('spawn'))) as Pid;
    await run((self) => void self.monitor(pid));
    ts.runtime.send(pid, tuple(atom('stop'), tuple(atom('shutdown'), 7)));
    const down = (await inbox.next()) as Down;
    expect([down.pid, down.reason]).toEqual([pid, { shutdown: 7 }]);
    expect(down.pid).toBe(pid);
  });

  test('one that is dead already is noproc', async () => {
    const { inbox, run } = await actor();
    const pid = (await call(atom('spawn'))) as Pid;
    ts.runtime.exit(pid, 'kill');
    await run((self) => void self.monitor(pid));
    expect(['noproc', 'killed']).toContain(((await inbox.next()) as Down).reason);
    await run((self) => void self.monitor(pid));
    expect(((await inbox.next()) as Down).reason).toBe('noproc');
  });

  test('Erlang hears of the end of a process here, once, unless it has taken the monitor away', async () => {
    const { pid } = await actor();
    const ref = await call(tuple(atom('monitor'), pid));
    ts.runtime.exit(pid, 'kill');
    await expect
      .poll(() => call(atom('log')))
      .toEqual([tuple(atom('DOWN'), ref, atom('process'), expect.anything(), atom('killed'))]);
  });
});

describe('links', () => {
  test('the end of a linked Erlang process is an Exit, and an explicit exit is too', async () => {
    const { inbox, run } = await actor();
    const pid = (await call(atom('spawn'))) as Pid;
    await run((self) => self.link(pid));
    ts.runtime.send(pid, tuple(atom('stop'), atom('broken')));
    const exit = (await inbox.next()) as Exit;
    expect([exit.from, exit.reason]).toEqual([pid, 'broken']);
    const { inbox: other, pid: here } = await actor();
    await call(tuple(atom('exit'), here, atom('why')));
    expect(((await other.next()) as Exit).reason).toBe('why');
  });

  test('one that traps nothing dies with it', async () => {
    const { pid, run } = await actor(false);
    const far = (await call(atom('spawn'))) as Pid;
    await run((self) => self.link(far));
    const ended = new Promise((resolve) => ts.runtime.onExit(pid, resolve));
    ts.runtime.send(far, tuple(atom('stop'), atom('broken')));
    expect(await ended).toBe('broken');
  });

  test('Erlang links to a process here: its end is an EXIT there', async () => {
    const { pid } = await actor();
    const agent = await call(atom('self'));
    await call(tuple(atom('link'), pid));
    ts.runtime.exit(pid, 'kill');
    await expect
      .poll(() => call(atom('log')))
      .toEqual([tuple(atom('EXIT'), expect.anything(), atom('killed'))]);
    expect(agent).toBe(await call(atom('self')));
  });

  test('an unlinked process hears nothing, whoever took the link away', async () => {
    const { inbox, run } = await actor();
    const pid = (await call(atom('spawn'))) as Pid;
    await run((self) => {
      self.link(pid);
      self.unlink(pid);
      self.monitor(pid);
    });
    ts.runtime.send(pid, tuple(atom('stop'), atom('broken')));
    expect(await inbox.next()).toBeInstanceOf(Down);
    const { inbox: other, pid: here } = await actor();
    await call(tuple(atom('link'), here));
    await call(tuple(atom('unlink'), here));
    ts.runtime.exit(here, 'kill');
    await call(tuple(atom('monitor'), here));
    await expect
      .poll(() => call(atom('log')))
      .toEqual([tuple(atom('DOWN'), expect.anything(), atom('process'), expect.anything(), atom('noproc'))]);
    expect([...inbox.rest(), ...other.rest()]).toEqual([]);
  });

  test('a link that is taken away and made anew holds', async () => {
    const { inbox, run } = await actor();
    const pid = (await call(atom('spawn'))) as Pid;
    await run((self) => {
      for (let round = 0; round < 20; round++) {
        self.link(pid);
        self.unlink(pid);
      }
      self.link(pid);
    });
    await call(atom('log'));
    ts.runtime.send(pid, tuple(atom('stop'), atom('broken')));
    expect(await inbox.next()).toMatchObject({ reason: 'broken' });
  });
});

describe('a node that goes', () => {
  test('is told once to each that linked, monitored, called; and nodedown once', async () => {
    const other = await erlNode();
    const changes: unknown[] = [];
    const stop = ts.dist.monitorNodes((change) => changes.push(change));
    expect(await ts.dist.ping(other.name)).toBe(true);
    await other.erl.eval(`register(lazy, spawn(fun() -> receive never -> ok end end)), ok`);
    const pid = (await ts.dist.rpc(other.name, 'erlang', 'whereis', [atom('lazy')])) as Pid;
    const { inbox, run } = await actor();
    await run((self) => {
      self.link(pid);
      self.monitor(pid);
    });
    const answer = ts.dist.call('lazy', other.name, 'anything', { timeout: 30_000 });
    answer.catch(() => {});
    await ts.dist.rpc(other.name, 'erlang', 'node', []);
    await other.erl.kill();
    await expect(answer).rejects.toMatchObject({ reason: 'noconnection' });
    expect([await inbox.next(), await inbox.next()]).toMatchObject([
      { reason: 'noconnection' },
      { reason: 'noconnection' },
    ]);
    expect(changes).toEqual([
      { tag: 'nodeup', node: other.name },
      { tag: 'nodedown', node: other.name, reason: 'connection_closed' },
    ]);
    stop();
  });
});
