// Holds values against schemas and says where they do not fit.

import {Ajv2020, type ErrorObject, type ValidateFunction} from 'ajv/dist/2020.js';
import {fieldErrorsMax} from './limits.ts';
import type {FieldError} from './problem.ts';
import {nameKey, type TSchema} from './schema.ts';

export type Check = {
	/** All that does not fit, or with `thorough` false the first of it; nothing if the value fits. Queries come as text: numbers in them are turned into numbers in place. */
	readonly body: (schema: TSchema, value: unknown, thorough: boolean) => readonly FieldError[];
	readonly query: (schema: TSchema, value: unknown) => readonly FieldError[];
};

/** A validator is made when it is first needed, and kept. */
export function createCheck(): Check {
	const first = createValidators(false);
	const all = createValidators(true);
	return {
		body: (schema, value, thorough) => {
			const validate = first(schema);
			// Most bodies fit: only those that do not are looked at twice.
			if (validate(value) === true) return [];
			if (!thorough) return fieldErrors(validate.errors);
			const again = all(schema);
			again(value);
			return fieldErrors(again.errors);
		},
		query: (schema, value) => {
			numbersOf(schema, value);
			const validate = all(schema);
			return validate(value) === true ? [] : fieldErrors(validate.errors);
		},
	};
}

function createValidators(allErrors: boolean): (schema: TSchema) => ValidateFunction {
	const ajv = new Ajv2020({
		allErrors,
		strict: true,
		strictTypes: false,
		keywords: [nameKey],
		ownProperties: true,
		verbose: true,
		validateSchema: false,
	});
	const known = new WeakMap<TSchema, ValidateFunction>();
	return schema => {
		let validate = known.get(schema);
		if (validate === undefined) {
			validate = ajv.compile(schema);
			known.set(schema, validate);
		}
		return validate;
	};
}

/** Turns decimal text into a number where the schema wants one; what is written in any other way stays a text, and does not fit. */
function numbersOf(schema: TSchema, value: unknown): void {
	const {properties = {}} = schema as {readonly properties?: Readonly<Record<string, {readonly type?: unknown}>>};
	const given = value as Record<string, unknown>;
	for (const [name, {type}] of Object.entries(properties)) {
		const text = given[name];
		if (type === 'integer' && typeof text === 'string' && /^(?:0|[1-9][0-9]{0,15})$/.test(text)) given[name] = Number(text);
	}
}

/** A key as a part of a JSON pointer [RFC 6901 §3]. */
export function pointerPart(key: string): string {
	return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** What a text with a pattern must be, in words: the first sentence of its description. */
function formOf(schema: unknown): string | undefined {
	const {description} = (schema ?? {}) as {readonly description?: string};
	return /^(.*?)(?:\.$|\. )/.exec(description ?? '')?.[1]?.replace(/^[A-Z](?=[a-z ])/, first => first.toLowerCase());
}

function fieldErrors(errors: readonly ErrorObject[] | null | undefined): readonly FieldError[] {
	return (errors ?? []).slice(0, fieldErrorsMax).map(({instancePath, keyword, params, message, parentSchema}) => {
		const key = (params as Readonly<Record<string, unknown>>)[keyword === 'required' ? 'missingProperty' : 'additionalProperty'];
		const pointer = typeof key === 'string' ? `${instancePath}${pointerPart(key.slice(0, 64))}` : instancePath;
		const allowed = (params as {readonly allowedValues?: readonly unknown[]}).allowedValues;
		const form = keyword === 'pattern' ? formOf(parentSchema) : undefined;
		const said = form === undefined ? (message ?? keyword) : `must be ${form}`;
		const detail = keyword === 'additionalProperties' ? 'is not known' : keyword === 'required' ? 'is missing' : said;
		return {pointer, code: keyword, detail: allowed === undefined ? detail : `${detail}: ${allowed.join(', ')}`};
	});
}
