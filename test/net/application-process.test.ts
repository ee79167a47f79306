/** Applications in a program of their own, with the signals and the exit of a real process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const compiled = (file: string): string =>
  pathToFileURL(resolve(import.meta.dirname, `../../dist/src/${file}.js`)).href;

const program = (stop: string): string => `
  import { createRuntime, startServer, worker } from '${compiled('otp')}';
  import { defineApplication, loadApplications, nodeHost } from '${compiled('otp/application')}';
  const say = (text) => process.stdout.write(text + ' ');
  const busy = { init: (_, self) => { setInterval(() => {}, 1_000); return 0; } };
  const db = defineApplication({
    name: 'db',
    start: () => ({ children: [worker('busy', busy)] }),
    stop: () => say('db'),
  });
  const web = defineApplication({ name: 'web', dependencies: [db], stop: async () => { say('web'); ${stop} } });
  const applications = loadApplications(createRuntime(), [web], { host: nodeHost() });
  await applications.ensureAllStarted(web);
  say('ready');
`;

async function started(stop: string = '') {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program(stop)], {
    stdio: 'pipe',
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { out: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  await expect.poll(() => said.out, { timeout: 20_000 }).toBe('ready ');
  return { child, said, closed: once(child, 'close') };
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
