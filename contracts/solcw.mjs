#!/usr/bin/env node
// Lets forge use the compiler from npm as if it were the native one: a version on request, else standard JSON from stdin to stdout.
import {readFileSync} from 'node:fs';
import solc from 'solc';

if (process.argv.includes('--version')) {
	// Forge reads the version only from a name that looks like a native build's.
	console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version().replace('Emscripten.clang', 'Linux.g++')}`);
} else {
	// Every source stands in the input, so an import that asks for a file is an error.
	process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
}
