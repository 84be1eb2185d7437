// Tells requests of our own pages from those that a page of somebody else's makes in a browser that has our cookie.

import {Problem} from './problem.ts';

export type OriginHeaders = {
	readonly origin?: string | undefined;
	readonly host?: string | undefined;
	readonly 'sec-fetch-site'?: string | string[] | undefined;
};

/**
 * Throws unless the request comes from a page of this very origin, by its headers Origin and Sec-Fetch-Site [Fetch §3.2, Fetch Metadata]. Without both it comes from no
 * page; that is good enough where there is no cookie yet (`isCookieless`), and only there.
 */
export function assertSameOrigin(headers: OriginHeaders, isCookieless: boolean): void {
	const {origin, host} = headers;
	const site = headers['sec-fetch-site'];
	const refuse = (): never => {
		throw new Problem('foreign-origin', 'a page of another origin asks for this: open the pages of the agent itself');
	};
	if (site !== undefined && site !== 'same-origin') refuse();
	if (origin === undefined) {
		if (!isCookieless) refuse();
		return;
	}
	let asked: string | undefined;
	try {
		asked = new URL(origin).host;
	} catch {
		// "null" and the like: a page that hides where it comes from.
	}
	// The scheme is not compared: behind a proxy we do not know our own.
	if (asked === undefined || host === undefined || plain(asked) !== plain(host)) refuse();
}

/** Without the ports that need not be written. */
function plain(host: string): string {
	return host.toLowerCase().replace(/:(?:80|443)$/, '');
}
