// Finds the recordings and vectors that other people published and that lie beside the repository, not in it.
import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {ExecutionContext} from 'ava';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
/** The folder of what other people published; it may be missing. */
export const dataFolder = process.env.KEDGE_TEST_DATA ?? join(root, '..', 'shared', 'data');

/** The path of a published file or folder. Where it is missing the test passes and says that it looked at nothing. */
export function publishedData(t: ExecutionContext, ...path: readonly string[]): string | undefined {
	const found = join(dataFolder, ...path);
	if (existsSync(found)) return found;
	t.log(`skipped: ${path.join('/')} is not there; set KEDGE_TEST_DATA to the folder that has it`);
	t.pass();
	return undefined;
}

/** The path of a file of this repository, whether the test runs compiled or not. */
export function repositoryPath(...path: readonly string[]): string {
	return join(root, ...path);
}
