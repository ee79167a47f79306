import { defineConfig, type ViteUserConfig } from 'vitest/config';

/**
 * `unit` runs in worker threads and never opens a socket. `net` runs real QUIC and real child
 * processes on loopback, one file after the other.
 */
const config: ViteUserConfig = defineConfig({
  test: {
    // CI counts the tests
    reporters: process.env['CI'] === undefined ? ['default'] : ['default', 'json'],
    outputFile: { json: 'build/tests.json' },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/net/**', 'test/interop/**', 'test/nat/**', 'test/ui/**'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'net',
          include: ['test/net/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
    coverage: { provider: 'v8', include: ['src/**', 'supervisors/**'] },
  },
});

export default config;
