/**
 * For the examples with `--once`: an `erl` of one's own, at a port that is known, so that nobody has to ask EPMD.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

/** Runs a program of Erlang in a node of that name. End it with SIGKILL. */
export function startErlang(name, port, cookie, program) {
  const noEpmd = ['-start_epmd', 'false', '-erl_epmd_port', String(port)];
  const quiet = ['-noshell', '-noinput', '-kernel', 'logger_level', 'none'];
  const who = ['-name', name, '-setcookie', cookie];
  return spawn('erl', [...quiet, ...noEpmd, ...who, '-eval', program], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
