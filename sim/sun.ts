// Turns a place and a time into how high the sun stands, and that into the power of a clear sky.

export type Place = {
	/** Degrees, north positive. */
	readonly latitudeDeg: number;
	/** Degrees, east positive. */
	readonly longitudeDeg: number;
};

const dayMs = 86_400_000;
const radians = Math.PI / 180;
/** 2000-01-01T12:00Z, from which almanacs count days. */
const j2000Ms = 946_728_000_000;

/** Degrees above the horizon; negative at night. Good to about 0.1°, without refraction (Astronomical Almanac's low-precision sun). */
export function sunElevationDeg(timeMs: number, place: Place): number {
	const days = (timeMs - j2000Ms) / dayMs;
	const anomaly = (357.528 + 0.985_600_3 * days) * radians;
	const longitude = (280.46 + 0.985_647_4 * days + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * radians;
	const obliquity = (23.439 - 0.000_000_4 * days) * radians;
	const declination = Math.asin(Math.sin(obliquity) * Math.sin(longitude));
	const ascension = Math.atan2(Math.cos(obliquity) * Math.sin(longitude), Math.cos(longitude));
	const siderealDeg = 280.460_618_37 + 360.985_647_366_29 * days + place.longitudeDeg;
	const hourAngle = siderealDeg * radians - ascension;
	const latitude = place.latitudeDeg * radians;
	const height = Math.sin(latitude) * Math.sin(declination) + Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle);
	return Math.asin(Math.max(-1, Math.min(1, height))) / radians;
}

/** Hours of the local mean solar day, 0 ≤ h < 24; 12 is about noon. */
export function solarHour(timeMs: number, place: Place): number {
	const hours = timeMs / 3_600_000 + place.longitudeDeg / 15;
	return ((hours % 24) + 24) % 24;
}

/** Share of its peak power that a flat panel gives under a clear sky (Haurwitz 1945, against 1,000 W/m²); 0 when the sun is down. */
export function clearSkyShare(elevationDeg: number): number {
	const height = Math.sin(elevationDeg * radians);
	return height <= 0 ? 0 : 1.098 * height * Math.exp(-0.057 / height);
}
