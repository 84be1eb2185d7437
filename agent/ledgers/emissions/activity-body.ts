// Turns the body of an activity's statement into an amount that no meter counts: a delivery note, a refrigerant that was filled in.

import {decimalText, parseDecimal} from '../../format/decimal.ts';
import type {StatementBody} from '../../format/statement.ts';
import {idPattern} from '../../format/subject.ts';
import {bodyProblem, type Checked, checked, membersOf, timeMsMax} from './read-body.ts';
import {unitNames, unitRatio} from './unit.ts';

export type Activity = {
	/** Id of a source of the site. */
	readonly source: string;
	/** digits·10^exponent of the unit. */
	readonly digits: bigint;
	readonly exponent: number;
	readonly unit: string;
	/** ms since 1970: when, or from when. */
	readonly atMs: number;
	/** ms since 1970: until when it was used up, evenly. undefined: all at once. */
	readonly untilMs: number | undefined;
	/** What proves it: number of a delivery note or an invoice. */
	readonly document: string | undefined;
	/** The number of an activity of the same site that this one stands in for. */
	readonly corrects: number | undefined;
};

/** An activity that lasts is spread over no more than a year and a day. */
export const activityMsMax = 367 * 86_400_000;
const exponentMax = 18;

export function readActivity(body: StatementBody): Checked<Activity> {
	return checked(() => {
		const activity = membersOf(body, 'the activity');
		activity.only('source', 'amount', 'unit', 'atMs', 'untilMs', 'document', 'corrects');
		const text = activity.text('amount', 32);
		const amount = parseDecimal(text);
		if (
			amount === undefined ||
			amount.digits < 0n ||
			Math.abs(amount.exponent) > exponentMax ||
			decimalText(amount.digits, amount.exponent) !== text
		)
			return bodyProblem('the activity: amount is no decimal number that is not negative, written plainly');
		const unit = activity.text('unit', 16);
		if (unitRatio(unit, unit) === undefined) bodyProblem(`the activity: unit is not one of ${unitNames.join(', ')}`);
		const atMs = activity.whole('atMs', 0, timeMsMax);
		const untilMs = activity.wholeMaybe('untilMs', 0, timeMsMax);
		if (untilMs !== undefined && (untilMs <= atMs || untilMs - atMs > activityMsMax))
			bodyProblem('the activity: it ends before it begins, or lasts longer than a year and a day');
		return {
			source: activity.pattern('source', idPattern, 'the id of a source'),
			...amount,
			unit,
			atMs,
			untilMs,
			document: activity.textMaybe('document', 400),
			corrects: activity.wholeMaybe('corrects', 1, Number.MAX_SAFE_INTEGER),
		};
	});
}

export type StatedActivity = Activity & {
	/** Of its statement. */
	readonly number: number;
};
