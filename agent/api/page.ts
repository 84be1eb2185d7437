// Says how a file of the pages is answered: in which form, with which policy, and whether whoever asks has it already.

import {etagOf, isNamed} from './etag.ts';
import {headerOf} from './route.ts';
import type {WindowPage} from './window.ts';

/** What a page of ours may do in a browser: nothing but what comes from here, and no script or style inside a page. */
export const pagePolicy =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** For a page that brings a policy of its own in its head, as the one that works from disk does: what a policy there cannot say. */
const framePolicy = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export type PageAnswer = {
	/** undefined: he has it. */
	readonly bytes: Uint8Array | undefined;
	readonly headers: Readonly<Record<string, string>>;
};

/** Of bytes that stay as long as the pages do: they are hashed once. */
const tags = new WeakMap<Uint8Array, string>();

function tagOf(bytes: Uint8Array): string {
	const known = tags.get(bytes);
	if (known !== undefined) return known;
	const tag = etagOf(bytes);
	tags.set(bytes, tag);
	return tag;
}

/** `headers`: of the request. The answer varies by Accept-Encoding. */
export function answerPage(
	{bytes, gzipped, mediaType, isHashed, hasOwnPolicy}: WindowPage,
	headers: Readonly<Record<string, string | string[] | undefined>>,
): PageAnswer {
	const isGzipped = gzipped !== undefined && takesGzip(headerOf(headers, 'accept-encoding'));
	const sent = isGzipped ? gzipped : bytes;
	// Each form of it has a tag of its own [RFC 9110 §8.8.3.3].
	const etag = tagOf(sent);
	const always = {
		etag,
		// A name with a hash in it never gets another content.
		'cache-control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
		'content-security-policy': hasOwnPolicy === true ? framePolicy : pagePolicy,
	};
	if (isNamed(headerOf(headers, 'if-none-match'), etag)) return {bytes: undefined, headers: always};
	return {bytes: sent, headers: {...always, 'content-type': mediaType, ...(isGzipped ? {'content-encoding': 'gzip'} : {})}};
}

/** Whether gzip is named and not refused [RFC 9110 §12.5.3]. */
function takesGzip(accepted = ''): boolean {
	return accepted
		.toLowerCase()
		.split(',')
		.some(one => /^\s*(?:gzip|\*)\s*(?:;(?!\s*q=0(?:\.0*)?\s*$).*)?$/.test(one));
}
