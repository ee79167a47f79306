/** How long a browser is let in, over real HTTP and in time that is ours (SECURITY §11). */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { seededRandom } from '../../src/actor/random.ts';
import { InspectorHttp } from '../../src/inspect/http/server.ts';
import { Sessions } from '../../src/inspect/http/sessions.ts';
import type { InspectorSource } from '../../src/inspect/source.ts';
import { Watch } from '../../src/inspect/watch.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { until } from './quic-bench.ts';

const HOUR = 3_600_000;
const TOKEN = 'x'.repeat(32);

async function scene() {
  const clock = virtualClock();
  const fault = (error: unknown): never => {
    throw error;
  };
  const sessions = new Sessions();
  const source = {
    facts: { node: 'x' },
    views: {},
    watch: new Watch({ clock, root: () => undefined, fault }),
    onCrash: () => () => undefined,
    onLog: () => () => undefined,
  } as unknown as InspectorSource;
  const http = new InspectorHttp(source, {
    host: '127.0.0.1',
    port: 0,
    token: TOKEN,
    sessions,
    random: seededRandom('sessions'),
    actions: false,
    page: 'none',
    clock,
    fault,
  });
  const port = await http.open();
  onTestFinished(() => http.close());
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> => {
    const asked = request({ port, host: '127.0.0.1', path, headers, agent: false });
    asked.on('error', () => undefined).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return answer;
  };
  const enter = async () => {
    const { headers } = await ask(`/?t=${TOKEN}`);
    const cookie = headers['set-cookie']![0]!.split(';')[0]!;
    return { cookie, 'x-espalier-key': headers.location!.split('#k=')[1]! };
  };
  const status = async (path: string, headers: Record<string, string>): Promise<number | undefined> => {
    const answer = await ask(path, headers);
    answer.resume();
    await once(answer, 'end');
    return answer.statusCode;
  };
  return { clock, sessions, ask, enter, status };
}

test('a session lasts as long as it is used, and twelve hours more', async () => {
  const { clock, enter, status } = await scene();
  const session = await enter();
  for (let n = 0; n < 5; n++) {
    await clock.advance(11 * HOUR);
    expect(await status('/api/node', session)).toBe(200);
  }
  // a thief of the cookie keeps nothing alive
  await clock.advance(11 * HOUR);
  expect(await status('/api/node', { cookie: session.cookie })).toBe(401);
  await clock.advance(2 * HOUR);
  expect(await status('/api/node', session)).toBe(401);
});

test('one that watches is used until the stream has ended', async () => {
  const { clock, sessions, ask, enter, status } = await scene();
  const session = await enter();
  const stream = await ask('/api/stream', session);
  await clock.advance(40 * HOUR);
  // meanwhile others were opened
  for (let n = 0; n < 40; n++) sessions.open(seededRandom(`${n}`), clock.now());
  expect(await status('/api/node', session)).toBe(200);
  const used = sessions.find([session.cookie.split('=')[1]!], clock.now())!;
  await until(() => used.open === 1);
  await clock.advance(40 * HOUR);
  stream.destroy();
  await until(() => used.open === 0);
  await clock.advance(11 * HOUR);
  expect(await status('/api/node', session)).toBe(200);
});
