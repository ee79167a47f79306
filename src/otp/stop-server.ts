/**
 * Stopping a server, or any process, from outside and in good order (OTP G16).
 */
import type { ExitReason } from '../actor/exit-reason.ts';
import { RemotePid, type Pid } from '../actor/pid.ts';
import { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { isObject, wrongArgument } from './arguments.ts';
import { checkDeadline } from './durations.ts';
import { ExitError } from './errors.ts';
import { requestStop } from './stop.ts';

/** Who is to be stopped: a pid, or a reference, which says who that is now. */
export type Stoppable = Pid | { readonly pid: unknown; readonly runtime: Runtime };

/**
 * Stops a server and waits until it is dead. `timeout` in ms, default none; when it passes the server goes on living
 * and the promise rejects with `ExitError` `timeout`. Also `ExitError`: `noproc`, `calling_self`, `noconnection` for a
 * process of another node, or another reason than this one that it ended with. (`stop` of a reference to a supervisor
 * resolves to the reason instead, to `noproc` too.)
 */
export async function stopServer(
  target: Stoppable,
  reason: ExitReason = 'normal',
  timeout: number = Infinity,
): Promise<void> {
  checkDeadline('timeout', timeout);
  const process = processOf(target);
  if (!(process instanceof Process) || !process.alive) throw new ExitError('stop', 'noproc');
  const { runtime } = process;
  if (process === runtime.scheduler.current) throw new ExitError('stop', 'calling_self');
  const died = await new Promise<ExitReason>((resolve, reject) => {
    const timer = runtime.timers.within(timeout, () => {
      runtime.demonitor(watch);
      reject(new ExitError('stop', 'timeout'));
    });
    const watch = runtime.onExit(process, (why) => {
      timer?.unset();
      resolve(why);
    });
    requestStop(process, reason);
  });
  if (died !== reason) throw new ExitError('stop', died);
}

function processOf(target: Stoppable): unknown {
  if (target instanceof Process) return target;
  if (target instanceof RemotePid) throw new ExitError('stop', 'noconnection');
  if (!isObject(target) || !('pid' in target)) throw wrongArgument('target', 'a pid or a reference', target);
  return target.pid;
}
