// Turns the schemas that validate into those of a published description, where each named one stands once.

import {nameKey} from './schema.ts';

type Json = {readonly [key: string]: unknown};

export type Published = {
	/** The schema with a reference in the place of each named one. */
	readonly of: (schema: unknown) => Json;
	/** All named ones that were met, by name. */
	readonly named: () => Json;
};

export function createPublished(prefix: string): Published {
	const found = new Map<string, Json>();
	const convert = (value: unknown): unknown => {
		if (Array.isArray(value)) return value.map(convert);
		if (typeof value !== 'object' || value === null) return value;
		const {[nameKey]: name, ...rest} = value as Json;
		const body = Object.fromEntries(Object.entries(rest).map(([key, one]) => [key, convert(one)]));
		if (typeof name !== 'string') return body;
		const before = found.get(name);
		if (before !== undefined && JSON.stringify(before) !== JSON.stringify(body)) throw new Error(`two schemas are named ${name}`);
		found.set(name, body);
		return {$ref: `${prefix}${name}`};
	};
	return {
		of: schema => convert(schema) as Json,
		named: () => Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1))),
	};
}
