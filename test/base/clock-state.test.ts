import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import {clockStep, readClockState} from '../../agent/base/clock-state.ts';

const hourMs = 3_600_000;

/** Wall and monotonic time that pass between two looks, and the step that this is. */
const tables: readonly (readonly [name: string, wallMs: number, monotonicMs: number, stepMs: number | undefined])[] = [
	['a clock that runs on', 1000, 1000, undefined],
	['two looks at once', 0, 0, undefined],
	['a look that came late', hourMs, hourMs, undefined],
	['a second forward, which a busy machine may look like', 2000, 1000, undefined],
	['a second back', 0, 1000, undefined],
	['more than a second forward', 2002, 1000, 1002],
	['more than a second back', -2, 1000, -1002],
	['two hours back', 1000 - 2 * hourMs, 1000, -2 * hourMs],
	['from 1970 to now', 1_800_000_000_000, 1000.25, 1_799_999_999_000],
	['a machine that slept for an hour', hourMs + 1000, 1000, hourMs],
	['a day in which the clock was slewed by all that is allowed', 24 * hourMs * (1 + 500e-6), 24 * hourMs, undefined],
	['a day in which it was slewed the other way', 24 * hourMs * (1 - 500e-6), 24 * hourMs, undefined],
	['a day in which it was slewed, and set by two seconds', 24 * hourMs * (1 + 500e-6) + 2000, 24 * hourMs, 45_200],
];

for (const [name, wallMs, monotonicMs, stepMs] of tables)
	test(`${name} is ${stepMs === undefined ? 'no step' : `a step of ${stepMs} ms`}`, t => {
		const before = {wallMs: 1_700_000_000_000, monotonicMs: 5};
		t.is(clockStep(before, {wallMs: before.wallMs + wallMs, monotonicMs: before.monotonicMs + monotonicMs}), stepMs);
	});

test('no drift within 500 ppm is ever a step, and every step beyond two seconds and the drift is one', t => {
	const passed = fc.double({min: 0, max: 1e9, noNaN: true});
	const rate = fc.double({min: -500e-6, max: 500e-6, noNaN: true});
	const step = fc.integer({min: -1e12, max: 1e12});
	t.notThrows(() =>
		fc.assert(
			fc.property(passed, rate, step, (monotonicMs, ppm, stepMs) => {
				const drifted = monotonicMs * (1 + ppm);
				const found = clockStep({wallMs: 0, monotonicMs: 0}, {wallMs: drifted + stepMs, monotonicMs});
				if (stepMs === 0) return found === undefined;
				if (Math.abs(stepMs) <= 2000 + monotonicMs * 1e-3) return true;
				return found !== undefined && Math.sign(found) === Math.sign(stepMs);
			}),
		),
	);
});

test('synchronisation is what the files of the time service say, and unknown without one', async t => {
	const folder = await mkdtemp(join(tmpdir(), 'kedge-clock-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	const timesync = join(folder, 'timesync');
	const bootId = join(folder, 'boot_id');
	t.like(await readClockState({bootId, timesync}), {bootId: undefined, synchronisation: 'unknown'});
	await mkdir(timesync);
	await writeFile(bootId, '52295ddd-8f49-40a0-a118-f39af77bc900\n');
	t.like(await readClockState({bootId, timesync}), {bootId: '52295ddd-8f49-40a0-a118-f39af77bc900', synchronisation: 'unsynchronised'});
	await writeFile(join(timesync, 'synchronized'), '');
	await writeFile(bootId, 'something else\n');
	const state = await readClockState({bootId, timesync});
	t.like(state, {bootId: undefined, synchronisation: 'synchronised'});
	t.true(state.upMs > 0);
	t.true(Number.isSafeInteger(state.upMs));
});
