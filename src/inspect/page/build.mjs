/**
 * Completes the inspector's page in `dist`: what `tsc -p src/inspect/page` does not write.
 *
 * Beside the compiled modules the page needs its HTML and its style sheet, and the drawing's library in one file that a
 * browser can load: with our policy for content there is no import map.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = dirname(fileURLToPath(import.meta.url));
const target = join(source, '../../../dist/src/inspect/page');
const library = createRequire(import.meta.url).resolve('d3-hierarchy');

mkdirSync(join(target, 'vendor'), { recursive: true });
for (const name of ['index.html', 'style.css', 'icon.svg'])
  copyFileSync(join(source, name), join(target, name));
copyFileSync(library, join(target, 'vendor/d3-hierarchy.js'));
copyFileSync(join(dirname(library), '../LICENSE'), join(target, 'vendor/d3-hierarchy.LICENSE'));
