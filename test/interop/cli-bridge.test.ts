/** `espalier relay` and `espalier dist bridge` as they are typed, with the Erlang nodes that go with them. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { cookieFiles } from '../cli/cookie.ts';
import { endAll, espalier, run, type Child } from '../cli/process.ts';
import { freshName, Node, SOON } from './bridged.ts';

const { right, wrong } = cookieFiles();

const nodes: Node[] = [];
afterEach(async () => {
  for (const { erl } of nodes.splice(0)) await erl.kill();
  await endAll();
});

const ID = '[0-9a-f]{64}';

/** A port that nobody has, and that nobody is likely to take before it is used. */
const tcpPort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
const udpPort = (): Promise<number> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });

/** A command as it is typed, without its first word. */
const typed = (line: string): Child => espalier(line.split(' '), { limit: 60_000 });

async function erlAt(name: string, epmdPort: number): Promise<Node> {
  const node = new Node(name, epmdPort);
  nodes.push(node);
  await node.eval('ok');
  return node;
}

/** What it writes to stderr, as it grows. */
function said(child: Child): () => string {
  let text = '';
  child.process.stderr?.on('data', (more: string) => {
    text += more;
  });
  return () => text;
}

const pongs = (one: Node, other: Node): Promise<void> => expect.poll(() => one.ping(other), SOON).toBe(true);

describe('two Erlang nodes in a cluster', () => {
  test('three commands, each in a terminal of its own, and erl with nothing but flags', async () => {
    const [port, one, two] = [await udpPort(), await tcpPort(), await tcpPort()];
    const [a, b] = [freshName('a'), freshName('b')];
    const relay = typed(`relay --listen 127.0.0.1:${port}`);
    expect(await relay.line()).toMatch(new RegExp(`^ready: relay quic://127\\.0\\.0\\.1:${port} id ${ID}$`));
    const bridges = [
      typed(`dist bridge --relay quic://127.0.0.1:${port} --name ${a} --epmd-port ${one}`),
      typed(`dist bridge --relay quic://127.0.0.1:${port} --name ${b} --epmd-port ${two}`),
    ] as const;
    for (const [index, epmdPort] of [one, two].entries())
      expect(await bridges[index as 0 | 1].line()).toMatch(
        new RegExp(`^ready: bridge ${[a, b][index]} epmd-port ${epmdPort} id ${ID}$`),
      );
    const [first, second] = [await erlAt(a, one), await erlAt(b, two)];
    await pongs(first, second);
    expect(await second.nodes()).toEqual([a]);
    expect(await bridges[1].end('SIGTERM')).toMatchObject({ code: 0, signal: null, stderr: '' });
    await expect.poll(() => first.nodes(), SOON).toEqual([]);
    expect(await bridges[0].end('SIGINT')).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(await relay.end('SIGTERM')).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  test('ready lines as JSON, on free ports; with a cookie file bridges know each other, and strangers by it', async () => {
    const relay = typed('relay --listen 127.0.0.1:0 --json');
    const { url, ...rest } = await relay.json<{ readonly url: string }>();
    expect(rest).toEqual({ event: 'ready', id: expect.stringMatching(new RegExp(`^${ID}$`)) });
    const bridge = async (name: string, more: string): Promise<{ child: Child; node: Node }> => {
      const child = typed(`dist bridge --relay ${url} --name ${name} --epmd-port 0 --json ${more}`);
      const ready = await child.json<{ readonly epmdPort: number }>();
      expect(ready).toEqual({
        event: 'ready',
        name,
        epmdPort: expect.any(Number),
        id: expect.stringMatching(new RegExp(`^${ID}$`)),
      });
      return { child, node: await erlAt(name, ready.epmdPort) };
    };
    const a = await bridge(freshName('a'), `--cookie-file ${right}`);
    const b = await bridge(freshName('b'), `--cookie-file ${right}`);
    const stranger = await bridge(freshName('stranger'), `--cookie-file ${wrong}`);
    await pongs(a.node, b.node);
    const log = said(stranger.child);
    await expect
      .poll(async () => {
        await stranger.node.ping(a.node);
        return log();
      }, SOON)
      .toContain('the other end does not know the secret');
    expect(await a.node.nodes()).toEqual([b.node.name]);
    const ended = await Promise.all([a.child, b.child, stranger.child, relay].map((child) => child.end()));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  });

  test('relays that are not there: the bridges say so, go on, and connect their nodes when one comes', async () => {
    const [port, other] = [await udpPort(), await udpPort()];
    const urls = `quic://127.0.0.1:${port},quic://127.0.0.1:${other}`;
    const [a, b] = [freshName('a'), freshName('b')];
    const bridges = [a, b].map((name) =>
      typed(`dist bridge --relay ${urls} --name ${name} --epmd-port 0 --json`),
    );
    const logs = bridges.map(said);
    const started = bridges.map(async (bridge, index) => {
      const { epmdPort } = await bridge.json<{ readonly epmdPort: number }>();
      return erlAt([a, b][index] as string, epmdPort);
    });
    const [first, second] = (await Promise.all(started)) as [Node, Node];
    for (const log of logs)
      await expect
        .poll(log, SOON)
        .toMatch(/^warning: no relay knows us \(quic:.*: .+; quic:.*: .+\); it goes on trying$/m);
    const relay = typed(`relay --listen 127.0.0.1:${other}`);
    await relay.line();
    await pongs(first, second);
    const ended = await Promise.all([...bridges, relay].map((child) => child.end()));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
  });
});

describe('what is typed wrongly', () => {
  const BRIDGE = 'dist bridge --relay quic://127.0.0.1:4434 --name a@127.0.0.1 --epmd-port 0';
  test.each([
    ['relay --listen nonsense', 'listen'],
    ['relay --listen 127.0.0.1:99999', 'listen'],
    ['relay --rate 1', '--rate'],
    ['relay --max-tunnels 0', '--max-tunnels'],
    ['relay --idle soon', '--idle'],
    ['relay --json --ndjson', '--ndjson'],
    ['relay 127.0.0.1:4434', 'too many arguments'],
    ['dist bridge --name a@127.0.0.1 --epmd-port 0', '--relay'],
    ['dist bridge --relay quic://127.0.0.1:4434 --epmd-port 0', '--name'],
    ['dist bridge --relay quic://127.0.0.1:4434 --name a@127.0.0.1', '--epmd-port'],
    ['dist bridge --relay http://127.0.0.1:4434 --name a@127.0.0.1 --epmd-port 0', 'quic://host:port'],
    ['dist bridge --relay quic://127.0.0.1:4434 --name a --epmd-port 0', 'name@host'],
    ['dist bridge --relay quic://127.0.0.1:4434 --name a@127.0.0.1 --epmd-port 65536', '--epmd-port'],
    [`${BRIDGE} --host 0.0.0.0`, 'loopback'],
    [`${BRIDGE} --peer b`, 'name@host'],
    [`${BRIDGE} --key b@127.0.0.1=12`, '--key'],
    [`${BRIDGE} --cookie-file /nowhere/cookie`, 'cannot be read'],
  ])('%s: code 2, a line that says what, and nothing else', async (line, what) => {
    const ended = await run(line.split(' '));
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(what);
    expect(ended.stderr).not.toMatch(/internal error|^ {4}at /m);
  });

  test('a port that is taken: code 1, and which', async () => {
    const relay = typed('relay --listen 127.0.0.1:0 --json');
    const { url } = await relay.json<{ readonly url: string }>();
    const second = await run(['relay', '--listen', url.replace('quic://', '')]);
    expect([second.code, second.stderr]).toEqual([1, expect.stringMatching(/^error: Cannot bind .*\n$/)]);
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { readonly port: number };
    const bridge = `dist bridge --relay ${url} --name ${freshName('a')} --epmd-port ${port}`.split(' ');
    const taken = await run(bridge);
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringMatching(/^error: cannot listen at .*\n$/)]);
    const document = JSON.parse((await run([...bridge, '--json'])).stdout) as object;
    expect(document).toMatchObject({ ok: false, error: { tag: 'address_in_use' } });
    server.close();
  });
});
