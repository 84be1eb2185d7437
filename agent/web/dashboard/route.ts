// Turns what stands behind # into the page that is meant, and back.

export const pageNames = [
	'overview',
	'devices',
	'log',
	'alarms',
	'emissions',
	'shipments',
	'market',
	'evidence',
	'sharing',
	'people',
	'account',
] as const;
export type PageName = (typeof pageNames)[number];

/** Pages about the agent and its people, in a part of their own; all others show what is in the log. */
export const apartPages: readonly PageName[] = ['evidence', 'sharing', 'people', 'account'];

/** Whether somebody with that role may open the page at all. */
export function mayOpen(role: 'owner' | 'operator' | 'viewer', page: PageName): boolean {
	if (page === 'sharing' || page === 'people') return role === 'owner';
	return page !== 'evidence' || role !== 'viewer';
}

export type Place = {
	readonly page: PageName;
	/** What of it: a device, an entry, a shipment; of sharing and evidence the kind of thing. */
	readonly of: string | undefined;
	/** A channel of a device, a slot of a market; of sharing and evidence which thing. */
	readonly part: string | undefined;
	readonly fromMs: number | undefined;
	readonly toMs: number | undefined;
};

/** Whatever is no place is the overview. */
export function placeOf(hash: string): Place {
	const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
	const [page = '', ...words] = path.split('/').map(decoded);
	const asked = new URLSearchParams(query);
	const name = pageNames.find(one => one === page) ?? 'overview';
	const isKnown = name === page;
	const time = (word: string): number | undefined => {
		const text = asked.get(word);
		return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
	};
	return {
		page: name,
		of: isKnown && words[0] !== '' ? words[0] : undefined,
		part: isKnown && words[1] !== '' ? words[1] : undefined,
		fromMs: time('from'),
		toMs: time('to'),
	};
}

export function hashOf(
	page: PageName,
	of?: string | number,
	part?: string | number,
	period?: {readonly fromMs: number; readonly toMs: number},
): string {
	const words = [page, of, part].filter(word => word !== undefined).map(word => encodeURIComponent(word));
	const query = period === undefined ? '' : `?from=${Math.floor(period.fromMs)}&to=${Math.ceil(period.toMs)}`;
	return page === 'overview' ? '#/' : `#/${words.join('/')}${query}`;
}

function decoded(word: string): string {
	try {
		return decodeURIComponent(word);
	} catch {
		return word;
	}
}
