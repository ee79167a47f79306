/** `--tracing`: spans where `@opentelemetry/api` is installed, and a clear word where it is not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, expect, test } from 'vitest';
import { advertise, advertiseWith, CALCULATOR, endAll, espalier, nodeWith, run } from '../cli/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-tracing-'));
afterEach(endAll);
afterAll(() => rmSync(folder, { recursive: true }));

const imported = (name: string, text: string): Record<string, string> => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return { NODE_OPTIONS: `--import=${pathToFileURL(file).href}` };
};

/** As if nobody had installed it. `register` is all that Node 20 has; Node 26 would warn of it. */
const WITHOUT = `
import { register } from 'node:module';
process.noDeprecation = true;
register('data:text/javascript,' + encodeURIComponent(\`
  export async function resolve(specifier, context, next) {
    if (specifier !== '@opentelemetry/api') return next(specifier, context);
    throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  }\`));
`;

/** An SDK as small as it gets: says what it was asked to record. */
const SDK = `
import { createRequire } from 'node:module';
const { trace } = createRequire(${JSON.stringify(join(process.cwd(), 'package.json'))})('@opentelemetry/api');
const span = (name, { kind }) => ({
  spanContext: () => ({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }),
  setAttributes() {},
  setStatus() {},
  end: () => process.stderr.write('span ' + name + ' ' + kind + '\\n'),
});
trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: span, startActiveSpan() {} }) });
`;

test('without the package the start ends with a word about it, and exit code 2', async () => {
  const env = imported('without.mjs', WITHOUT);
  for (const how of [{ args: ['--tracing'] }, { args: [], env: { ESPALIER_TRACING: '1' } }]) {
    const { code, stdout, stderr } = await run(['node', '--listen', '127.0.0.1:0', ...how.args], {
      env: { ...env, ...how.env },
    });
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      'error: tracing: needs the package @opentelemetry/api: npm install @opentelemetry/api [invalid_args]\n',
    ]);
  }
  // who does not ask for it needs it not
  const node = espalier(['node', '--listen', '127.0.0.1:0', '--json'], { env });
  expect(await node.json()).toMatchObject({ event: 'ready' });
});

test('with an SDK that NODE_OPTIONS loads, handlers of a provider are spans', async () => {
  const { url } = await nodeWith({});
  const provider = await advertiseWith({ env: imported('sdk.mjs', SDK) }, url, CALCULATOR, '--tracing');
  expect((await run(['call', url, 'calculator.compute', '{"operation":"add","a":2,"b":3}'])).code).toBe(0);
  const { stderr } = await provider.end();
  // 1: SpanKind.SERVER
  expect(stderr).toMatch(/^span calculator\.compute 1\nSIGTERM/);
  const quiet = await advertise(url, CALCULATOR);
  expect((await run(['call', url, 'calculator.compute', '{"operation":"add","a":2,"b":3}'])).code).toBe(0);
  expect((await quiet.end()).stderr).toMatch(/^SIGTERM/);
});
