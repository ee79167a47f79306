/**
 * Packages that only peers need: they live in `bench/node_modules`, not among the project's dependencies.
 *
 * Installed on first use, from the exact versions in `bench/package.json`, without running their scripts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Milliseconds an installation may take. */
const INSTALL_LIMIT = 120_000;

/** The folder of `bench/package.json`, seen from `build/bench/harness/`. */
const FOLDER = new URL('../../../bench/', import.meta.url);
const require = createRequire(new URL('package.json', FOLDER));

let installed: Promise<string | undefined> | undefined;

/** Makes sure that `names` can be loaded; gives the reason when they cannot. */
export async function ensurePackages(
  names: readonly string[],
  progress: (line: string) => void,
): Promise<string | undefined> {
  const missing = names.filter((name) => !isThere(name));
  if (missing.length === 0) return undefined;
  installed ??= install(progress, missing);
  const failure = await installed;
  const still = missing.filter((name) => !isThere(name));
  return still.length === 0 ? undefined : `${still.join(', ')} not installed${failure === undefined ? '' : `: ${failure}`}`;
}

/** Loads a package of `bench/node_modules` or of the project. The caller says what it expects of it. */
export const loadPackage = (name: string, from: URL | undefined = undefined): Promise<unknown> =>
  import(pathToFileURL((from === undefined ? require : createRequire(from)).resolve(name)).href);

function isThere(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Undefined when npm said it went well. */
async function install(progress: (line: string) => void, missing: readonly string[]): Promise<string | undefined> {
  progress(`installing ${missing.join(', ')} into bench/node_modules`);
  const folder = fileURLToPath(FOLDER);
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', '--loglevel=error'];
  const npm = spawn('npm', ['install', '--prefix', folder, ...flags], {
    // npm prints to stdout, which belongs to the result
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const timer = setTimeout(() => npm.kill('SIGTERM'), INSTALL_LIMIT);
  try {
    const [code] = (await once(npm, 'exit')) as [number | null];
    return code === 0 ? undefined : `npm install ended with ${code ?? 'a signal'}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
