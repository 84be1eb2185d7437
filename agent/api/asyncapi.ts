// Describes what is told without being asked, as AsyncAPI 3: the event streams, the socket, and the mirror over MQTT.

import {clearedSchema, eventSchema} from './event-schema.ts';
import {createPublished} from './published.ts';
import {slotSchema} from './slots.ts';
import {socketRequests} from './stream.ts';

/** The document. Its schemas are those that the streams use. */
export function asyncApi(): unknown {
	const published = createPublished('#/components/schemas/');
	const event = published.of(eventSchema);
	const slot = published.of(slotSchema);
	const requests = Object.fromEntries(
		Object.entries(socketRequests).map(([op, schema]) => [op, {name: op, payload: published.of(schema)}]),
	);
	const object = (properties: Record<string, unknown>) => ({type: 'object', required: Object.keys(properties), properties});
	const text = {type: 'string'};
	const number = {type: 'integer'};
	return {
		asyncapi: '3.0.0',
		info: {
			title: 'Kedge energy market: what is told without being asked',
			version: '1',
			description:
				'Server-sent events and a socket over HTTP, and a mirror of cleared slots over MQTT. Sequences have no gap within a market; previousSequence shows that a reader missed nothing that concerns him.',
		},
		channels: {
			events: {address: '/v1/events', messages: {event: {name: 'event', contentType: 'application/json', payload: event}}},
			stream: {
				address: '/v1/stream',
				messages: {
					...requests,
					answer: {name: 'answer', payload: object({type: {const: 'answer'}, reqId: text, body: {}})},
					problem: {
						name: 'problem',
						payload: {
							...object({type: {const: 'problem'}, problem: {type: 'object'}}),
							description: 'RFC 9457; with the reqId where there was one.',
						},
					},
					snapshot: {
						name: 'snapshot',
						payload: object({type: {const: 'snapshot'}, market: text, sequence: number, slots: {type: 'array', items: slot}}),
					},
					event: {
						name: 'event',
						payload: object({type: {const: 'event'}, market: text, sequence: number, previousSequence: number, event}),
					},
					end: {
						name: 'end',
						payload: object({type: {const: 'end'}, market: text, reason: {enum: ['stopped', 'gap']}, resumeAfter: number}),
					},
					heartbeat: {name: 'heartbeat', payload: object({type: {const: 'heartbeat'}, nowMs: number, sequences: {type: 'object'}})},
				},
			},
			cleared: {
				address: 'p2p/{market}/{slot}/cleared',
				description: 'MQTT, retained: what a slot was cleared to.',
				parameters: {
					market: {description: 'Name of the market.'},
					slot: {description: 'Number of the slot.'},
				},
				messages: {cleared: {name: 'cleared', contentType: 'application/json', payload: published.of(clearedSchema)}},
				bindings: {mqtt: {bindingVersion: '0.2.0'}},
			},
		},
		operations: {
			tellEvents: {action: 'send', channel: {$ref: '#/channels/events'}},
			tellCleared: {
				action: 'send',
				channel: {$ref: '#/channels/cleared'},
				bindings: {mqtt: {qos: 1, retain: true, bindingVersion: '0.2.0'}},
			},
			takeRequests: {
				action: 'receive',
				channel: {$ref: '#/channels/stream'},
				messages: Object.keys(requests).map(op => ({$ref: `#/channels/stream/messages/${op}`})),
			},
			answerRequests: {
				action: 'send',
				channel: {$ref: '#/channels/stream'},
				messages: ['answer', 'problem', 'snapshot', 'event', 'end', 'heartbeat'].map(name => ({
					$ref: `#/channels/stream/messages/${name}`,
				})),
			},
		},
		components: {schemas: published.named()},
	};
}
