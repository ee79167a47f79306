/**
 * `espalier/isolation`: code in worker threads of its own, as supervised processes: what a loop or a leak in it
 * cannot harm. Loads no network and no other package.
 */
export type { WorkerPoolOptions } from './isolation/pool-options.ts';
export { WORKER_OOM, type ThreadOptions, type WorkerExit } from './isolation/thread.ts';
export { transferred } from './isolation/transfer.ts';
export { WorkerError, type WorkerFailure } from './isolation/worker-error.ts';
export {
  startWorkerPool,
  startWorkerPoolLink,
  workerPool,
  WorkerPoolRef,
  type AnyModule,
  type WorkerCallOptions,
} from './isolation/worker-pool.ts';
export {
  startWorkerServer,
  startWorkerServerLink,
  workerServer,
  type WorkerServerOptions,
} from './isolation/worker-server.ts';
