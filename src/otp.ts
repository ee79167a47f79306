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
export { NameScope, type NameTable } from './actor/names.ts';
export type { Pid, Ref, Target } from './actor/pid.ts';
export type { Self } from './actor/process.ts';
export type { RunQueuePolicy } from './actor/run-queue.ts';
export type { Budget } from './actor/scheduler.ts';
export type { TimerEntry } from './actor/timers.ts';
export { formatReport } from './actor/report-text.ts';
export type { FormatLimits } from './actor/format-term.ts';
export type { CrashDetails } from './actor/crash-details.ts';
export type { Report, ReportListener } from './actor/report.ts';
export { agent, AgentRef, startAgent, startAgentLink, type AgentInit } from './otp/agent.ts';
export {
  Applications,
  defineApplication,
  loadApplications,
  nodeHost,
  type Application,
  type ApplicationContext,
  type ApplicationInfo,
  type ApplicationsOptions,
  type ApplicationType,
  type Host,
  type HostSignal,
  type StartSettings,
} from './otp/application.ts';
export type { CheckedSpec, ChildCount, ChildInfo, ChildSpec, ChildType } from './otp/child-spec.ts';
export {
  dynamicSupervisor,
  DynamicSupervisorRef,
  startDynamicSupervisor,
  startDynamicSupervisorLink,
  type DynamicChildInfo,
  type DynamicSupervisorInit,
  type DynamicSupervisorSpec,
} from './otp/dynamic-supervisor.ts';
export {
  enterLoop,
  startAndEnter,
  startAndEnterLink,
  type EnterBody,
  type EnterLoop,
  type EnterOptions,
} from './otp/enter-loop.ts';
export { ExitError, StartError } from './otp/errors.ts';
export {
  replyTo,
  startServer,
  startServerLink,
  startServerMonitor,
  stopServer,
  type CallsOf,
  type CastsOf,
  type From,
  type GenServer,
  type Info,
  type ServerOptions,
} from './otp/gen-server.ts';
export { type Stoppable } from './otp/stop-server.ts';
export {
  changeCallbackModule,
  enterStatemLoop,
  eventTimeout,
  genericTimeout,
  hibernate,
  keepState,
  keepStateAndData,
  nextEvent,
  nextState,
  popCallbackModule,
  postpone,
  pushCallbackModule,
  repeatState,
  repeatStateAndData,
  replyAction,
  startStatem,
  startStatemLink,
  startStatemMonitor,
  stateTimeout,
  statemWorker,
  type AnswerTo,
  type CallbackModule,
  type EnterStatemOptions,
  type GenStatem,
  type HandleEvent,
  type KeepState,
  type KeepStateAndData,
  type NextState,
  type QueuedEvent,
  type StatemAction,
  type StatemActions,
  type StatemEvent,
  type StatemFrom,
  type StatemRef,
  type StatemResult,
  type StatemStatus,
  type StateFunction,
  type StateFunctions,
  type TimeoutName,
  type TimeoutOptions,
  type TimeoutTime,
} from './otp/gen-statem.ts';
export {
  PartitionSupervisorRef,
  partitionOf,
  partitionSupervisor,
  startPartitionSupervisor,
  startPartitionSupervisorLink,
  type PartitionInfo,
  type PartitionSupervisorSpec,
} from './otp/partition-supervisor.ts';
export { GroupChange, GroupsLapsed, ProcessGroups, type ProcessGroupsOptions } from './otp/process-groups.ts';
export {
  Registry,
  type Keys,
  type RegistryChange,
  type RegistryEntry,
  type RegistryOptions,
} from './otp/registry.ts';
export {
  Answered,
  checkResponse,
  PendingRequest,
  receiveResponse,
  RequestCollection,
  sendRequest,
  waitResponse,
  type Collected,
  type RequestOptions,
  type Response,
  type ResponseTimeout,
  type TakeOptions,
} from './otp/requests.ts';
export type { DueRestart, RestartDelay } from './otp/restart-delay.ts';
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
export type { MaybePromise } from './otp/sequence.ts';
export {
  ServerRef,
  type AnyProtocol,
  type CallOptions,
  type Named,
  type Protocol,
} from './otp/server-ref.ts';
export { FORMATTER_CRASHED, redact, REDACTED, type StatusParts } from './otp/server-status.ts';
export type { MonitoredStart, StartOptions, StartResult } from './otp/start.ts';
export type { Shutdown } from './otp/stop.ts';
export type { Restart, Strategy } from './otp/strategy.ts';
export {
  checkChildSpecs,
  SpecError,
  startSupervisor,
  startSupervisorLink,
  supervisor,
  SupervisorRef,
  worker,
  type AutoShutdown,
  type ChildOptions,
  type ServerChildOptions,
  type SpecPart,
  type SpecProblem,
  type StartedChild,
  type SupervisorInit,
  type SupervisorSpec,
} from './otp/supervisor.ts';
/** Debugging of any process, as OTP's module of that name: state, suspend, log, trace, statistics. */
export * as sys from './otp/sys.ts';
export {
  asyncStream,
  startTask,
  startTaskLink,
  startTaskSupervisor,
  startTaskSupervisorLink,
  Task,
  taskSupervisor,
  TaskSupervisorRef,
  type StreamElement,
  type StreamOptions,
  type TaskBody,
  type TaskOptions,
  type TaskStream,
  type TaskSupervisorSpec,
  type TaskValue,
} from './otp/task.ts';
export { startWatchdog, type Watchdog, type WatchdogOptions } from './otp/watchdog.ts';
