/**
 * A third of the meshes of `npm test`.
 */
import { testSeeds } from './seeds.ts';

testSeeds(['6', '7', '8', '9', '10']);
