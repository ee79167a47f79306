import { beforeAll, describe, expect, test } from 'vitest';
import type { Pid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { GroupChange, ProcessGroups } from '../../src/otp/process-groups.ts';
import { noReply } from '../../src/otp/result.ts';
import { erlNode, tsNode, type Erl, type Ts } from './dist-pair.ts';
import { Inbox } from './inbox.ts';

let ts: Ts;
let erl: Erl;
let groups: ProcessGroups<unknown>;

beforeAll(async () => {
  groups = new ProcessGroups<unknown>();
  ts = await tsNode({ groups: { pg: groups } });
  erl = await erlNode();
  await erl.erl.eval(`{ok, _} = pg:start(pg), put(members, []), ok`);
  expect(await ts.dist.ping(erl.name)).toBe(true);
});

async function member(): Promise<{ readonly pid: Pid; readonly inbox: Inbox }> {
  const inbox = new Inbox();
  const server: GenServer<undefined, null> = {
    init: () => null,
    handleInfo: (message, state) => {
      inbox.add(message);
      return noReply(state);
    },
  };
  const { pid } = await startServer(ts.runtime, server);
  return { pid: pid as Pid, inbox };
}

/** An Erlang process that has joined, and goes on until it is told to stop. */
const joined = (group: string, times = 1): Promise<unknown> =>
  erl.erl.eval(`P = spawn(fun() -> receive stop -> ok end end),
    [ok = pg:join(${group}, P) || _ <- lists:seq(1, ${times})], list_to_binary(pid_to_list(P))`);
const stopped = (name: unknown): Promise<unknown> =>
  erl.erl.eval(`list_to_pid("${new TextDecoder().decode(name as Uint8Array)}") ! stop, ok`);
const count = (group: string): Promise<unknown> => erl.erl.eval(`length(pg:get_members(${group}))`);

describe('a scope that is shared with a real Erlang', () => {
  test('has the members of both nodes, each as often as it joined, until they leave or die', async () => {
    const { pid, inbox } = await member();
    groups.join('resize', [pid, pid]);
    await expect.poll(() => count('resize')).toBe(2);
    expect(await erl.erl.eval('pg:get_local_members(resize)')).toEqual([]);
    await erl.erl.eval(`[P ! hello || P <- pg:get_members(resize)], ok`);
    expect([await inbox.next(), await inbox.next()]).toEqual([atom('hello'), atom('hello')]);
    groups.leave('resize', pid);
    await expect.poll(() => count('resize')).toBe(1);
    groups.join('other', pid);
    ts.runtime.exit(pid, 'kill');
    await expect.poll(() => count('resize')).toBe(0);
    await expect.poll(() => erl.erl.eval('pg:which_groups()')).toEqual([]);

    const theirs = await joined('resize', 2);
    await expect.poll(() => groups.getMembers('resize').length).toBe(2);
    const [one, two] = groups.getMembers('resize');
    expect([one === two, one?.node, groups.getLocalMembers('resize')]).toEqual([true, erl.name, []]);
    await stopped(theirs);
    await expect.poll(() => groups.whichGroups()).toEqual([]);
  });

  test('has thousands of members, in few messages each', async () => {
    const members = await Promise.all(Array.from({ length: 2_000 }, member));
    for (const { pid } of members) groups.join('many', pid);
    await expect.poll(() => count('many')).toBe(2_000);
    const late = await erlNode();
    await late.erl.eval(`{ok, _} = pg:start(pg), net_adm:ping('${ts.dist.name}')`);
    await expect.poll(() => late.erl.eval('length(pg:get_members(many))')).toBe(2_000);
    const program = `[begin P = spawn(fun() -> receive stop -> ok end end), ok = pg:join(theirs, P), P end
      || _ <- lists:seq(1, 2000)], ok`;
    await late.erl.eval(program);
    await expect.poll(() => groups.getMembers('theirs').length).toBe(2_000);
    for (const { pid } of members) ts.runtime.exit(pid, 'kill');
    await expect.poll(() => count('many')).toBe(0);
    await late.erl.kill();
    await expect.poll(() => groups.getMembers('theirs')).toEqual([]);
  });

  test('is known to who connects later, whoever asks', async () => {
    const { pid } = await member();
    groups.join('early', pid);
    const late = await erlNode();
    await late.erl.eval(
      `{ok, _} = pg:start(pg), pg:join(theirs, whereis(pg)), net_adm:ping('${ts.dist.name}')`,
    );
    await expect.poll(() => late.erl.eval('length(pg:get_members(early))')).toBe(1);
    await expect.poll(() => groups.getMembers('theirs').map(({ node }) => node)).toEqual([late.name]);
    await late.erl.kill();
    await expect.poll(() => groups.getMembers('theirs')).toEqual([]);
    groups.leave('early', pid);
  });

  test('has groups that are any term: the same term is the same group', async () => {
    const { pid } = await member();
    const rooms = [tuple(atom('room'), 5), new Uint8Array([1, 2]), 7, true, tuple(atom('room'), 5)];
    for (const room of rooms) groups.join(room, pid);
    const theirs = await joined('{room, 5}');
    await expect.poll(() => groups.getMembers(tuple(atom('room'), 5)).length).toBe(3);
    await expect.poll(() => count('{room, 5}')).toBe(3);
    expect([await count('<<1, 2>>'), await count('7'), await count('true')]).toEqual([1, 1, 1]);
    expect(groups.whichGroups().length).toBe(4);
    await stopped(theirs);
    ts.runtime.exit(pid, 'kill');
    await expect.poll(() => groups.whichGroups()).toEqual([]);
    await expect.poll(() => erl.erl.eval('pg:which_groups()')).toEqual([]);
  });

  test('tells monitors on both ends, once for each change, also of the end of a node or of its scope', async () => {
    const other = await erlNode();
    await other.erl.eval(`{ok, Pg} = pg:start(pg), [ok = pg:join(watched, P) || P <- [Pg, Pg]], ok`);
    const { pid, inbox } = await member();
    const { ref, members } = groups.monitor(pid, 'watched');
    expect(members).toEqual([]);
    expect(await ts.dist.ping(other.name)).toBe(true);
    const change = (await inbox.next()) as GroupChange;
    expect([change.ref === ref, change.tag, change.group, change.pids.length]).toEqual([
      true,
      'join',
      'watched',
      2,
    ]);
    await other.erl.eval(`exit(whereis(pg), kill), ok`);
    expect(await inbox.next()).toEqual(new GroupChange(ref, 'leave', 'watched', change.pids));
    await other.erl.eval(`{ok, _} = pg:start(pg), ok = pg:join(watched, whereis(pg)), ok`);
    // Erlang tells hidden nodes nothing of a scope that starts: it is asked again
    await expect.poll(() => groups.getMembers('watched').length, { timeout: 15_000 }).toBe(1);
    expect(await inbox.next()).toMatchObject({ tag: 'join' });
    await other.erl.kill();
    expect(await inbox.next()).toMatchObject({ tag: 'leave', group: 'watched' });
    expect(inbox.rest()).toEqual([]);
  }, 30_000);

  test('offers no process that others may not know', async () => {
    const open = await member();
    const hidden = actorNamed('netKernel');
    groups.join('mixed', [hidden, open.pid]);
    await expect.poll(() => count('mixed')).toBe(1);
    groups.leave('mixed', [hidden, open.pid]);
    await expect.poll(() => count('mixed')).toBe(0);
  });

  test('goes on when its process is killed: members come back, and nobody has them twice', async () => {
    const { pid } = await member();
    groups.join('both', pid);
    await joined('both');
    await expect.poll(() => groups.getMembers('both').length).toBe(2);
    ts.runtime.exit(actorNamed('groups pg'), 'kill');
    await expect.poll(() => groups.getMembers('both').length).toBe(2);
    await expect.poll(() => count('both')).toBe(2);
  });
});

/** An actor of this runtime, by its label. */
function actorNamed(label: string): Pid {
  const found = (process: Process | null): Process | undefined => {
    for (let one = process; one !== null; one = one.nextSibling) {
      const here = one.label === label ? one : found(one.firstChild);
      if (here !== undefined) return here;
    }
    return undefined;
  };
  return found(ts.runtime.firstChild) as Pid;
}
