// Turns a report that is right into messages that no agent may take for a reading.

import type {Envelope, Report} from './device.ts';
import type {Message} from './message.ts';
import type {Chance} from './seed.ts';

type Spoiled = {readonly topic: string; readonly payload: string};
type Spoil = (deviceId: string, report: Report, envelope: Envelope) => Spoiled | undefined;

const second = 1000;
const year2100Ms = 4_102_444_800_000;

/** Reason → how the message is spoiled; undefined where this kind of device cannot send such a thing. Every value in the message is bad, not just one. */
const spoilers: Readonly<Record<string, Spoil>> = {
	// A SenML time this small is not 1970 but counted from now [RFC 8428 §4.5.3].
	'time in 1970': (_, {topic, payload}, envelope) =>
		topic.startsWith('senml/') ? undefined : {topic, payload: payload({...envelope, measuredAtMs: second + envelope.sequence})},
	'time in 2100': (_, {topic, payload}, envelope) => ({
		topic,
		payload: payload({...envelope, measuredAtMs: year2100Ms + envelope.sequence}),
	}),
	'topic of another device': (deviceId, {topic, payload}, envelope) => ({
		topic: topic.replace(deviceId, neighbourOf(deviceId)),
		payload: payload(envelope),
	}),
	'cut short': (_, {topic, payload}, envelope) => ({topic, payload: payload(envelope).slice(0, -1)}),
	'not a number': (_, report, envelope) => spoilNumbers(report, envelope, 'NaN'),
	'out of range': (_, report, envelope) => spoilNumbers(report, envelope, '1e400'),
	'repeated key': (_, {topic, payload}, envelope) => {
		const text = payload(envelope);
		return text.startsWith('{') ? {topic, payload: text.replace('{', `{"seq":${envelope.sequence + 1},`)} : undefined;
	},
	'wrong unit': (deviceId, {topic}, {measuredAtMs}) =>
		topic.startsWith('senml/')
			? {
					topic,
					payload: `[{"bn":"urn:dev:${deviceId}:","bt":${Math.floor(measuredAtMs / 1000)}.${String(measuredAtMs % 1000).padStart(3, '0')},"n":"flue","u":"kWh","v":21.5}]`,
				}
			: undefined,
};

export const hostileReasons: readonly string[] = Object.keys(spoilers);

/** `home-01` is the neighbour of all other homes, and `home-02` its own. */
function neighbourOf(deviceId: string): string {
	return deviceId.replace(/\d+$/, digits => (Number(digits) === 1 ? '02' : '01'));
}

/** Every measured value becomes `text`; sequence, boot and time stay right. */
function spoilNumbers({topic, payload}: Report, envelope: Envelope, text: string): Spoiled {
	return {topic, payload: payload(envelope).replaceAll(/("(?:\w+_\w+|door|compressor|v)":)-?[0-9.]+/g, `$1${text}`)};
}

/** A message that must be acknowledged and must not become an entry. */
export function hostileMessage(deviceId: string, report: Report, envelope: Envelope, chance: Chance): Message {
	const possible = hostileReasons.flatMap(reason => {
		const spoiled = spoilers[reason]!(deviceId, report, envelope);
		return spoiled === undefined ? [] : [{reason, spoiled}];
	});
	const {reason, spoiled} = chance.pick(possible);
	return {deviceId, id: `${envelope.boot}/${envelope.sequence}`, ...spoiled, readings: [], hostile: reason};
}
