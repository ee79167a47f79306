/** Real Erlang nodes at our emulation of EPMD instead of their own. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import { EpmdServer, type EpmdDesk } from '../../src/dist/bridge/epmd-server.ts';
import { TcpCarrier } from '../../src/dist/carriers/tcp/tcp.ts';
import { aliveOf } from '../../src/dist/node-name.ts';
import { startSupervisor } from '../../src/otp/supervisor.ts';
import { labeled } from '../dist/dist-world.ts';
import { tsNode } from './dist-pair.ts';
import { ErlPort } from './erl-port.ts';

const closers: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

interface Host {
  readonly runtime: Runtime;
  readonly epmd: EpmdServer;
  /** What the desk is told, in order. */
  readonly log: string[];
  /** Where nodes of elsewhere are, by short name. */
  readonly elsewhere: Map<string, number>;
}

async function host(): Promise<Host> {
  const log: string[] = [];
  const elsewhere = new Map<string, number>();
  const desk: EpmdDesk = {
    register: ({ name, hidden }) => void log.push(`+${name}${hidden ? ' hidden' : ''}`),
    unregistered: (name) => void log.push(`-${name}`),
    portOf: async (name) => elsewhere.get(name),
    refused: (_peer, detail) => void log.push(detail),
  };
  const runtime = new Runtime({ logger: silentLogger });
  const epmd = new EpmdServer(desk, { port: 0 });
  const tree = await startSupervisor(runtime, { children: [epmd.childSpec()] });
  closers.push(() => tree.stop());
  return { runtime, epmd, log, elsewhere };
}

let names = 0;
const fresh = (): string => `epmd${process.pid}_${++names}@127.0.0.1`;
const flags = (name: string): string[] => ['-start_epmd', 'false', '-name', name, '-setcookie', 'C'];
const env = ({ epmd }: Host): NodeJS.ProcessEnv => ({
  ...process.env,
  ERL_EPMD_PORT: String(epmd.address.port),
});

async function erlAt(at: Host, name: string): Promise<ErlPort> {
  const erl = new ErlPort(flags(name), env(at));
  closers.push(() => erl.close());
  await erl.eval('ok');
  return erl;
}

describe('an Erlang node that asks our EPMD', () => {
  test('is registered, sees who else is, and is gone when it ends', async () => {
    const at = await host();
    const [name, other] = [fresh(), fresh()];
    const erl = await erlAt(at, name);
    const second = await erlAt(at, other);
    expect(at.epmd.nodes.map((node) => node.name)).toEqual([aliveOf(name), aliveOf(other)]);
    const seen = `{ok, L} = net_adm:names("127.0.0.1"), lists:sort(L) =:= lists:sort([${at.epmd.nodes
      .map((node) => `{"${node.name}", ${node.port}}`)
      .join(', ')}])`;
    expect(await erl.eval(seen)).toBe(true);
    await second.kill();
    await expect.poll(() => at.epmd.nodes).toHaveLength(1);
    expect(at.log).toEqual([`+${aliveOf(name)}`, `+${aliveOf(other)}`, `-${aliveOf(other)}`]);
  });

  test('does not start under a name that another one has; it does when that has ended', async () => {
    const at = await host();
    const name = fresh();
    const erl = await erlAt(at, name);
    const second = promisify(execFile)('erl', ['-noinput', '-noshell', ...flags(name), '-eval', 'halt(0).'], {
      env: env(at),
    });
    await expect(second).rejects.toMatchObject({ code: 1 });
    expect(at.log).toEqual([
      `+${aliveOf(name)}`,
      `${aliveOf(name)} is not registered: another node has that name`,
    ]);
    await erl.kill();
    const third = await erlAt(at, name);
    expect(await third.eval('node()')).toBe(atom(name));
  });

  test('reaches another one of its host at that port, and one of elsewhere at the port that is said', async () => {
    const [here, there] = [await host(), await host()];
    const [a, b, far] = [fresh(), fresh(), fresh()];
    const erl = await erlAt(here, a);
    await erlAt(here, b);
    await erlAt(there, far);
    expect(await erl.eval(`net_adm:ping('${b}')`)).toBe(atom('pong'));
    expect(await erl.eval(`net_adm:ping('${far}')`)).toBe(atom('pang'));
    here.elsewhere.set(aliveOf(far), there.epmd.nodes[0]?.port ?? 0);
    expect(await erl.eval(`net_adm:ping('${far}')`)).toBe(atom('pong'));
    expect(await erl.eval('lists:sort(nodes())')).toEqual([b, far].toSorted().map(atom));
  });

  test('reaches a TypeScript node that has registered there too, and is reached', async () => {
    const at = await host();
    const ts = await tsNode({
      cookie: 'C',
      carriers: [new TcpCarrier({ epmd: { port: at.epmd.address.port } })],
    });
    const name = fresh();
    const erl = await erlAt(at, name);
    expect(at.log[0]).toBe(`+${aliveOf(ts.dist.name)} hidden`);
    expect(await erl.eval(`net_adm:ping('${ts.dist.name}')`)).toBe(atom('pong'));
    await ts.dist.disconnect(name);
    expect(await ts.dist.ping(name)).toBe(true);
  });
});

test('our EPMD is killed: its nodes are found as before and register again; connections between them stay', async () => {
  const at = await host();
  const [a, b, late] = [fresh(), fresh(), fresh()];
  const erl = await erlAt(at, a);
  await erlAt(at, b);
  expect(await erl.eval(`net_adm:ping('${b}')`)).toBe(atom('pong'));
  const before = at.epmd.nodes.map(({ claim }) => claim);
  const first = labeled(at.runtime, 'epmd');
  at.runtime.exit(first, 'kill');
  await expect.poll(() => first.alive).toBe(false);
  expect(at.epmd.nodes.map(({ claim }) => claim)).toEqual([undefined, undefined]);
  // OTP tries after 2 s
  await expect
    .poll(() => at.epmd.nodes.every(({ claim }) => claim !== undefined), { timeout: 20_000 })
    .toBe(true);
  for (const { claim } of at.epmd.nodes) expect(before).not.toContain(claim);
  expect(await erl.eval('nodes()')).toEqual([atom(b)]);
  const other = await erlAt(at, late);
  expect(await other.eval(`net_adm:ping('${a}')`)).toBe(atom('pong'));
  expect(at.log).toEqual([a, b, late].map((name) => `+${aliveOf(name)}`));
});
