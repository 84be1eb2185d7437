// Readings of the first simulated home, sent as its meter sends them.
import type {ExecutionContext} from 'ava';
import {systemClock} from '../../agent/base/clock.ts';
import {simulatedDeviceIds} from '../../agent/simulation.ts';
import {createPublisher} from '../../sim/client.ts';
import type {TestSite} from './site.ts';

/** Publishes readings of the minutes from … and so many after midnight of 2026-03-01, and waits until all are acknowledged. */
export async function publishHomeReadings(
	t: ExecutionContext,
	made: Pick<TestSite, 'url' | 'password'>,
	from: number,
	count: number,
): Promise<void> {
	const [home = ''] = simulatedDeviceIds(1);
	const publisher = createPublisher({
		url: made.url,
		clientId: home,
		username: home,
		password: made.password,
		clock: systemClock,
		onAcknowledged: () => {},
		onProblem: sentence => t.log(sentence),
	});
	for (let i = from; i < from + count; i += 1)
		publisher.publish({
			topic: `homes/${home}/meter`,
			payload: `{"boot":"b","seq":${i + 1},"at":"2026-03-01T00:${String(i).padStart(2, '0')}:00Z","import_kwh":${i}.125}`,
		});
	t.true(await publisher.untilDrained(new AbortController().signal));
	await publisher[Symbol.asyncDispose]();
}
