// Why an arrival or a reading is refused: one short word for counting, one sentence for people.

/** Every reason there is, with what it means. They are part of what operators see: counters, status, quarantine. */
export const refusalReasons = {
	retained: 'the broker sent it as retained: old state, never a reading',
	'too-large': 'the message is larger than `client.packetBytesMax`; only its beginning is kept',
	'device-unknown': 'no device of the config owns this topic',
	'topic-unknown': 'the topic fits no mapping of the device',
	'topic-forbidden': 'the topic belongs to another device',
	'payload-malformed': 'the payload is not what the mapping expects: broken JSON, too deep, too long, repeated or forbidden keys',
	'senml-invalid': 'the pack breaks a rule of RFC 8428 and cannot be resolved',
	'readings-none': 'the message holds nothing that the mapping names',
	'field-missing': 'a field that the mapping names is not there',
	'value-not-number': 'the value is not a number',
	'value-inexact': "the value does not fit the channel's exponent exactly",
	'value-out-of-range': 'the value does not fit 64 bits',
	'unit-wrong': 'the unit does not measure the quantity',
	'time-malformed': "the time is not in the mapping's format",
	'time-implausible': 'the time is before 2000 or more than a day ahead',
	'older-than-log': 'its repeat key lies among entries that were pruned, so that nobody can say whether it is new',
	'sequence-malformed': 'the sequence is not a whole number below 2^48, or the session is not a short text',
} as const;

export type RefusalReason = keyof typeof refusalReasons;

export type Refused = {readonly refused: RefusalReason; readonly detail: string};

/** Details are for people; what a device sent in them is cut and cleaned. */
const detailLengthMax = 256;

export function refuse(reason: RefusalReason, detail: string): Refused {
	return {refused: reason, detail: detail.slice(0, detailLengthMax).replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd')};
}
