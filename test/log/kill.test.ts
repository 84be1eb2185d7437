// Kills the writing process at moments that nobody chose, again and again on the same log.
import {spawn} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {createSystemRandom} from '../../agent/base/random.ts';
import {checkLog} from '../helpers/check-log.ts';
import {createLogWorld} from '../helpers/log-world.ts';

const program = fileURLToPath(new URL('../helpers/log-child.js', import.meta.url));

/** Runs until so many packs are acknowledged, then kills; gives the names of all that the process said before it died. */
function runAndKill(path: string, seed: number, packs: number): Promise<string[]> {
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [program, path, String(seed)], {stdio: ['ignore', 'pipe', 'inherit']});
		let said = '';
		let lines = 0;
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			said += text;
			lines += text.split('\n').length - 1;
			if (lines > packs) child.kill('SIGKILL');
		});
		child.on('error', reject);
		child.on('close', (_, signal) => {
			if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself: ${said.slice(-200)}`));
			// A line that was cut off was not read whole by anybody.
			else resolve(said.split('\n').slice(1, -1));
		});
	});
}

test('ten kills under load lose nothing acknowledged and double nothing', async t => {
	const world = await createLogWorld(t);
	const random = createSystemRandom();
	const acknowledged: string[] = [];
	let size = 0;
	for (let run = 1; run <= 10; run += 1) {
		const [a, b] = random.bytes(2) as Uint8Array & [number, number];
		acknowledged.push(...(await runAndKill(world.path, run, (a * 256 + b) % 400)));
		const {entries, size: sizeNow} = await checkLog(t, world.path);
		t.true(sizeNow >= size);
		size = sizeNow;
		const held = new Map<string, number>();
		for (const {record, entry} of entries) {
			if (entry.kind !== 1) continue;
			const name = Buffer.from(record).toString();
			held.set(name, (held.get(name) ?? 0) + 1);
		}
		for (const [name, count] of held) if (count !== 1 + (Number(name.split(':')[1]) % 40)) t.fail(`${name} is there ${count} times`);
		t.deepEqual(
			acknowledged.filter(name => !held.has(name)),
			[],
			`after kill ${run}`,
		);
	}
	t.true(acknowledged.length > 0);
	t.log(`${acknowledged.length} packs acknowledged in ten lives, ${size} entries`);
	const log = await world.open();
	t.is(log.size(), size);
});
