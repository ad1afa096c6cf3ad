import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Loaded before a server's own code: SIGUSR2 makes it collect its garbage, so that its resident memory tells what is
// in use and not when V8 last felt like collecting.
setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
process.on('SIGUSR2', () => collect());
