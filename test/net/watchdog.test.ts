/** The watchdog in a program of its own: one whose loop never ends, and one that only stood still. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const compiled = (file: string): string =>
  pathToFileURL(resolve(import.meta.dirname, `../../dist/src/${file}.js`)).href;

const PROGRAM = `
  import { createRuntime, startServer } from '${compiled('otp')}';
  import { startWatchdog } from '${compiled('otp/watchdog')}';
  const runtime = createRuntime();
  await startWatchdog(runtime).ready;
  const server = await startServer(
    runtime,
    { label: 'endless', init: () => 0, handleCast: { spin: () => { for (;;); } } },
    undefined,
  );
  process.stdout.write(server.pid.toString());
  process.stdin.on('data', () => server.cast('spin'));
`;

function program() {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    stdio: 'pipe',
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  return { child, said };
}

/** Has the actor loop, and gives the first line that is written. */
async function firstLine({ child, said }: ReturnType<typeof program>): Promise<Record<string, unknown>> {
  child.stdin.write('go');
  await expect.poll(() => said.err, { timeout: 20_000 }).toContain('\n');
  return JSON.parse(said.err.split('\n')[0] ?? '') as Record<string, unknown>;
}

test('an actor in an endless loop is named within a second, while it loops', async () => {
  const watched = program();
  await expect.poll(() => watched.said.out, { timeout: 20_000 }).not.toBe('');
  const line = await firstLine(watched);
  const pid = watched.said.out;
  expect(line).toMatchObject({ level: 40, event: 'runtime.blocked', actor: 'endless', pid, over: false });
  expect(line['ms']).toBeLessThan(1_000);
  expect(watched.child.exitCode).toBeNull();
});

test('a program that stood still as a whole blocked nothing', async () => {
  const watched = program();
  const { child, said } = watched;
  await expect.poll(() => said.out, { timeout: 20_000 }).not.toBe('');
  child.kill('SIGSTOP');
  // as long as would be told four times
  await new Promise((done) => {
    setTimeout(done, 1_000);
  });
  child.kill('SIGCONT');
  expect(await firstLine(watched)).toMatchObject({ actor: 'endless' });
});

test('it keeps no program alive, and ready comes also where nothing else is to be done', async () => {
  const program = `
    import { createRuntime } from '${compiled('otp')}';
    import { startWatchdog } from '${compiled('otp/watchdog')}';
    await startWatchdog(createRuntime()).ready;
    process.stdout.write('ready');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: 'pipe',
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  expect([...(await once(child, 'close')), out]).toEqual([0, null, 'ready']);
});
