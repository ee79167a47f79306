/**
 * Imports a package as seen from this folder: `bench/node_modules` first, then the project's.
 *
 * Not compiled, because compiled code lies in `build/` and would look elsewhere.
 */
export const load = (name) => import(name);
