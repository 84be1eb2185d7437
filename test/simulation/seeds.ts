// Seeds that once broke a promise. A seed means the same run only as long as nothing draws more or less chance than it did, so what each has found is told here too.

export type Found = {readonly seed: string; readonly steps: number; readonly what: string};

export const found: readonly Found[] = [
	{
		seed: '14',
		steps: 500,
		what: '`status` took the size before a wait and the released size after it, and told of more released than there is',
	},
	{
		seed: '5',
		steps: 500,
		what: 'an empty log in the place of the newest signed its first entry before it was known to be older than what was released',
	},
];
