// Completes package-lock.json: npm drops optional platform packages that the registry it was made with does not
// have, and `npm ci` then refuses the file. Adds each one with its version, system and processor, without
// `resolved` and `integrity`. Run it after every change of a dependency; idempotent.
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'aix',
  'win32',
];
const PROCESSORS = {
  arm64: 'arm64',
  x64: 'x64',
  ia32: 'ia32',
  arm: 'arm',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  loong64: 'loong64',
  wasm32: 'wasm32',
};

function entry(name, version) {
  const words = name.split(/[/-]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = Object.keys(PROCESSORS).filter((processor) => words.includes(processor));
  const made = { version, optional: true };
  if (cpu.length > 0) made.cpu = cpu;
  if (os.length > 0) made.os = os;
  if (words.includes('musl') || words.includes('musleabihf')) made.libc = ['musl'];
  else if (words.includes('gnu') || words.includes('gnueabihf')) made.libc = ['glibc'];
  return made;
}

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const missing = [];
for (const [path, locked] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(locked.optionalDependencies ?? {})) {
    const found = [`${path}/node_modules/${name}`, `node_modules/${name}`].some(
      (place) => place in lock.packages,
    );
    if (!found && /^\d+\.\d+\.\d+/.test(range))
      missing.push([`node_modules/${name}`, { ...entry(name, range), ...(locked.dev ? { dev: true } : {}) }]);
  }
}
for (const [path, made] of missing) lock.packages[path] ??= made;
const { '': root, ...rest } = lock.packages;
lock.packages = {
  '': root,
  ...Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))),
};
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${missing.length} entries added\n`);
