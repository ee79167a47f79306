/**
 * A tour of supervision: the same three workers under each strategy, and what a crash of the middle one does.
 *
 *   node examples/supervision.mjs
 */
import { createRuntime, exit, silentLogger, startSupervisor, worker } from 'espalier/otp';

const NAMES = ['database', 'cache', 'web'];

/** A worker that tells when it starts and stops, and ends as it is told. */
const member = (name, log) => ({
  label: name,
  trapExit: true,
  init: () => {
    log.push(`+${name}`);
    return null;
  },
  handleCast: { crash: (reason) => exit(reason) },
  terminate: (reason) => {
    log.push(`-${name} (${reason})`);
  },
});

for (const strategy of ['oneForOne', 'restForOne', 'oneForAll']) {
  const log = [];
  const runtime = createRuntime({ logger: silentLogger });
  const top = await startSupervisor(runtime, {
    strategy,
    intensity: 1,
    period: 5_000,
    children: NAMES.map((name) => worker(name, member(name, log), undefined)),
  });
  const crash = async (name) => {
    const { pid } = (await top.whichChildren()).find(({ id }) => id === name);
    const ended = new Promise((resolve) => runtime.onExit(pid, resolve));
    runtime.exit(pid, 'kill');
    await ended;
  };

  log.length = 0;
  await crash('cache');
  await top.countChildren(); // answered when the restart is done
  console.log(`${strategy}: ${log.join(' ')}`);

  // the second crash within five seconds is one too many
  const over = new Promise((resolve) => runtime.onExit(top.pid, resolve));
  await crash('cache');
  console.log(`${strategy}: a second crash ends the supervisor with ${await over}`);
}
