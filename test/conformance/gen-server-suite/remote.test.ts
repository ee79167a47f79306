/** The cases with servers on other nodes. Names of a whole cluster (`global`) there are none. */
import { expect } from 'vitest';
import { RemoteName, type Pid } from '../../../src/actor/pid.ts';
import { noReply, reply, ServerRef } from '../../../src/otp.ts';
import { startServer } from '../../../src/otp/gen-server.ts';
import type { GenServer } from '../../../src/otp.ts';
import { reasonOf } from '../../actor/world.ts';
import { nodes, type MemoryNode, type Nodes } from '../../dist/pair.ts';
import { conformanceSuite } from '../suite.ts';

const { ported, notApplicable } = conformanceSuite('gen_server_SUITE', 60);

const NO_GLOBAL = 'names are those of a node: there is none of a whole cluster (`global`)';
notApplicable(['stop6', 'stop10', 'call_remote1', 'call_remote_n1'], NO_GLOBAL);
notApplicable(
  ['stop8', 'stop9'],
  'a node takes no system messages of others (SECURITY §9): who may end a process there sends it an exit signal',
);

const HERE = 'here@127.0.0.1';
const THERE = 'there@127.0.0.1';
const NAME = 'my_server';

interface Server {
  startedP(): string;
  who(): Pid;
}

const server: GenServer<undefined, unknown[], Server> = {
  init: () => [],
  handleCall: {
    startedP: (_none, state) => reply('ok', state),
    who: (_none, state, self) => reply(self.pid, state),
  },
  handleRequest: (term, state) => reply(term, state),
  handleCast: {},
  handleInfo: (_message, state) => noReply(state),
};

interface Two {
  readonly all: Nodes;
  readonly here: MemoryNode;
  readonly there: MemoryNode;
}

/** Two nodes, a server on the other one. */
async function two(): Promise<Two> {
  const all = nodes();
  const here = await all.node(HERE);
  const there = await all.node(THERE);
  await startServer(there.runtime, server, undefined, { name: NAME, scope: there.dist.names });
  return { all, here, there };
}

const byName = ({ here }: Two): ServerRef<Server> => new ServerRef(here.runtime, new RemoteName(THERE, NAME));

/** By its pid, as it came here. */
async function byPid(both: Two): Promise<ServerRef<Server>> {
  return new ServerRef(both.here.runtime, await both.all.settle(byName(both).call('who')));
}

for (const [cases, refTo] of [
  [['call_remote2', 'call_remote_n2'], byPid],
  [['call_remote3', 'call_remote_n3'], byName],
] as const) {
  const [dies, goes] = cases;
  ported(dies, async () => {
    const both = await two();
    const { all, here } = both;
    const ref = await refTo(both);
    expect(await all.settle(ref.call('startedP'))).toBe('ok');
    here.runtime.exit((await byPid(both)).pid as Pid, 'boom');
    expect(['noproc', 'boom']).toContain(await all.settle(reasonOf(ref.call('startedP'))));
    expect(await all.settle(reasonOf(ref.call('startedP')))).toBe('noproc');
  });

  ported(goes, async () => {
    const both = await two();
    const { all, here, there } = both;
    const ref = await refTo(both);
    expect(await all.settle(ref.call('startedP'))).toBe('ok');
    await all.settle(there.dist.close());
    await all.clock.settle();
    expect(here.dist.nodes()).toEqual([]);
    // OTP says {nodedown, Node}
    expect(await all.settle(reasonOf(ref.call('startedP')))).toBe('noconnection');
  });
}

ported('cast_fast', async () => {
  const { all, here } = await two();
  const nowhere = new ServerRef<never, { hello(): void }>(
    here.runtime,
    new RemoteName('nobody@127.0.0.1', NAME),
  );
  const before = all.clock.now();
  for (let round = 0; round < 100; round++) expect(nowhere.cast('hello')).toBe(true);
  expect(all.clock.now()).toBe(before);
  await all.clock.settle();
});

ported('multicall', async () => {
  const { all, here, there } = await two();
  const ask = (names: readonly string[], term: unknown) => all.settle(here.dist.multiCall(names, NAME, term));
  expect(await ask([HERE, THERE], 'hello')).toEqual({ replies: [[THERE, 'hello']], bad: [HERE] });
  await startServer(here.runtime, server, undefined, { name: NAME, scope: here.dist.names });
  expect(await ask([HERE, THERE, HERE], 1)).toEqual({
    replies: [
      [HERE, 1],
      [THERE, 1],
    ],
    bad: [],
  });
  expect(await ask([], 1)).toEqual({ replies: [], bad: [] });
  await all.settle(there.dist.close());
  await all.clock.settle();
  expect(await ask([THERE, HERE], 2)).toEqual({ replies: [[HERE, 2]], bad: [THERE] });
  await expect(here.dist.multiCall(['no node'], NAME, 1)).rejects.toThrow(TypeError);
  await expect(here.dist.multiCall([HERE], NAME, 1, { timeout: -1 })).rejects.toThrow(RangeError);
});

ported('multicall_down', async () => {
  const { all, here } = await two();
  // a host that takes the connection and says nothing
  all.net.listening.set('silent@127.0.0.1', () => {});
  const asked = here.dist.multiCall(['silent@127.0.0.1', THERE], NAME, 1, { timeout: 3_000 });
  await all.clock.advance(3_000);
  expect(await all.settle(asked)).toEqual({ replies: [[THERE, 1]], bad: ['silent@127.0.0.1'] });
});
