/**
 * Code in threads of its own: what a loop or a leak in it cannot harm.
 */
export { defaultSize, type WorkerPoolOptions } from './pool-options.ts';
export { WORKER_OOM, type ThreadOptions, type WorkerExit } from './thread.ts';
export { transferred } from './transfer.ts';
export { WorkerError, type WorkerFailure } from './worker-error.ts';
export {
  startWorkerPool,
  startWorkerPoolLink,
  workerPool,
  WorkerPoolRef,
  type AnyModule,
  type WorkerCallOptions,
  type WorkerModule,
} from './worker-pool.ts';
export {
  startWorkerServer,
  startWorkerServerLink,
  workerServer,
  workerServerState,
  type WorkerServerOptions,
} from './worker-server.ts';
