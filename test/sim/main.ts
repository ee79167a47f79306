/**
 * Runs simulated meshes: `npm run sim -- --seed N [--nodes N] [--minutes N] [--shrink]` one of them,
 * `npm run sim:ci` and `npm run soak:sim` whole suites in threads.
 */
import { command } from './command.ts';

process.exitCode = await command(process.argv.slice(2));
