#!/usr/bin/env node
// Plain JavaScript, so that an old Node.js can still say that it is too old.
import module from 'node:module';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 6)) {
  // graphql-js and others check themselves at every step unless told not to; it halves what a request costs.
  process.env.NODE_ENV ??= 'production';
  // Keeps the compiled code between starts: less time, and no compiler in memory.
  module.enableCompileCache();
  await import('../src/main.ts');
} else {
  process.stderr.write(
    `Sluice runs on Node.js 24.6 or later; this is ${process.version}.\n` +
      'npm scripts bring their own: run "npm install" again and then "npm start".\n' +
      'Where npm has no Node.js 24 for this machine, install it from https://nodejs.org.\n',
  );
  process.exitCode = 1;
}
