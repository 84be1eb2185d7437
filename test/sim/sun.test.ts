import test from 'ava';
import {clearSkyShare, solarHour, sunElevationDeg} from '../../sim/sun.ts';

const zurich = {latitudeDeg: 47.37, longitudeDeg: 8.54};
const noonMs = (month: number, day: number): number => Date.UTC(2026, month - 1, day, 11, 26);

test('the sun stands highest at noon and is down at midnight', t => {
	for (const [month, day] of [
		[3, 20],
		[6, 21],
		[9, 23],
		[12, 21],
	] as const) {
		const noon = sunElevationDeg(noonMs(month, day), zurich);
		t.true(noon > sunElevationDeg(noonMs(month, day) - 3 * 3_600_000, zurich));
		t.true(noon > sunElevationDeg(noonMs(month, day) + 3 * 3_600_000, zurich));
		t.true(sunElevationDeg(noonMs(month, day) + 12 * 3_600_000, zurich) < 0);
	}
});

test('the height at noon is what latitude and season make it', t => {
	const height = (month: number, day: number): number => sunElevationDeg(noonMs(month, day), zurich);
	t.true(Math.abs(height(6, 21) - (90 - 47.37 + 23.44)) < 0.3);
	t.true(Math.abs(height(12, 21) - (90 - 47.37 - 23.44)) < 0.3);
	t.true(Math.abs(height(3, 20) - (90 - 47.37)) < 0.5);
	// South of the equator it is the other way round.
	const south = {latitudeDeg: -47.37, longitudeDeg: 8.54};
	t.true(sunElevationDeg(noonMs(12, 21), south) > sunElevationDeg(noonMs(6, 21), south));
});

test('a clear sky gives nothing at night, and more the higher the sun', t => {
	t.is(clearSkyShare(-10), 0);
	t.is(clearSkyShare(0), 0);
	let last = 0;
	for (let degrees = 1; degrees <= 90; degrees += 1) {
		const share = clearSkyShare(degrees);
		t.true(share > last);
		last = share;
	}
	t.true(last > 0.95 && last < 1.1);
});

test('the solar hour follows the longitude', t => {
	t.is(solarHour(Date.UTC(2026, 0, 1, 12), {latitudeDeg: 0, longitudeDeg: 0}), 12);
	t.is(solarHour(Date.UTC(2026, 0, 1, 12), {latitudeDeg: 0, longitudeDeg: 180}), 0);
	t.is(solarHour(Date.UTC(2026, 0, 1, 1), {latitudeDeg: 0, longitudeDeg: -30}), 23);
});
