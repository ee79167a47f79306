/**
 * `espalier/otp`: processes, GenServer, supervisors and tasks, with no network and no other package.
 */
import { Runtime, type RuntimeOptions } from './actor/runtime.ts';

/** Makes a runtime: one world of processes. */
export const createRuntime = (options: RuntimeOptions = {}): Runtime => new Runtime(options);

export { Runtime, type RuntimeOptions } from './actor/runtime.ts';
export { seconds, systemClock, type Clock, type TimerId } from './actor/clock.ts';
export { seededRandom, systemRandom, type Random } from './actor/random.ts';
export {
  describeReason,
  exit,
  isOrderly,
  type ExitReason,
  type Shutdown as ShutdownReason,
} from './actor/exit-reason.ts';
export { ndjsonLogger, silentLogger, type Logger, type LogFields, type LogLevel } from './actor/logger.ts';
export type { FullPolicy, MailboxOptions } from './actor/mailbox.ts';
export { Down, Exit } from './actor/monitor.ts';
export { NameScope } from './actor/names.ts';
export type { Pid, Ref } from './actor/pid.ts';
export type { Self } from './actor/process.ts';
export type { Report, ReportListener } from './actor/report.ts';
export type { ChildCount, ChildInfo, ChildSpec, ChildType } from './otp/child-spec.ts';
export {
  dynamicSupervisor,
  DynamicSupervisorRef,
  startDynamicSupervisor,
  startDynamicSupervisorLink,
  type DynamicSupervisorSpec,
} from './otp/dynamic-supervisor.ts';
export { ExitError, StartError } from './otp/errors.ts';
export {
  replyTo,
  startServer,
  startServerLink,
  stopServer,
  type CallsOf,
  type CastsOf,
  type From,
  type GenServer,
  type Info,
} from './otp/gen-server.ts';
export {
  ignore,
  noReply,
  reply,
  started,
  stop,
  stopAndReply,
  type Ignore,
  type Next,
  type NoReply,
  type Reply,
  type Started,
  type Stop,
} from './otp/result.ts';
export {
  ServerRef,
  type AnyProtocol,
  type CallOptions,
  type Named,
  type Protocol,
} from './otp/server-ref.ts';
export type { StartOptions, StartResult } from './otp/start.ts';
export type { Shutdown } from './otp/stop.ts';
export type { Restart, Strategy } from './otp/strategy.ts';
export {
  startSupervisor,
  startSupervisorLink,
  supervisor,
  SupervisorRef,
  worker,
  type ChildOptions,
  type SupervisorSpec,
} from './otp/supervisor.ts';
export { startTask, startTaskLink, Task, type TaskBody, type TaskOptions } from './otp/task.ts';
