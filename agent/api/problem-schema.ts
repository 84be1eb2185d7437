// The problem document as a schema, for answers that hold one and for the published description.

import {type ProblemCode, problems} from './problem.ts';
import {nameKey, oneOf, Type} from './schema.ts';

const codes = Object.keys(problems) as [ProblemCode, ...ProblemCode[]];

const fieldErrorSchema = Type.Object(
	{
		pointer: Type.String({description: 'JSON pointer into what was sent [RFC 6901].'}),
		code: Type.String(),
		detail: Type.String(),
	},
	{[nameKey]: 'FieldError'},
);

export const problemSchema = Type.Object(
	{
		type: Type.String({description: 'urn:kedge:problem: and the code.'}),
		title: Type.String(),
		status: Type.Integer(),
		detail: Type.String(),
		code: oneOf(codes),
		errors: Type.Optional(Type.Array(fieldErrorSchema)),
		orderHash: Type.Optional(Type.String()),
		requiredNano: Type.Optional(Type.String()),
		availableNano: Type.Optional(Type.String()),
		newestSequence: Type.Optional(Type.Integer()),
	},
	{[nameKey]: 'Problem', description: 'What went wrong [RFC 9457].'},
);
