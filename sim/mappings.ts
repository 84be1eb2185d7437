// How an agent has to read what the simulated devices send: the demo's config is made from this, and the truth is stated in the same terms.

export type ReadingMapping = {
	/** JSON pointer to the number, for JSON; the resolved SenML name, for SenML. */
	readonly pointer?: string;
	readonly name?: string;
	readonly quantity: string;
	/** JSON only; a SenML record carries its own. */
	readonly unit?: string;
	readonly exponent: number;
	readonly part?: string;
	/** Some devices of the mapping do not send it. @default false */
	readonly optional?: boolean;
};

export type DemoMapping = {
	readonly topic: string;
	readonly format: 'json' | 'senml';
	readonly time?: {readonly pointer: string; readonly format: 'iso' | 'unix-ms'};
	readonly sequence?: {readonly pointer: string; readonly session: string};
	readonly readings: readonly ReadingMapping[];
};

const sequence = {pointer: '/seq', session: '/boot'} as const;

export const demoMappings = {
	'home-meter': {
		topic: 'homes/{device}/meter',
		format: 'json',
		time: {pointer: '/at', format: 'iso'},
		sequence,
		readings: [
			{pointer: '/import_kwh', quantity: 'energy-import', unit: 'kWh', exponent: 0},
			{pointer: '/export_kwh', quantity: 'energy-export', unit: 'kWh', exponent: 0, optional: true},
			{pointer: '/pv_kwh', quantity: 'energy-generated', unit: 'kWh', exponent: 0, optional: true},
			{pointer: '/power_w', quantity: 'active-power', unit: 'W', exponent: -1, optional: true},
		],
	},
	boiler: {
		topic: 'senml/{device}',
		format: 'senml',
		readings: [
			{name: 'urn:dev:{device}:co2', quantity: 'co2-mass-flow', exponent: 0},
			{name: 'urn:dev:{device}:nox', quantity: 'nox-concentration', exponent: 0},
			{name: 'urn:dev:{device}:o2', quantity: 'oxygen-fraction', exponent: 0},
			{name: 'urn:dev:{device}:flow', quantity: 'stack-flow', exponent: 0},
			{name: 'urn:dev:{device}:flue', quantity: 'temperature', exponent: 0, part: 'flue'},
			{name: 'urn:dev:{device}:gas', quantity: 'gas-volume', exponent: 0},
		],
	},
	'truck-fridge': {
		topic: 'trucks/{device}/fridge',
		format: 'json',
		time: {pointer: '/at', format: 'unix-ms'},
		sequence,
		readings: [
			{pointer: '/temp_c', quantity: 'temperature', unit: 'Cel', exponent: 0},
			{pointer: '/door', quantity: 'door', unit: 'state', exponent: 0},
			{pointer: '/compressor', quantity: 'on', unit: 'state', exponent: 0, part: 'compressor'},
			{pointer: '/battery_pct', quantity: 'state-of-charge', unit: '%', exponent: 0},
		],
	},
} as const satisfies Readonly<Record<string, DemoMapping>>;

export type DemoMappingName = keyof typeof demoMappings;
