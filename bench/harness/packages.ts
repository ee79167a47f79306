/**
 * Packages that only peers need: they live in `bench/node_modules`, not among the project's dependencies.
 *
 * Installed on first use, in the exact versions of `bench/package.json`, without running their scripts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Milliseconds an installation may take. */
const INSTALL_LIMIT = 120_000;

/** The folder of `bench/package.json`, seen from `build/bench/harness/`. */
const FOLDER = new URL('../../../bench/', import.meta.url);

let installed: Promise<string | undefined> | undefined;

/** Makes sure that `names` can be loaded; gives the reason when they cannot. */
export async function ensurePackages(
  names: readonly string[],
  progress: (line: string) => void,
): Promise<string | undefined> {
  const missing = names.filter((name) => !isThere(name));
  if (missing.length === 0) return undefined;
  if (installed === undefined) {
    progress(
      `installing ${missing.join(', ')} and what else bench/package.json names into bench/node_modules`,
    );
    installed = install();
  }
  const failure = await installed;
  const still = missing.filter((name) => !isThere(name));
  if (still.length === 0) return undefined;
  return `${still.join(', ')} could not be installed: ${failure ?? 'not in bench/package.json'}`;
}

/** Imports a package of `bench/node_modules` or of the project. The caller says what it expects of it. */
export async function loadPackage(name: string): Promise<unknown> {
  const { load } = (await import(new URL('load.mjs', FOLDER).href)) as {
    load(name: string): Promise<unknown>;
  };
  return load(name);
}

const isThere = (name: string): boolean =>
  [FOLDER, new URL('../', FOLDER)].some((folder) =>
    existsSync(new URL(`node_modules/${name}/package.json`, folder)),
  );

/** Undefined when npm said it went well. */
async function install(): Promise<string | undefined> {
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', '--loglevel=error'];
  const npm = spawn('npm', ['install', '--prefix', fileURLToPath(FOLDER), ...flags], {
    // stdout belongs to the result
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: INSTALL_LIMIT,
  });
  try {
    const [code] = (await once(npm, 'exit')) as [number | null];
    return code === 0 ? undefined : `npm install ended with ${code ?? 'a signal'}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
