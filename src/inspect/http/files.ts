/**
 * The files of the page: those that were built with the package, and no others. Names are looked up, never joined to a path.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}

/** By path, as `/app.js`; `/` is the page. Empty where the package was built without it. */
export function pageFiles(folder: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  const read = (below: string, path: string): void => {
    for (const entry of readdirSync(below, { withFileTypes: true })) {
      const at = `${path}/${entry.name}`;
      if (entry.isDirectory()) read(join(below, entry.name), at);
      const type = TYPES[extname(entry.name)];
      if (entry.isFile() && type !== undefined)
        files.set(at, { type, bytes: readFileSync(join(below, entry.name)) });
    }
  };
  try {
    read(folder, '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const page = files.get('/index.html');
  if (page !== undefined) files.set('/', page);
  return files;
}
