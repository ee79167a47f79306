/**
 * Imports the files and packages it is given and writes what that loaded: `{ modules, addons }`. A loader hook sees what ESM
 * resolves, the cache of `require` the rest, Node's own report the native addons.
 */
import Module, { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

const HOOKS = `
  let port;
  export function initialize(data) { port = data.port; }
  export async function load(url, context, next) {
    port.postMessage(url);
    return next(url, context);
  }
`;

// Node 26 would rather have another function, which Node 20 has not
process.noDeprecation = true;
const { port1, port2 } = new MessageChannel();
register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, {
  parentURL: import.meta.url,
  data: { port: port2 },
  transferList: [port2],
});

for (const what of process.argv.slice(2))
  await import(what.startsWith('/') ? pathToFileURL(what).href : what);

const modules = new Set(Object.keys(Module._cache).map((path) => pathToFileURL(path).href));
for (let got = receiveMessageOnPort(port1); got !== undefined; got = receiveMessageOnPort(port1)) {
  if (!got.message.startsWith('node:')) modules.add(got.message);
}
port1.close();
process.report.excludeNetwork = true;
const { sharedObjects } = process.report.getReport();
const addons = sharedObjects.filter((path) => path.endsWith('.node'));
process.stdout.write(JSON.stringify({ modules: [...modules], addons }));
