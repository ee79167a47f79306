/**
 * What `advertise` is given for `isolation: 'worker'`, judged whole. Never throws.
 */
import { defaultSize } from '../../isolation/pool-options.ts';
import { workerPool } from '../../isolation/worker-pool.ts';
import type { Advertised } from '../intent/intent.ts';
import type { ProcedureLimits } from '../handlers/handler.ts';
import type { WorkerOptions } from '../handlers/worker-handler.ts';
import { guarded, invalid, unknownOption, type Checked } from './check.ts';

const OPTIONS: ReadonlySet<string> = new Set<keyof WorkerOptions>([
  'size',
  'spare',
  'heapMb',
  'stackMb',
  'export',
]);

/** The handler's module as a pool of threads, and what its procedure admits at once: as many as may run. */
export function checkWorker(
  procedure: string,
  module: unknown,
  options: unknown = {},
): Checked<{ readonly handler: Advertised['handler']; readonly limits: ProcedureLimits }> {
  if (!(module instanceof URL))
    return invalid('handler', "must be the URL of a module for isolation: 'worker'");
  return guarded('worker', () => {
    if (typeof options !== 'object' || options === null) return invalid('worker', 'must be an object');
    const unknown = unknownOption(options, OPTIONS, 'worker.');
    if (unknown !== undefined) return unknown;
    const { size, spare, heapMb, stackMb, export: exported = 'default' } = options as WorkerOptions;
    if (typeof exported !== 'string') return invalid('worker.export', 'must be a string');
    try {
      const pool = workerPool('workers', {
        module,
        label: procedure,
        ...(size === undefined ? {} : { size }),
        ...(spare === undefined ? {} : { spare }),
        ...(heapMb === undefined ? {} : { heapMb }),
        ...(stackMb === undefined ? {} : { stackMb }),
      });
      return {
        ok: true,
        value: { handler: { pool, exported }, limits: { maxConcurrent: size ?? defaultSize() } },
      };
    } catch (error) {
      return invalid('worker', error instanceof TypeError ? error.message : 'cannot be used');
    }
  });
}
