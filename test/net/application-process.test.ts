/** Applications in a program of their own, with the signals and the exit of a real process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const compiled = (file: string): string =>
  pathToFileURL(resolve(import.meta.dirname, `../../dist/src/${file}.js`)).href;

const program = (stop: string, then: string): string => `
  import { createRuntime, startServer, worker } from '${compiled('otp')}';
  import { defineApplication, loadApplications, nodeHost } from '${compiled('otp/application')}';
  const say = (text) => process.stdout.write(text + ' ');
  // nothing in here keeps a program alive
  const idle = { init: () => 0 };
  const db = defineApplication({
    name: 'db',
    start: () => ({ children: [worker('idle', idle)] }),
    stop: () => say('db'),
  });
  const web = defineApplication({ name: 'web', dependencies: [db], stop: async () => { say('web'); ${stop} } });
  const applications = loadApplications(createRuntime(), [web], { host: nodeHost() });
  await applications.ensureAllStarted(web);
  say('ready');
  ${then}
`;

async function started(stop: string = '', then: string = '') {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program(stop, then)], {
    stdio: 'pipe',
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const closed = once(child, 'close');
  const said = { out: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  await expect.poll(() => said.out, { timeout: 20_000 }).toMatch(/^ready /);
  return { child, said, closed };
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s stops all in reverse order and exits with 0',
  async (signal) => {
    const { child, said, closed } = await started();
    child.kill(signal);
    expect([...(await closed), said.out]).toEqual([0, null, 'ready web db ']);
  },
);

test('the second signal exits at once', async () => {
  const { child, said, closed } = await started('await new Promise(() => {});');
  child.kill('SIGTERM');
  await expect.poll(() => said.out, { timeout: 20_000 }).toBe('ready web ');
  child.kill('SIGTERM');
  expect(await closed).toEqual([143, null]);
});

/** Milliseconds: a program that nothing holds is gone long before. */
const A_WHILE = 1_000;

test('a program whose processes wait for nothing lives as long as applications run', async () => {
  const { child, said, closed } = await started();
  await new Promise((done) => {
    setTimeout(done, A_WHILE);
  });
  expect(child.exitCode).toBeNull();
  child.kill('SIGTERM');
  expect([...(await closed), said.out]).toEqual([0, null, 'ready web db ']);
});

test.each([
  ['all are stopped', 'await applications.stopAll();', 'ready web db '],
  [
    'the last one is stopped',
    "await applications.stop('web'); await applications.stop('db');",
    'ready web db ',
  ],
])('and ends by itself when %s', async (_, then, out) => {
  const { said, closed } = await started('', then);
  expect([...(await closed), said.out]).toEqual([0, null, out]);
});
