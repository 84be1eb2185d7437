// The composition root's part that reads the pages which the build left, all into memory, as a browser asks for them.

import {readdir, readFile} from 'node:fs/promises';
import {extname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {gzip, constants as zlib} from 'node:zlib';
import type {Window, WindowPage} from './api/window.ts';

const mediaTypes: Readonly<Record<string, string>> = {
	'.html': 'text/html; charset=utf-8',
	'.js': 'text/javascript; charset=utf-8',
	'.css': 'text/css; charset=utf-8',
	'.svg': 'image/svg+xml',
	'.png': 'image/png',
	'.ico': 'image/x-icon',
	'.json': 'application/json; charset=utf-8',
	'.webmanifest': 'application/manifest+json',
	'.woff2': 'font/woff2',
};
const pagesMax = 256;
const gzipAsync = promisify(gzip);

/** Pages by the path that they are asked for by; none where none were built. */
export async function readBuiltPages(folder = fileURLToPath(new URL('../web/', import.meta.url))): Promise<Window['pages']> {
	const pages = new Map<string, WindowPage>();
	const found = await readdir(folder, {recursive: true, withFileTypes: true}).catch(() => []);
	for (const entry of found.filter(one => one.isFile()).slice(0, pagesMax)) {
		const mediaType = mediaTypes[extname(entry.name)];
		if (mediaType === undefined) continue;
		const file = join(entry.parentPath, entry.name);
		const name = file.slice(folder.length).replaceAll('\\', '/');
		// A page is asked for without its ending.
		const path = name === 'index.html' ? '/' : `/${name.replace(/\.html$/, '')}`;
		const bytes = await readFile(file);
		const gzipped = await gzipAsync(bytes, {level: zlib.Z_BEST_COMPRESSION});
		pages.set(path, {
			bytes,
			gzipped: gzipped.length < bytes.length ? gzipped : undefined,
			mediaType,
			// As esbuild writes a hash into a name.
			isHashed: /[.-][0-9A-Z]{8,}\.\w+$/.test(entry.name),
			hasOwnPolicy: mediaType.startsWith('text/html') && bytes.includes('http-equiv="Content-Security-Policy"'),
		});
	}
	return pages;
}
