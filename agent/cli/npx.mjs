#!/usr/bin/env node
// Runs the command line that the build made; before there is one it says how to make it. npx links only what is there, and remembers what was not.
import {existsSync} from 'node:fs';

const built = new URL('../../dist/agent/cli/kedge.js', import.meta.url);
if (existsSync(built)) await import(built.href);
else {
	process.stderr.write('kedge: nothing is built yet\n  Run: npm run build (or npm start)\n');
	process.exitCode = 2;
}
