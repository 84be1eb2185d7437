// Replays a month of eight real homes through MQTT into a real agent, and compares what its entries say with the sums of the recording's own text.
import test from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {decodeEntry} from '../../agent/format/entry.ts';
import {channelUrn} from '../../agent/format/subject.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {auditSite} from '../../agent/reading.ts';
import {readStatus} from '../../agent/state.ts';
import {citylearnMonths} from '../../sim/citylearn-sums.ts';
import {publishedData} from '../helpers/published-data.ts';
import {createTestSite, kedge, startAgent} from '../helpers/site.ts';

const homes = [1, 2, 3, 4, 5, 6, 7, 8];
/** The last hour of July and all of August 2021; each home begins with a message that says 0. */
const messages = homes.length * 746;

test('a month of eight homes, replayed through MQTT, adds up from the entries alone to the Wh of the recording', async t => {
	const folder = publishedData(t, 'load-pv', 'citylearn-2022');
	if (folder === undefined) return;
	const made = await createTestSite(t, {homes: homes.length});
	const agent = await startAgent(t, made.site);
	const replay = (): ReturnType<typeof kedge> =>
		kedge(t, ['replay', '--config', made.site.configPath, '--passwords', `${made.folder}/passwords.json`, '--citylearn', folder]);
	const first = await replay();
	t.deepEqual(first, {code: 0, out: `sent ${messages}, acknowledged ${messages}\n`, err: ''});
	const status = await readStatus(made.site.paths);
	t.is(status.counters.repeats, undefined);
	t.deepEqual(
		Object.keys(status.counters).filter(name => name.startsWith('refused:')),
		[],
	);

	const reader = await openLogReader({path: made.site.paths.log, hasher: nodeHasher});
	t.teardown(() => reader[Symbol.asyncDispose]());
	const channels = new Map((await reader.channels()).map(channel => [channel.urn, channel]));
	t.is(channels.size, 1 + homes.length * 2);
	let compared = 0;
	for (const number of homes) {
		// Only whole months of the replay: its first hour belongs to July.
		const months = citylearnMonths(folder, number).filter(({month}) => month <= '2021-08');
		t.deepEqual(
			months.map(({month, hours}) => `${month} ${hours}`),
			['2021-07 1', '2021-08 744'],
		);
		for (const {month, hours, beginMs, endMs, loadWh, pvWh} of months) {
			for (const [quantity, expectedWh] of [
				['energy-import', loadWh],
				['energy-generated', pvWh],
			] as const) {
				const urn = channelUrn(`home-0${number}`, quantity);
				const registersWh: bigint[] = [];
				let timeMs = beginMs;
				for await (const {entry} of reader.range(channels.get(urn)!, beginMs, endMs)) {
					const {value, exponent, measuredAtMs} = decodeEntry(entry);
					t.is(exponent, 0);
					t.is(measuredAtMs, timeMs, `${urn}: an hour is missing`);
					timeMs += 3_600_000;
					registersWh.push(value);
				}
				t.is(registersWh.length, hours + 1);
				t.true(registersWh.every((wh, i) => i === 0 || wh >= registersWh[i - 1]!));
				t.is(registersWh.at(-1)! - registersWh[0]!, expectedWh, `${urn} in ${month}`);
				compared += 1;
			}
		}
	}
	t.is(compared, homes.length * 4);

	const second = await replay();
	t.deepEqual(second, first);
	const after = await readStatus(made.site.paths);
	t.is(after.size, status.size, 'repeats make no entries');
	t.is(after.counters.repeats, messages * 2);
	t.is(await agent.end('SIGTERM'), 0);
	t.deepEqual((await auditSite(made.site.paths)).problems, []);
	t.log(`${messages} messages, ${after.size} entries; the replay again made ${after.counters.repeats} repeats and no entry`);
});
