// The dashboard as the build made it, for a server in memory.
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {verifyPagePath} from './browser.ts';

const mediaTypes: Readonly<Record<string, string>> = {js: 'text/javascript', css: 'text/css', html: 'text/html'};

/** What the build made, as the agent reads it. */
export function builtPages() {
	const folder = dirname(verifyPagePath);
	return new Map(
		readdirSync(folder)
			.filter(name => /\.(?:js|css)$/.test(name) || name === 'index.html')
			.map(name => {
				const mediaType = `${mediaTypes[name.split('.').at(-1)!]}; charset=utf-8`;
				return [
					name === 'index.html' ? '/' : `/${name}`,
					{bytes: readFileSync(join(folder, name)), mediaType, isHashed: name !== 'index.html'},
				];
			}),
	);
}
