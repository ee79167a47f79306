import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const onPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
const hasBrowser = existsSync('/usr/bin/chromium');
const hasErlang = onPath('erl') && onPath('epmd');

/**
 * Real sockets, processes and clocks share the machine of CI with whatever else runs there: a test of these gets a second attempt there,
 * and CI names those that needed it. Elsewhere, and of all other tests, one failure is a failure.
 */
const SHARED = { retry: Number(process.env['TEST_ATTEMPTS'] ?? 1) - 1 };

/**
 * `unit` never opens a socket; its files share the modules of the process they run in, which saves a third of its time,
 * so a test file may leave nothing behind. `simulation` has processes of its own: whoever looks at the time of day in
 * them breaks a rule. `net` runs real QUIC and real child processes on loopback, in processes of their own, for each of
 * which two cores are enough. `scale` and `stress` are what takes too long for `npm test`, a script and a step of CI of
 * their own: `scale` hundreds of nodes in memory by the virtual clock, in processes of their own too; `stress` floods,
 * long loads, bad links, one file after the other. `nat` has processes in network namespaces behind the kernel's own
 * NAT: it needs root and nftables, and says so where it has not. `interop` talks to a real Erlang, where there is one.
 * `ui` looks at the inspector's page in a real Chromium, where there is one.
 */
const config: ViteUserConfig = defineConfig({
  test: {
    maxWorkers: 2,
    // CI counts the tests
    reporters: process.env['CI'] === undefined ? ['default'] : ['default', 'json'],
    outputFile: { json: process.env['ESPALIER_TESTS_JSON'] ?? 'build/tests.json' },
    projects: [
      {
        test: {
          name: 'unit',
          isolate: false,
          execArgv: ['--max-semi-space-size=64'],
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/testing/simulation/**',
            'test/net/**',
            'test/scale/**',
            'test/stress/**',
            'test/interop/**',
            'test/nat/**',
            'test/ui/**',
          ],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/testing/simulation/**/*.test.ts'],
          execArgv: ['--max-semi-space-size=64'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'scale',
          include: ['test/scale/**/*.test.ts'],
          execArgv: ['--max-semi-space-size=64'],
          pool: 'forks',
          testTimeout: 600_000,
        },
      },
      {
        test: {
          ...SHARED,
          name: 'net',
          include: ['test/net/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...SHARED,
          name: 'nat',
          include: ['test/nat/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...SHARED,
          name: 'interop',
          include: hasErlang ? ['test/interop/**/*.test.ts'] : ['test/interop/absent.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...SHARED,
          name: 'ui',
          include: hasBrowser ? ['test/ui/**/*.test.ts'] : ['test/ui/absent.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...SHARED,
          name: 'stress',
          include: ['test/stress/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
    ],
    coverage: { provider: 'v8', include: ['src/**', 'supervisors/**'] },
  },
});

export default config;
